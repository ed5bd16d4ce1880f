package norma.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A function of machine code, in memory that can be executed and no longer written, until the process ends.
///
/// With the system property `norma.perf` its name and place are appended to `/tmp/perf-PID.map`, where Linux's `perf` looks for
/// code that is in no file.
@SuppressWarnings("restricted") // the callers answer for the addresses that they pass
public final class Executable implements Code {
  /// Any function of at most ten integers or addresses, whose own address is the first argument. One shape for all, also for those that
  /// take fewer or return nothing, which System V allows: each shape costs some 20 ms at the start. A plain call, not a critical one,
  /// which is 2 ns faster and holds up every safepoint.
  private static final @Nullable MethodHandle CALL = handle();
  private static final long READ = 1;
  private static final long WRITE = 2;
  private static final long EXECUTE = 4;
  private static final long PRIVATE_ANONYMOUS = 0x22;
  private static final long FAILED = -1;

  private final MemorySegment function;

  private Executable(MemorySegment function) {
    this.function = function;
  }

  private static @Nullable MethodHandle handle() {
    if (!System.getProperty("os.name").equals("Linux") || !System.getProperty("os.arch").equals("amd64")) {
      return null;
    }
    try {
      return Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG,
          JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG));
    } catch (IllegalCallerException e) { // --illegal-native-access=deny without --enable-native-access
      return null;
    }
  }

  /// Maps code.
  ///
  /// @param name for profilers
  /// @throws RefusedException where the machine cannot run it or the system forbids it, with the reason
  public static Executable of(String name, byte[] code) throws RefusedException {
    if (CALL == null) {
      throw new RefusedException("machine code needs Linux on x86-64, and Java started with"
          + " --enable-native-access=ALL-UNNAMED");
    }
    long start = system("mmap", 0, code.length, READ | WRITE, PRIVATE_ANONYMOUS, FAILED, 0);
    if (start == FAILED) {
      throw new RefusedException("mmap was refused");
    }
    MemorySegment memory = MemorySegment.ofAddress(start).reinterpret(code.length);
    MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
    if ((int) system("mprotect", start, code.length, READ | EXECUTE, 0, 0, 0) != 0) {
      system("munmap", start, code.length, 0, 0, 0, 0);
      throw new RefusedException("mprotect was refused (SELinux execmem, PR_SET_MDWE or seccomp?)");
    }
    if (System.getProperty("norma.perf") != null) {
      tellPerf(start, code.length, name);
    }
    return new Executable(memory);
  }

  private static void tellPerf(long start, int bytes, String name) {
    Path map = Path.of("/tmp/perf-" + ProcessHandle.current().pid() + ".map");
    String line = Long.toHexString(start) + " " + Integer.toHexString(bytes) + " norma " + name + "\n";
    try {
      Files.writeString(map, line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long system(String function, long a, long b, long c, long d, long e, long f) {
    return call(Linker.nativeLinker().defaultLookup().findOrThrow(function), a, b, c, d, e, f, 0, 0, 0, 0);
  }

  private static long call(MemorySegment function, long a, long b, long c, long d, long e, long f, long g, long h,
      long i, long j) {
    try {
      return (long) Objects.requireNonNull(CALL).invokeExact(function, a, b, c, d, e, f, g, h, i, j);
    } catch (Throwable t) { // what is called throws nothing
      throw new AssertionError(t);
    }
  }

  @Override
  public long call(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
    return call(function, a, b, c, d, e, f, g, h, i, j);
  }
}

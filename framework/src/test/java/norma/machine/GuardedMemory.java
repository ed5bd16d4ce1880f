package norma.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/// Memory between two pages that cannot be read or written: whoever goes beyond it ends the process.
@SuppressWarnings("restricted") // of the system
public final class GuardedMemory {
  private static final long PAGE = 4096;
  private static final Linker LINKER = Linker.nativeLinker();

  private final MemorySegment inner;

  /// @param bytes at least so many
  public GuardedMemory(long bytes) throws Throwable {
    long size = (bytes + PAGE - 1) / PAGE * PAGE;
    MethodHandle mmap = handle("mmap", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT,
        JAVA_INT, JAVA_LONG));
    MethodHandle mprotect = handle("mprotect", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
    long start = (long) mmap.invokeExact(0L, size + 2 * PAGE, 3, 0x22, -1, 0L);
    if (start == -1 || (int) mprotect.invokeExact(start, PAGE, 0) != 0
        || (int) mprotect.invokeExact(start + PAGE + size, PAGE, 0) != 0) {
      throw new IllegalStateException("no memory with guards");
    }
    inner = MemorySegment.ofAddress(start + PAGE).reinterpret(size);
  }

  private static MethodHandle handle(String name, FunctionDescriptor shape) {
    return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), shape);
  }

  /// So many bytes at one of its ends.
  public MemorySegment bytes(long bytes, boolean atEnd) {
    return inner.asSlice(atEnd ? inner.byteSize() - bytes : 0, bytes);
  }
}

package norma.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import norma.kernels.cuda.CudaBackend.Precision;

/// CUDA's libraries for tests on a machine without a GPU: `emulator.cpp`, which runs the kernels' own sources on the CPU, one
/// thread after the other. It is built with g++ once for all modules; without g++ the tests that need it are skipped.
///
/// Where there is a GPU, [#open] gives that instead.
public final class Emulator {
  private static final List<String> SOURCES = List.of("checks.h", "checks_of_driver.h", "checks_of_kernels.h",
      "compiler.h", "device.h", "emulator.cpp", "fibers.h", "graphs.h", "hardware.h", "interface.h", "products.h",
      "selftest.cpp", "state.h", "work.h");
  private static final String LIBRARY = "libemulator.so";
  private static final String SELFTEST = "selftest";
  private static final List<String> NAMES = List.of("libcuda.so.1", "libnvrtc.so.13", "libcublas.so.13");

  private static Path built = Path.of("");
  private static Path folder = Path.of("");

  private Emulator() {}

  /// A backend on the GPU if there is one, else on the emulator, which then does nothing before somebody waits for it: what is read
  /// too early, or overwritten before it was used, shows.
  public static CudaBackend open(Precision precision) {
    return CudaDevice.mayExist()
        ? new CudaBackend(precision, Path.of(System.getProperty("java.io.tmpdir"), "norma-cuda"), true)
        : with("late=1", () -> new CudaBackend(precision, kernels(), true));
  }

  /// Where compiled kernels are kept.
  static Path kernels() {
    folder();
    return built.resolve("kernels");
  }

  /// The emulator's checks of itself, as a program.
  static Path selftest() {
    folder();
    return built.resolve(SELFTEST);
  }

  /// Runs work that finds the emulator instead of CUDA.
  ///
  /// @param faults what the emulator pretends, for example `devices=0`; empty for a GPU without fault
  public static <T> T with(String faults, Supplier<T> work) {
    Path libraries = folder();
    try {
      Files.writeString(libraries.resolve("emulator.conf"), faults);
      System.setProperty(Library.PATH, libraries.toString());
      return work.get();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      System.clearProperty(Library.PATH);
    }
  }

  /// How often each function was called since the last [#forgetCalls].
  @SuppressWarnings("restricted") // the emulator's own function
  public static Map<String, Integer> calls() {
    Map<String, Integer> calls = new HashMap<>();
    try {
      MemorySegment text = (MemorySegment) Linker.nativeLinker()
          .downcallHandle(symbol("emulator_calls"), FunctionDescriptor.of(ValueLayout.ADDRESS)).invokeExact();
      text.reinterpret(Long.MAX_VALUE).getString(0).lines().forEach(line -> {
        String[] words = line.split(" ", -1);
        calls.put(words[0], Integer.parseInt(words[1]));
      });
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    return calls;
  }

  @SuppressWarnings("restricted") // the emulator's own function
  public static void forgetCalls() {
    try {
      Linker.nativeLinker().downcallHandle(symbol("emulator_reset"), FunctionDescriptor.ofVoid()).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  @SuppressWarnings("restricted") // the emulator's own library
  private static MemorySegment symbol(String name) {
    return SymbolLookup.libraryLookup(folder().resolve(NAMES.getFirst()), java.lang.foreign.Arena.global()).find(name)
        .orElseThrow();
  }

  /// Where the libraries are, for this JVM alone: the emulator reads its settings beside them.
  static synchronized Path folder() {
    if (folder.toString().isEmpty()) {
      built = build();
      try {
        Path own = Files.createTempDirectory("norma-cuda");
        own.toFile().deleteOnExit();
        for (String name : NAMES) {
          link(own.resolve(name), built.resolve(LIBRARY));
        }
        for (String source : SOURCES) {
          link(own.resolve(source), built.resolve(source));
        }
        own.resolve("emulator.conf").toFile().deleteOnExit();
        folder = own;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return folder;
  }

  private static void link(Path link, Path target) throws IOException {
    Files.createSymbolicLink(link, target).toFile().deleteOnExit();
  }

  private static Path build() {
    assumeTrue(System.getProperty("os.name").equals("Linux") && run(List.of("g++", "--version")).startsWith("g++"),
        "needs a GPU, or g++ for the emulator");
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String source : SOURCES) {
        digest.update(content(source));
      }
      String key = HexFormat.of().formatHex(digest.digest()).substring(0, 16);
      Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
      Path whole = temporary.resolve("norma-cuda-emulator-" + key);
      try (FileChannel channel = FileChannel.open(temporary.resolve("norma-cuda-emulator.lock"),
          StandardOpenOption.CREATE, StandardOpenOption.WRITE); FileLock lock = channel.lock()) {
        assertThat(lock.isValid()).isTrue(); // one process builds, others wait for it
        if (!Files.isDirectory(whole)) {
          buildIn(whole);
        }
      }
      return whole;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void buildIn(Path whole) throws IOException {
    Path beside = Files.createTempDirectory("norma-cuda-emulator");
    for (String source : SOURCES) {
      Files.write(beside.resolve(source), content(source));
    }
    String library = beside.resolve(LIBRARY).toString();
    String log = run(List.of("g++", "-std=c++17", "-O2", "-shared", "-fPIC", "-Wl,-soname," + LIBRARY, "-o", library,
        beside.resolve("emulator.cpp").toString(), "-ldl"));
    assertThat(Path.of(library)).as(log).exists();
    Path selftest = beside.resolve(SELFTEST);
    log = run(List.of("g++", "-std=c++17", "-O1", "-Wl,-rpath,$ORIGIN", "-o", selftest.toString(),
        beside.resolve("selftest.cpp").toString(), library));
    assertThat(selftest).as(log).exists();
    Files.move(beside, whole);
  }

  private static byte[] content(String source) throws IOException {
    try (InputStream stream = Emulator.class.getResourceAsStream(source)) {
      assertThat(stream).as(source).isNotNull();
      return stream.readAllBytes();
    }
  }

  /// What a program prints, or nothing if there is no such program.
  static String run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor(1, TimeUnit.MINUTES)).as(output).isTrue();
      return output;
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}

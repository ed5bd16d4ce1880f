package norma.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// Machine code of the kernels for one GPU, compiled by NVRTC when it is first needed and then kept in a folder.
final class Compiler {
  /// A source of kernels, compiled alone. Those of attention are compiled for one head width: it is the length of their innermost
  /// loops.
  enum Source {
    ELEMENTWISE, TOKENS, ATTENTION, ATTENTION_MMA;

    /// Whether it is compiled for a head width.
    boolean ofHeads() {
      return this == ATTENTION || this == ATTENTION_MMA;
    }

    String file() {
      return name().toLowerCase(Locale.ROOT) + ".cu";
    }

    /// @param headWidth of attention; 0 for the others
    Unit unit(int headWidth) {
      return new Unit(file(), source(file()), headWidth);
    }
  }

  /// What is compiled at once.
  ///
  /// @param headWidth of attention; 0 for the others
  record Unit(String file, String text, int headWidth) {}

  private static final List<String> HEADERS = List.of("hardware.cuh", "common.cuh", "rows.cuh", "attention.cuh");

  private static final Logger LOG = LogManager.getLogger(Compiler.class);

  private final Path cache;
  private final List<String> options;
  private final Supplier<Nvrtc> nvrtc;

  /// @param cache        folder that machine code is kept in; it need not exist
  /// @param nvrtc        not needed where everything is kept already
  /// @param architecture compute capability, 90 for 9.0
  /// @param bf16         whether activations are bfloat16
  Compiler(Path cache, Supplier<Nvrtc> nvrtc, int architecture, boolean bf16) {
    this.cache = cache;
    this.nvrtc = nvrtc;
    this.options = options(architecture, bf16);
  }

  /// Divisions and roots to 2 units in the last place instead of half a one: a few instructions instead of tens.
  static List<String> options(int architecture, boolean bf16) {
    return List.of("--gpu-architecture=sm_" + architecture, "-DBF16=" + (bf16 ? 1 : 0), "--std=c++17",
        "--prec-div=false",
        "--prec-sqrt=false");
  }

  /// A source as it is delivered.
  private static String source(String name) {
    try (InputStream stream = Compiler.class.getResourceAsStream(name)) {
      if (stream == null) {
        throw new IllegalStateException("Norma's own file " + name + " is missing: build it again");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Machine code of one source.
  ///
  /// @param bytes an image for the driver
  /// @param kept  whether it was found, not made: it may come from another version of CUDA
  record Image(byte[] bytes, boolean kept) {}

  /// Machine code that was kept, or new.
  ///
  /// @throws CudaException if it must be compiled, and NVRTC is missing or refuses
  Image image(Unit unit) {
    Path file = file(unit);
    try {
      if (Files.exists(file)) {
        return new Image(Files.readAllBytes(file), true);
      }
    } catch (IOException e) {
      LOG.warn("{} cannot be read: the kernels are compiled again", file);
    }
    return compile(unit);
  }

  /// New machine code.
  Image compile(Unit unit) {
    return new Image(nvrtc.get().compile(unit.file, unit.text, headers(), options(unit.headWidth)), false);
  }

  /// Keeps machine code that the driver has taken. Whole or not at all: another process may be looking. A folder that cannot be
  /// written costs some seconds at the next start.
  void keep(Unit unit, Image image) {
    try {
      Files.createDirectories(cache);
      Path beside = Files.createTempFile(cache, "new", ".cubin");
      try {
        Files.write(beside, image.bytes);
        Files.move(beside, file(unit), StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(beside);
      }
    } catch (IOException e) {
      LOG.warn("the GPU's kernels cannot be kept in {} and will be compiled at every start: {}", cache, e.toString());
    }
  }

  /// What the sources include: texts by name.
  static Map<String, String> headers() {
    Map<String, String> headers = new LinkedHashMap<>();
    HEADERS.forEach(header -> headers.put(header, source(header)));
    return headers;
  }

  private List<String> options(int headWidth) {
    List<String> all = new ArrayList<>(options);
    if (headWidth > 0) {
      all.add("-DHEAD_WIDTH=" + headWidth);
    }
    return all;
  }

  /// Named after everything that the machine code depends on, but the compiler's version: the driver says whether it can use an image.
  private Path file(Unit unit) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : List.of(unit.file, String.join(" ", options(unit.headWidth)), unit.text,
          String.join("", headers().values()))) {
        digest.update(part.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return cache.resolve(HexFormat.of().formatHex(digest.digest()) + ".cubin");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}

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
import java.util.Optional;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// Machine code of the kernels for one GPU, compiled by NVRTC when it is first needed and then kept in a folder.
final class Compiler {
  /// A source of kernels, compiled alone. Those of attention are compiled for one head width: it is the length of their innermost
  /// loops.
  enum Source {
    NORMS, ELEMENTWISE, TOKENS, OPTIMIZER, ATTENTION, ATTENTION_MMA;

    /// Whether it is compiled for a head width.
    boolean ofHeads() {
      return this == ATTENTION || this == ATTENTION_MMA;
    }

    String file() {
      return name().toLowerCase(Locale.ROOT) + ".cu";
    }
  }

  /// What they include.
  static final List<String> HEADERS = List.of("hardware.cuh", "common.cuh");

  private static final Logger LOG = LogManager.getLogger(Compiler.class);

  private final Path cache;
  private final List<String> options;
  private final Optional<Nvrtc> nvrtc; // not needed where everything is kept already

  /// @param cache        folder that machine code is kept in; it need not exist
  /// @param architecture compute capability, 90 for 9.0
  /// @param bf16         whether activations are bfloat16
  Compiler(Path cache, int architecture, boolean bf16) {
    this.cache = cache;
    this.nvrtc = Nvrtc.find();
    this.options = List.of("--gpu-architecture=sm_" + architecture, "-DBF16=" + (bf16 ? 1 : 0), "--std=c++17");
  }

  /// A source as it is delivered.
  static String source(String name) {
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
  /// @param headWidth of attention; 0 for the others
  /// @throws CudaException if it must be compiled, and NVRTC is missing or refuses
  byte[] image(Source of, int headWidth) {
    Map<String, String> headers = new LinkedHashMap<>();
    HEADERS.forEach(header -> headers.put(header, source(header)));
    String source = source(of.file());
    List<String> all = new ArrayList<>(options);
    if (headWidth > 0) {
      all.add("-DHEAD_WIDTH=" + headWidth);
    }
    Path file = cache.resolve(key(of.file(), source, headers, all) + ".cubin");
    try {
      if (Files.exists(file)) {
        return Files.readAllBytes(file);
      }
    } catch (IOException e) {
      LOG.warn("{} cannot be read: the kernels are compiled again", file);
    }
    byte[] image = nvrtc.orElseThrow(Nvrtc::missing).compile(of.file(), source, headers, all);
    keep(file, image);
    return image;
  }

  /// Whole or not at all: another process may be looking. A folder that cannot be written costs some seconds at the next start.
  private void keep(Path file, byte[] image) {
    try {
      Files.createDirectories(cache);
      Path beside = Files.createTempFile(cache, "new", ".cubin");
      Files.write(beside, image);
      Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.warn("the GPU's kernels cannot be kept in {} and will be compiled at every start: {}", cache, e.toString());
    }
  }

  /// Everything that the machine code depends on, but the compiler's own version: what runs once need not change with it.
  private static String key(String name, String source, Map<String, String> headers, List<String> options) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : List.of(name, String.join(" ", options), source, String.join("", headers.values()))) {
        digest.update(part.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JDK has it
    }
  }
}

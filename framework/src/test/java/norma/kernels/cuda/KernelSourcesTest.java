package norma.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import norma.kernels.cuda.Compiler.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// NVIDIA's own compiler takes the kernels' sources: NVRTC where it is installed, else nvcc.
class KernelSourcesTest {
  private static final List<String> NVCC = List.of("nvcc", "/usr/local/cuda/bin/nvcc");
  /// The oldest processors that are served, and those that the kernels are meant for first.
  private static final List<Target> TARGETS = List.of(new Target(75, false), new Target(90, true));

  @TempDir
  private Path folder;

  private record Target(int architecture, boolean bf16) {
    List<String> options() {
      return List.of("--gpu-architecture=sm_" + architecture, "-DBF16=" + (bf16 ? 1 : 0), "--std=c++17",
          "-DHEAD_WIDTH=64");
    }
  }

  @Test
  void everySourceCompiles() {
    List<Runnable> compilations = compilations();
    assumeTrue(!compilations.isEmpty(), "needs NVRTC or nvcc of CUDA 12 or 13");
    compilations.parallelStream().forEach(Runnable::run);
  }

  private List<Runnable> compilations() {
    Optional<Nvrtc> nvrtc = Nvrtc.find(13_000);
    List<String> nvcc = NVCC.stream().filter(name -> Emulator.run(List.of(name, "--version")).contains("Cuda"))
        .toList();
    List<Runnable> all = new ArrayList<>();
    for (Target target : TARGETS) {
      for (Source source : Source.values()) {
        if (source == Source.ATTENTION_MMA && !target.bf16) {
          continue; // for the tensor cores
        }
        if (nvrtc.isPresent()) {
          all.add(() -> assertThat(nvrtc.get().compile(source.file(), Compiler.source(source.file()), headers(),
              target.options())).isNotEmpty());
        } else if (!nvcc.isEmpty()) {
          all.add(() -> compile(nvcc.getFirst(), source, target));
        }
      }
    }
    return all;
  }

  private void compile(String nvcc, Source source, Target target) {
    try {
      Path own = Files.createDirectory(folder.resolve(source + "-" + target.architecture));
      for (Map.Entry<String, String> header : headers().entrySet()) {
        Files.writeString(own.resolve(header.getKey()), header.getValue());
      }
      Path file = Files.writeString(own.resolve(source.file()), Compiler.source(source.file()));
      Path image = own.resolve("image");
      List<String> command = Stream.of(List.of(nvcc), target.options(),
          Arrays.asList("-cubin", "-o", image.toString(), file.toString())).flatMap(List::stream).toList();
      String log = Emulator.run(command);
      assertThat(image).as(log).isNotEmptyFile();
      assertThat(log).as("warnings of %s for %s", source, target).isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> headers() {
    Map<String, String> headers = new LinkedHashMap<>();
    Compiler.HEADERS.forEach(header -> headers.put(header, Compiler.source(header)));
    return headers;
  }
}

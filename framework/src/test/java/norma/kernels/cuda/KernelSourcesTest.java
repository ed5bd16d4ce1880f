package norma.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import norma.formula.Formula;
import norma.formula.RandomFormulas;
import norma.kernels.cuda.Compiler.Source;
import norma.kernels.cuda.Compiler.Unit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// NVIDIA's own compiler takes the kernels' sources: NVRTC where it is installed, else nvcc.
class KernelSourcesTest {
  private static final List<String> NVCC = List.of("nvcc", "/usr/local/cuda/bin/nvcc");
  /// The oldest processors that are served, and those that the kernels are meant for first.
  private static final List<Target> TARGETS = List.of(new Target(75, false), new Target(90, true));

  private static final int FORMULAS = 4; // drawn at random, the next one for the next target
  private static final int[] WIDTHS = { 384, 1536, 7, 100 };

  @TempDir
  private Path folder;

  private record Target(int architecture, boolean bf16) {
    List<String> options() {
      return Stream.concat(Compiler.options(architecture, bf16).stream(), Stream.of("-DHEAD_WIDTH=64")).toList();
    }
  }

  @Test
  void everySourceCompiles() {
    List<Runnable> compilations = compilations();
    assumeTrue(!compilations.isEmpty(), "needs NVRTC or nvcc of CUDA 12 or 13");
    compilations.parallelStream().forEach(Runnable::run);
  }

  private static Optional<Nvrtc> nvrtc() {
    try {
      return Optional.of(new Nvrtc(13_000));
    } catch (CudaException e) {
      return Optional.empty();
    }
  }

  private List<Runnable> compilations() {
    Optional<Nvrtc> nvrtc = nvrtc();
    Map<String, String> nvcc = new LinkedHashMap<>(); // to what it says of its version
    NVCC.forEach(name -> nvcc.put(name, Emulator.run(List.of(name, "--version"))));
    nvcc.values().removeIf(version -> !version.contains("Cuda"));
    List<Runnable> all = new ArrayList<>();
    for (Target target : TARGETS) {
      List<Unit> units = new ArrayList<>();
      for (Source source : Source.values()) {
        if (source == Source.ATTENTION_MMA && !target.bf16) {
          continue; // for the tensor cores
        }
        units.add(source.unit(64));
      }
      for (int i = TARGETS.indexOf(target); i < FORMULAS; i += TARGETS.size()) {
        Formula formula = RandomFormulas.formula(RandomFormulas.draw(i, 3).toString());
        units.add(new Unit("formula" + i + ".cu",
            FormulaSource.of(PlannedFormula.of(formula, WIDTHS[i], target.bf16 ? 8 : 4, i)), 0));
      }
      for (Unit unit : units) {
        if (nvrtc.isPresent()) {
          all.add(() -> assertThat(nvrtc.get().compile(unit.file(), unit.text(), Compiler.headers(), target.options()))
              .isNotEmpty());
        } else if (!nvcc.isEmpty()) {
          all.add(() -> compile(nvcc.entrySet().iterator().next(), unit, target));
        }
      }
    }
    return all;
  }

  /// What a compiler has taken it takes again: an empty file says that it has.
  private void compile(Map.Entry<String, String> nvcc, Unit unit, Target target) {
    String all = nvcc.getValue() + target.options() + Compiler.headers() + unit.text();
    Path taken = Path.of(System.getProperty("java.io.tmpdir"),
        "norma-nvcc-" + UUID.nameUUIDFromBytes(all.getBytes(StandardCharsets.UTF_8)));
    if (Files.exists(taken)) {
      return;
    }
    try {
      Path own = Files.createDirectory(folder.resolve(unit.file() + "-" + target.architecture));
      for (Map.Entry<String, String> header : Compiler.headers().entrySet()) {
        Files.writeString(own.resolve(header.getKey()), header.getValue());
      }
      Path file = Files.writeString(own.resolve(unit.file()), unit.text());
      Path image = own.resolve("image");
      List<String> command = Stream.of(List.of(nvcc.getKey()), target.options(),
          Arrays.asList("-cubin", "-o", image.toString(), file.toString())).flatMap(List::stream).toList();
      String log = Emulator.run(command);
      assertThat(image).as(log).isNotEmptyFile();
      assertThat(log).as("warnings of %s for %s", unit.file(), target).isEmpty();
      Files.write(taken, new byte[0]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

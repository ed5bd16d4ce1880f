package norma.bench.gpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.train.run.Environment;
import norma.weights.Safetensors;

/// A folder with what the backend `cpu` gives for a [SmallRun] of each norm type, in float32: made where the processor is, compared
/// where the GPU is.
final class Reference {
  private static final String COLUMNS = "loss,grad_norm";

  private final Path folder;

  Reference(Path folder) {
    this.folder = folder;
  }

  /// @param arguments the folder, which is made
  public static void main(String[] arguments) {
    Reference reference = new Reference(Path.of(arguments[0]));
    OneLine.orEnd(() -> norms().forEach(
        norm -> reference.write(norm,
            SmallRun.of(SmallRun.config(norm, List.of("runtime.backend=cpu")), SmallRun.STEPS))));
  }

  /// All norm types.
  static List<String> norms() {
    return NormTypes.all().stream().map(NormType::name).toList();
  }

  void write(String norm, SmallRun run) {
    Map<String, String> made = Map.of("norma", Environment.version(), "commit", Environment.commit());
    List<String> lines = new ArrayList<>(List.of(COLUMNS));
    for (int i = 0; i < run.losses().size(); i++) {
      lines.add(run.losses().get(i) + "," + run.gradientNorms().get(i));
    }
    try {
      Files.createDirectories(folder);
      Safetensors.write(gradients(norm), run.gradients(), made);
      Safetensors.write(weights(norm), run.weights(), made);
      Files.write(steps(norm), lines);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What was written for a norm type.
  SmallRun read(String norm) {
    try {
      List<Double> losses = new ArrayList<>();
      List<Double> norms = new ArrayList<>();
      for (String line : Files.readAllLines(steps(norm))) {
        if (!line.equals(COLUMNS)) {
          String[] numbers = line.split(",", -1);
          losses.add(Double.valueOf(numbers[0]));
          norms.add(Double.valueOf(numbers[1]));
        }
      }
      return new SmallRun(losses, norms, Safetensors.read(gradients(norm)), Safetensors.read(weights(norm)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Path steps(String norm) {
    return folder.resolve(norm + ".csv");
  }

  private Path gradients(String norm) {
    return folder.resolve(norm + "-gradients.safetensors");
  }

  private Path weights(String norm) {
    return folder.resolve(norm + "-weights.safetensors");
  }
}

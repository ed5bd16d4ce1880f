package norma.bench.gpu;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import norma.nn.NormTypes;
import norma.train.config.RunConfig;
import norma.train.run.Environment;
import norma.weights.Safetensors;

/// A folder with what the backend `cpu` gives for a [SmallRun] of each norm type and of some formulas, in float32: made where the processor is, compared
/// where the GPU is.
final class Reference {
  private static final String COLUMNS = "loss,grad_norm";

  private final Path folder;

  Reference(Path folder) {
    this.folder = folder;
  }

  /// Formulas beside the built-in types: functions of the language, statistics of several levels, vectors of their own.
  private static final Map<String, String> FORMULAS = Map.of(
      "asinh", "{y: 'weight * sign(x) * log(abs(alpha * x) + sqrt(1 + (alpha * x)^2)) + bias', alpha: 0.7}",
      "cosine", "{y: 'weight * sin(alpha * x) * cos(0.3 * x) + bias', alpha: 0.5}",
      "gated", "{y: 'weight * silu(alpha * x) / rms(x, 1e-5) + bias', alpha: 1.5}",
      "power", "{y: 'weight * x * (beta + x^2)^(-0.375) + bias', beta: {start: 2, positive: true}}",
      "clamped", "{y: 'weight * clamp(alpha * x, -1.5, 1.5) + bias', alpha: 0.8}",
      "two-levels", "{y: 'weight * tanh(alpha * (x - mean(x)) / std(x, 1e-5)) + bias', alpha: 0.9}",
      "largest", "{y: 'weight * x / (0.1 + maxabs(x)) + bias'}",
      "channels", "{y: 'weight * atan(scale * x) + bias', scale: {start: 0.6, per: channel}}",
      "softplus", "{y: 'weight * (softplus(alpha * x) - softplus(-x)) + bias', alpha: 1.1}",
      "mixed", "{y: 'weight * (alpha * erf(x) + (1 - alpha) * x / rms(x, 1e-5)) + bias', alpha: 0.5}");

  /// @param arguments the folder, which is made
  public static void main(String[] arguments) {
    Reference reference = new Reference(Path.of(arguments[0]));
    OneLine.orEnd(() -> norms().keySet().forEach(norm -> reference.write(norm,
        SmallRun.of(config(norm, List.of("runtime.backend=cpu")), SmallRun.STEPS))));
  }

  /// What is written in a configuration, by name: all norm types, then formulas.
  static Map<String, String> norms() {
    Map<String, String> norms = new LinkedHashMap<>();
    NormTypes.all().forEach(type -> norms.put(type.name(), type.name()));
    norms.putAll(new TreeMap<>(FORMULAS));
    return norms;
  }

  /// @param norm    a name
  /// @param runtime settings of `runtime`, for example `runtime.backend=cpu`
  static RunConfig config(String norm, List<String> runtime) {
    return SmallRun.config(Objects.requireNonNull(norms().get(norm), norm), runtime);
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

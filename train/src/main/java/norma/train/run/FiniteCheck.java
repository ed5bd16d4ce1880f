package norma.train.run;

import java.nio.file.Path;
import java.util.List;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.Backend;
import norma.models.CostModel;
import norma.ops.Op;
import norma.optim.Optimizer;
import org.jspecify.annotations.Nullable;

/// Finds where a number first stopped being finite. As an observer it runs only after a loss or a gradient norm is not.
final class FiniteCheck implements StepObserver.Watch, TapeObserver {
  private final Backend backend;
  private @Nullable String firstBad;

  FiniteCheck(Backend backend) {
    this.backend = backend;
  }

  @Override
  public TapeObserver tape() {
    return this;
  }

  @Override
  public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {
    if (firstBad == null && !finite(backend.read(output.value()))) {
      firstBad = CostModel.layerOf(layer);
    }
  }

  /// The first layer whose output was not finite, or null.
  @Nullable
  String firstBadLayer() {
    return firstBad;
  }

  /// The last parameter in the model's order whose gradient is not finite: backward reached it first.
  static @Nullable String firstBadGradient(Backend backend, GradientBuffer gradients) {
    return gradients.buffer().parameters().reversed().stream()
        .filter(parameter -> !finite(backend.read(gradients.of(parameter)))).map(Parameter::name).findFirst()
        .orElse(null);
  }

  /// The first array of a training that has a number which no checkpoint may hold: weights, which are stored in float32, then the
  /// optimizer's moments. A second moment overflows before a weight does, and stops its parameter for good.
  static @Nullable String firstBadArray(Backend backend, ParameterBuffer weights, List<Optimizer.State> moments) {
    String weight = firstBadWeight(backend, weights);
    if (weight != null) {
      return weight;
    }
    for (Optimizer.State kept : moments) {
      for (Parameter parameter : kept.values().parameters()) {
        if (!finite(backend.read(kept.values().of(parameter)))) {
          return kept.name().replace('_', ' ') + " of " + parameter.name();
        }
      }
    }
    return null;
  }

  /// The first parameter in the model's order that is not finite in float32.
  static @Nullable String firstBadWeight(Backend backend, ParameterBuffer weights) {
    for (Parameter parameter : weights.parameters()) {
      for (double value : backend.read(weights.of(parameter))) {
        if (!Float.isFinite((float) value)) {
          return parameter.name();
        }
      }
    }
    return null;
  }

  /// Refuses numbers of a file that Norma has not written, or did before it looked.
  ///
  /// @throws RunException if one is not finite
  static void require(Path file, String name, double[] values) {
    if (!finite(values)) {
      throw new RunException(file + " has numbers in " + name
          + " that are not finite: its training had diverged; of a run, --checkpoint STEP takes an earlier checkpoint");
    }
  }

  static boolean finite(double[] values) {
    for (double value : values) {
      if (!Double.isFinite(value)) {
        return false;
      }
    }
    return true;
  }
}

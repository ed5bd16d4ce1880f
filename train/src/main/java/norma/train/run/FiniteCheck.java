package norma.train.run;

import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.Backend;
import norma.models.CostModel;
import norma.ops.Op;
import org.jspecify.annotations.Nullable;

/// Finds where a number first stopped being finite. Runs only after a loss or a gradient norm is not.
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
    for (Parameter parameter : gradients.buffer().parameters().reversed()) {
      if (!finite(backend.read(gradients.of(parameter)))) {
        return parameter.name();
      }
    }
    return null;
  }

  private static boolean finite(double[] values) {
    for (double value : values) {
      if (!Double.isFinite(value)) {
        return false;
      }
    }
    return true;
  }
}

package norma.optim;

import java.util.List;
import norma.autodiff.GradientBuffer;
import norma.kernels.Kernels;

/// An optimizer's step by one thread.
public final class AllChunks {
  private AllChunks() {}

  /// Norm of all gradients together, before clipping.
  public static double gradientNorm(Optimizer optimizer, Kernels kernels, GradientBuffer gradients) {
    double squares = 0;
    for (int part = 0; part < optimizer.chunks(); part++) {
      squares += optimizer.reduce(kernels, List.of(gradients), part);
    }
    return Math.sqrt(squares);
  }

  /// Updates every weight.
  public static void step(Optimizer optimizer, Kernels kernels, GradientBuffer gradients, double gradientNorm,
      double lr, long step) {
    for (int part = 0; part < optimizer.chunks(); part++) {
      optimizer.update(kernels, gradients, gradientNorm, lr, step, part);
    }
  }
}

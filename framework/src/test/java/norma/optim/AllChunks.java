package norma.optim;

import java.util.List;
import norma.autodiff.GradientBuffer;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import norma.kernels.Kernels;

/// An optimizer's step by one thread.
public final class AllChunks {
  private AllChunks() {}

  /// Of one type for all parameters, but Muon for matrices only; those of rank 2 and up with decay.
  public static Optimizer optimizer(Backend backend, ParameterBuffer weights, Rule.Type type, double weightDecay,
      double clipNorm) {
    return new Optimizer(backend, weights, new Optimizer.Settings(0.9, 0.99, 1e-8, 0.95, clipNorm),
        parameter -> new Rule(type == Rule.Type.MUON && parameter.dims().size() != 2 ? Rule.Type.ADAMW : type, 1,
            parameter.decays() ? weightDecay : 0));
  }

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
    for (int part = 0; part < optimizer.pieces(); part++) {
      optimizer.update(kernels, gradients, gradientNorm, lr, step, part);
    }
  }
}

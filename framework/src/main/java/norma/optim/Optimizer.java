package norma.optim;

import norma.array.Array;
import norma.autodiff.GradientBuffer;
import norma.autodiff.ParameterBuffer;
import norma.kernels.AdamW;
import norma.kernels.Backend;
import norma.kernels.Kernels;

/// AdamW (arXiv:1711.05101) with decoupled weight decay on matrices only, after clipping the gradients to a global norm
/// (Pascanu, Mikolov and Bengio, arXiv:1211.5063).
public final class Optimizer {
  private final ParameterBuffer weights;
  private final ParameterBuffer firstMoments;
  private final ParameterBuffer secondMoments;
  private final Settings settings;

  /// @param beta1       decay of the first moment
  /// @param beta2       decay of the second moment
  /// @param eps         added to the root
  /// @param weightDecay on parameters of rank 2 and up
  /// @param clipNorm    largest global gradient norm; 0 for none
  public record Settings(double beta1, double beta2, double eps, double weightDecay, double clipNorm) {}

  /// Moments start at zero.
  public Optimizer(Backend backend, ParameterBuffer weights, Settings settings) {
    this.weights = weights;
    this.settings = settings;
    this.firstMoments = new ParameterBuffer(backend, weights.parameters());
    this.secondMoments = new ParameterBuffer(backend, weights.parameters());
  }

  /// Norm of all gradients together, before clipping.
  public double gradientNorm(Kernels kernels, GradientBuffer gradients) {
    try (Kernels.Scratch scratch = kernels.scratch()) {
      return Math.sqrt(kernels.squaredNorm(gradients.buffer().flat()));
    }
  }

  /// Updates every weight.
  ///
  /// @param gradientNorm what [#gradientNorm] returned for these gradients
  /// @param lr           learning rate of this step
  /// @param step         counts from 1
  public void step(Kernels kernels, GradientBuffer gradients, double gradientNorm, double lr, long step) {
    // torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6 as well.
    double clip = settings.clipNorm == 0 ? 1 : Math.min(1, settings.clipNorm / (gradientNorm + 1e-6));
    ParameterBuffer g = gradients.buffer();
    update(kernels, weights.decayed(), g.decayed(), firstMoments.decayed(), secondMoments.decayed(),
        constants(lr, settings.weightDecay, step, clip));
    update(kernels, weights.undecayed(), g.undecayed(), firstMoments.undecayed(), secondMoments.undecayed(),
        constants(lr, 0, step, clip));
  }

  /// First moments, for saving.
  public ParameterBuffer firstMoments() {
    return firstMoments;
  }

  /// Second moments, for saving.
  public ParameterBuffer secondMoments() {
    return secondMoments;
  }

  private AdamW constants(double lr, double weightDecay, long step, double clip) {
    return new AdamW(lr, settings.beta1, settings.beta2, settings.eps, weightDecay, step, clip);
  }

  private static void update(Kernels kernels, Array w, Array g, Array m, Array v, AdamW constants) {
    if (w.size() > 0) {
      try (Kernels.Scratch scratch = kernels.scratch()) {
        kernels.adamWInPlace(w, g, m, v, constants);
      }
    }
  }
}

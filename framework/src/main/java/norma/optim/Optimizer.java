package norma.optim;

import java.util.List;
import norma.array.Array;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.kernels.AdamW;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.ops.Cost;

/// AdamW (arXiv:1711.05101) with decoupled weight decay on matrices only, after clipping the gradients to a global norm
/// (Pascanu, Mikolov and Bengio, arXiv:1211.5063).
public final class Optimizer {
  /// Elements of a chunk where threads share them: a multiple of every vector's length.
  private static final int CHUNK = 1 << 16;

  private final ParameterBuffer weights;
  private final State firstMoments;
  private final State secondMoments;
  private final Settings settings;
  private final int chunk;

  /// @param beta1       decay of the first moment
  /// @param beta2       decay of the second moment
  /// @param eps         added to the root
  /// @param weightDecay on parameters of rank 2 and up
  /// @param clipNorm    largest global gradient norm; 0 for none
  public record Settings(double beta1, double beta2, double eps, double weightDecay, double clipNorm) {}

  /// Numbers that it keeps for each weight from step to step.
  public static final int STATES = 2;

  /// Numbers that it keeps from step to step, one for each weight.
  ///
  /// @param name in checkpoints, such as `first_moment`
  public record State(String name, ParameterBuffer values) {}

  /// How far one step moved some weights, and what they were after it.
  ///
  /// @param updateSquares sum of the squares of the weights' changes
  /// @param weightSquares sum of the squares of the weights
  public record Change(double updateSquares, double weightSquares) {

    /// Of no weight at all.
    public static final Change NONE = new Change(0, 0);

    /// Of these weights and others together.
    public Change plus(Change other) {
      return new Change(updateSquares + other.updateSquares, weightSquares + other.weightSquares);
    }

    /// Norm of the change / norm of the weights; NaN where there are none.
    public double ratio() {
      return Math.sqrt(updateSquares / weightSquares);
    }
  }

  /// Moments start at zero.
  public Optimizer(Backend backend, ParameterBuffer weights, Settings settings) {
    this.weights = weights;
    this.settings = settings;
    this.chunk = backend.shards() == 1 ? Math.toIntExact(weights.flat().size()) : CHUNK;
    this.firstMoments = new State("first_moment", new ParameterBuffer(backend, weights.parameters()));
    this.secondMoments = new State("second_moment", new ParameterBuffer(backend, weights.parameters()));
  }

  /// Runs of elements that the flat buffers are cut into: several threads may work on different chunks at a time, and neither
  /// sums nor weights depend on which thread has which. Kernels that divide their own work get everything at once.
  public int chunks() {
    return Math.toIntExact(Math.ceilDiv(weights.flat().size(), chunk));
  }

  /// Sums one chunk of the shards' gradients into the first of them, in their order.
  ///
  /// @return sum of the squares of the chunk: the norm is the root of all chunks' sums, added in their order
  public double reduce(Kernels kernels, List<GradientBuffer> shards, int part) {
    try (Kernels.Scratch scratch = kernels.scratch()) {
      List<Array> parts = shards.stream().map(shard -> chunk(shard.buffer(), part)).toList();
      return kernels.sumInPlace(parts.getFirst(), parts.subList(1, parts.size()));
    }
  }

  /// Updates the weights of one chunk.
  ///
  /// @param gradientNorm of all gradients together
  /// @param lr           learning rate of this step
  /// @param step         counts from 1
  public void update(Kernels kernels, GradientBuffer gradients, double gradientNorm, double lr, long step,
      int part) {
    // torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6 as well.
    double clip = settings.clipNorm == 0 ? 1 : Math.min(1, settings.clipNorm / (gradientNorm + 1e-6));
    long from = (long) part * chunk;
    long to = Math.min(from + chunk, weights.flat().size());
    long border = Math.clamp(weights.decayed().size(), from, to);
    update(kernels, gradients.buffer(), from, border, constants(lr, settings.weightDecay, step, clip));
    update(kernels, gradients.buffer(), border, to, constants(lr, 0, step, clip));
  }

  /// How far the last step moved a parameter, weight decay included. It follows from the weights w after the step and the
  /// moments, see [AdamW]: the change is -lr (u + weightDecay w) / (1 - lr weightDecay), where u is the quotient of the
  /// corrected moments. So nothing of the time before the step is kept.
  ///
  /// @param lr   learning rate of that step
  /// @param step that step, counts from 1
  public Change change(Backend backend, Parameter parameter, double lr, long step) {
    AdamW c = constants(lr, parameter.decays() ? settings.weightDecay : 0, step, 1);
    double[] w = backend.read(weights.of(parameter));
    double[] m = backend.read(firstMoments.values.of(parameter));
    double[] v = backend.read(secondMoments.values.of(parameter));
    double correction1 = c.correction1();
    double correction2 = c.correction2();
    double updates = 0;
    double squares = 0;
    for (int i = 0; i < w.length; i++) {
      double update = m[i] / correction1 / (Math.sqrt(v[i] / correction2) + c.eps()) + c.weightDecay() * w[i];
      updates += update * update;
      squares += w[i] * w[i];
    }
    double factor = lr / (1 - lr * c.weightDecay());
    return new Change(updates * factor * factor, squares);
  }

  /// All that it keeps from step to step, [#STATES] of them: what a checkpoint holds besides the weights.
  public List<State> state() {
    return List.of(firstMoments, secondMoments);
  }

  /// What an update of all weights costs: w, g, m and v are read, w, m and v written.
  public Cost cost() {
    long parameters = weights.parameters().stream().mapToLong(Parameter::size).sum();
    return new Cost((double) AdamW.FLOPS * parameters, 0, 0, 7 * parameters * weights.flat().dtype().bytes(), 0);
  }

  private AdamW constants(double lr, double weightDecay, long step, double clip) {
    return new AdamW(lr, settings.beta1, settings.beta2, settings.eps, weightDecay, step, clip);
  }

  private void update(Kernels kernels, ParameterBuffer gradients, long from, long to, AdamW constants) {
    if (from < to) {
      int size = Math.toIntExact(to - from);
      try (Kernels.Scratch scratch = kernels.scratch()) {
        kernels.adamWInPlace(weights.flat().slice(from, size), gradients.flat().slice(from, size),
            firstMoments.values.flat().slice(from, size), secondMoments.values.flat().slice(from, size), constants);
      }
    }
  }

  private Array chunk(ParameterBuffer buffer, int part) {
    long from = (long) part * chunk;
    return buffer.flat().slice(from, Math.toIntExact(Math.min(chunk, buffer.flat().size() - from)));
  }
}

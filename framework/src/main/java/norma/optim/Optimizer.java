package norma.optim;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.array.Array;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.kernels.AdamW;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.ops.Cost;

/// Updates every parameter by its [Rule], after clipping all gradients to a global norm (Pascanu, Mikolov and Bengio,
/// arXiv:1211.5063).
public final class Optimizer {
  /// Elements of a chunk where threads share them: a multiple of every vector's length.
  private static final int CHUNK = 1 << 16;

  private final ParameterBuffer weights;
  private final Settings settings;
  private final Function<Parameter, Rule> rules;
  private final int chunk;
  private final List<State> state;
  private final List<Piece> pieces = new ArrayList<>();

  /// Numbers that all rules share.
  ///
  /// @param beta1    decay of AdamW's first moment
  /// @param beta2    decay of its second moment
  /// @param eps      added to the root
  /// @param momentum decay of the momentum of the others
  /// @param clipNorm largest global gradient norm; 0 for none
  public record Settings(double beta1, double beta2, double eps, double momentum, double clipNorm) {}

  /// Numbers that it keeps from step to step, one for each weight of some parameters.
  ///
  /// @param name in checkpoints, such as `first_moment`
  public record State(String name, ParameterBuffer values) {}

  /// Weights that one call updates.
  ///
  /// @param states those of the rule's type, for these weights
  private record Piece(Rule rule, Array weights, List<Array> states) {}

  /// How far one step moved some weights, and what they were after it.
  ///
  /// @param updateSquares sum of the squares of the weights' changes
  /// @param weightSquares sum of the squares of the weights
  public record Change(double updateSquares, double weightSquares) {

    /// Of no weight at all.
    public static final Change NONE = new Change(0, 0);

    /// Of some weights.
    ///
    /// @param w      after the step
    /// @param u      what they were moved by is factor (u + decay w)
    public static Change of(double[] w, double[] u, double decay, double factor) {
      double updates = 0;
      double squares = 0;
      for (int i = 0; i < w.length; i++) {
        double update = u[i] + decay * w[i];
        updates += update * update;
        squares += w[i] * w[i];
      }
      return new Change(updates * factor * factor, squares);
    }

    /// Of these weights and others together.
    public Change plus(Change other) {
      return new Change(updateSquares + other.updateSquares, weightSquares + other.weightSquares);
    }

    /// Norm of the change / norm of the weights; NaN where there are none.
    public double ratio() {
      return Math.sqrt(updateSquares / weightSquares);
    }
  }

  /// What it keeps starts at zero.
  public Optimizer(Backend backend, ParameterBuffer weights, Settings settings, Function<Parameter, Rule> rules) {
    this.weights = weights;
    this.settings = settings;
    this.rules = rules;
    this.chunk = backend.shards() == 1 ? Math.toIntExact(weights.flat().size()) : CHUNK;
    this.state = Stream.of(Rule.Type.values()).flatMap(type -> type.states().stream()).distinct()
        .map(name -> new State(name, new ParameterBuffer(backend, weights.parameters().stream()
            .filter(parameter -> rules.apply(parameter).type().states().contains(name)).toList())))
        .filter(kept -> !kept.values.parameters().isEmpty()).toList();
    List<Parameter> order = weights.order();
    int first = 0;
    for (int i = 1; i <= order.size(); i++) {
      Rule rule = rules.apply(order.get(first));
      if (i == order.size() || rule.type() == Rule.Type.MUON || !rules.apply(order.get(i)).equals(rule)) {
        cut(order.get(first), order.get(i - 1));
        first = i;
      }
    }
    pieces.sort(Comparator.comparingDouble(piece -> -flops(piece.rule.type(), piece.weights))); // threads end together
  }

  /// Adds the chunks of neighbours with one rule, or a matrix as it is.
  private void cut(Parameter first, Parameter last) {
    Rule rule = rules.apply(first);
    if (rule.type() == Rule.Type.MUON) {
      pieces.add(new Piece(rule, weights.of(first), states(rule).map(kept -> kept.of(first)).toList()));
      return;
    }
    Array all = weights.span(first, last);
    for (long from = 0; from < all.size(); from += chunk) {
      long start = from;
      int size = Math.toIntExact(Math.min(chunk, all.size() - from));
      pieces.add(new Piece(rule, all.slice(from, size),
          states(rule).map(kept -> kept.span(first, last).slice(start, size)).toList()));
    }
  }

  private Stream<ParameterBuffer> states(Rule rule) {
    return state.stream().filter(kept -> rule.type().states().contains(kept.name)).map(State::values);
  }

  /// Runs of elements that the flat buffer of gradients is cut into: several threads may work on different chunks at a time, and no sum
  /// depends on which thread has which. Kernels that divide their own work get everything at once.
  public int chunks() {
    return Math.toIntExact(Math.ceilDiv(weights.flat().size(), chunk));
  }

  /// Parts of an update, which several threads may share as well.
  public int pieces() {
    return pieces.size();
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

  /// Updates the weights of one piece. Muon leaves the direction of a matrix in the place of its gradient.
  ///
  /// @param gradientNorm of all gradients together
  /// @param lr           learning rate of this step
  /// @param step         counts from 1
  public void update(Kernels kernels, GradientBuffer gradients, double gradientNorm, double lr, long step,
      int part) {
    Piece piece = pieces.get(part);
    Array w = piece.weights;
    Array g = gradients.buffer().flat().slice(w.offset() - weights.flat().offset(), w.shape());
    Array kept = piece.states.getFirst();
    // torch.nn.utils.clip_grad_norm_ divides by norm + 1e-6 as well.
    double clip = settings.clipNorm == 0 ? 1 : Math.min(1, settings.clipNorm / (gradientNorm + 1e-6));
    double rate = lr * piece.rule.lrFactor();
    try (Kernels.Scratch scratch = kernels.scratch()) {
      switch (piece.rule.type()) {
        case ADAMW -> kernels.adamWInPlace(w, g, kept, piece.states.getLast(), adamW(piece.rule, rate, step, clip));
        case SGD -> sgd(kernels, w, g, kept, rate, piece.rule.weightDecay(), clip);
        case MUON -> {
          Muon.update(kernels, w, g, kept, settings.momentum, rate, piece.rule.weightDecay(), clip);
          kernels.arena().reset();
        }
      }
    }
  }

  /// Stochastic gradient descent with momentum m (Polyak, 1964) as `torch.optim.SGD` has it, with its weight decay: not decoupled,
  /// the decay is part of the gradient.
  private void sgd(Kernels kernels, Array w, Array g, Array m, double rate, double decay, double clip) {
    kernels.mix(settings.momentum, m, clip, g, m);
    if (decay > 0) {
      kernels.mix(decay, w, 1, m, m);
    }
    kernels.mix(-rate, m, 1, w, w);
  }

  /// How far the last step moved a parameter, weight decay included. It follows from the weights w and the direction u after the step:
  /// where decay is decoupled, the change is -lr (u + weightDecay w) / (1 - lr weightDecay), else -lr u. So nothing of the time
  /// before the step is kept.
  ///
  /// @param gradients as [#update] left them
  /// @param lr        learning rate of that step
  /// @param step      that step, counts from 1
  public Change change(Backend backend, GradientBuffer gradients, Parameter parameter, double lr, long step) {
    Rule rule = rules.apply(parameter);
    double rate = lr * rule.lrFactor();
    double decay = rule.type() == Rule.Type.SGD ? 0 : rule.weightDecay();
    return Change.of(backend.read(weights.of(parameter)), direction(backend, gradients, parameter, rule, step), decay,
        rate / (1 - rate * decay));
  }

  /// What the last step's rate was multiplied with.
  private double[] direction(Backend backend, GradientBuffer gradients, Parameter parameter, Rule rule, long step) {
    List<double[]> kept = states(rule).map(buffer -> backend.read(buffer.of(parameter))).toList();
    double[] m = kept.getFirst();
    double[] v = kept.getLast();
    AdamW c = adamW(rule, 0, step, 1);
    double correction1 = c.correction1();
    double correction2 = c.correction2();
    return switch (rule.type()) {
      case ADAMW -> of(m.length, i -> m[i] / correction1 / (Math.sqrt(v[i] / correction2) + c.eps()));
      case SGD -> m;
      case MUON -> {
        double scale = Muon.scale(weights.of(parameter));
        double[] o = backend.read(gradients.of(parameter));
        yield of(o.length, i -> scale * o[i]);
      }
    };
  }

  private static double[] of(int size, IntToDoubleFunction element) {
    return IntStream.range(0, size).mapToDouble(element).toArray();
  }

  /// All that it keeps from step to step: what a checkpoint holds besides the weights.
  public List<State> state() {
    return state;
  }

  /// What an update of all weights costs: weights and what is kept are read and written, gradients read, by Muon written too; SGD reads the
  /// momentum once more, and with decay goes over it once more.
  public Cost cost() {
    double flops = 0;
    long numbers = 0;
    for (Parameter parameter : weights.parameters()) {
      Rule rule = rules.apply(parameter);
      flops += flops(rule.type(), weights.of(parameter));
      numbers += (3 + 2L * rule.type().states().size() + again(rule)) * parameter.size();
    }
    return new Cost(flops, 0, 0, numbers * weights.flat().dtype().bytes(), 0);
  }

  private static int again(Rule rule) {
    return switch (rule.type()) {
      case ADAMW -> 0;
      case MUON -> 1;
      case SGD -> rule.weightDecay() > 0 ? 4 : 1;
    };
  }

  private static double flops(Rule.Type type, Array w) {
    return switch (type) {
      case ADAMW -> (double) AdamW.FLOPS * w.size();
      case SGD -> 7.0 * w.size(); // clip 1, momentum 2, decay 2, step 2
      case MUON -> Muon.flops(w);
    };
  }

  private AdamW adamW(Rule rule, double rate, long step, double clip) {
    return new AdamW(rate, settings.beta1, settings.beta2, settings.eps, rule.weightDecay(), step, clip);
  }

  /// One chunk of such a buffer.
  public Array chunk(ParameterBuffer buffer, int part) {
    long from = (long) part * chunk;
    return buffer.flat().slice(from, Math.toIntExact(Math.min(chunk, buffer.flat().size() - from)));
  }
}

package norma.autodiff;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.ops.Op;
import org.jspecify.annotations.Nullable;

/// A list of operations, played backwards for the gradients. It is also the memory scope of a pass: all that it computes
/// comes from the arena of its kernels, and closing it gives that back.
public final class Tape implements AutoCloseable {
  private static final TapeObserver NOBODY = new TapeObserver() {
  };

  private final Kernels kernels;
  private final ParameterBuffer values;
  private final @Nullable GradientBuffer gradients;
  private final Pass pass;
  private final TapeObserver observer;
  private final List<Node<?>> nodes = new ArrayList<>();
  private final Map<Long, Deque<Array>> free = new HashMap<>(); // memory of gradients, by size

  private record Node<S extends Record>(String layer, Op<S> op, S saved, Tensor[] inputs, Tensor output) {}

  /// A tape.
  ///
  /// @param kernels   compute, and own the memory; used by this tape alone until it is closed
  /// @param values    of the parameters
  /// @param gradients receive the parameters' gradients; null for a pass without backward
  /// @param pass      what the pass is for
  /// @param observer  sees every operation, or null
  public Tape(Kernels kernels, ParameterBuffer values, @Nullable GradientBuffer gradients, Pass pass,
      @Nullable TapeObserver observer) {
    this.kernels = kernels;
    this.values = values;
    this.gradients = gradients;
    this.pass = pass;
    this.observer = observer == null ? NOBODY : observer;
  }

  /// What this pass is for.
  public Pass pass() {
    return pass;
  }

  /// Whether backward will follow.
  public boolean differentiates() {
    return gradients != null;
  }

  /// A parameter's value.
  public Tensor parameter(Parameter parameter) {
    return new Tensor(values.of(parameter), parameter, gradients != null);
  }

  /// A value without a gradient.
  public Tensor constant(Array value) {
    return new Tensor(value, null, false);
  }

  /// Computes an operation's output and remembers it for backward.
  ///
  /// @param layer the name of the layer that applies it, for reports
  public Tensor apply(String layer, Op<?> op, Tensor... inputs) {
    observer.starts(layer, op, false);
    Tensor output = record(layer, op, inputs);
    observer.forward(layer, op, inputs, output);
    return output;
  }

  /// The same for an operation whose last inputs are parameters.
  public Tensor apply(String layer, Op<?> op, List<Parameter> parameters, Tensor... inputs) {
    List<Tensor> all = new ArrayList<>(List.of(inputs));
    parameters.forEach(parameter -> all.add(parameter(parameter)));
    return apply(layer, op, all.toArray(Tensor[]::new));
  }

  private <S extends Record> Tensor record(String layer, Op<S> op, Tensor... inputs) {
    Array[] arrays = new Array[inputs.length];
    boolean differentiable = false;
    for (int i = 0; i < inputs.length; i++) {
      arrays[i] = inputs[i].value();
      differentiable |= inputs[i].differentiable();
    }
    if (!kernels.computes()) {
      return new Tensor(op.trace(kernels, arrays), null, differentiable);
    }
    try (Kernels.Scratch scratch = kernels.scratch()) {
      Op.Output<S> result = op.forward(kernels, pass.reading().of(kernels, op, arrays));
      Tensor output = new Tensor(result.value(), null, differentiable);
      if (differentiable) {
        nodes.add(new Node<>(layer, op, result.saved(), inputs, output));
      }
      return output;
    }
  }

  /// Plays the tape backwards from a scalar, adding to the gradients of every parameter that it depends on.
  ///
  /// @throws IllegalStateException if an operation follows one that must be the last ([Op#isLast])
  public void backward(Tensor loss) {
    if (loss.value().size() != 1) {
      throw new IllegalArgumentException("backward starts at a scalar, not at " + loss);
    }
    Array one = kernels.arena().empty(loss.value().dtype());
    kernels.fill(one, 1);
    loss.gradient = new Tensor.Gradient(one);
    for (Node<?> node : nodes.reversed()) {
      Tensor.Gradient dy = node.output.gradient;
      if (dy != null) {
        if (node.op.isLast() && node.output != loss) {
          throw new IllegalStateException("backward starts behind " + node.op + ", which must be the last operation");
        }
        observer.starts(node.layer, node.op, true);
        playBack(node, dy);
        observer.backward(node.layer, node.op, node.output, dy.array);
        node.output.gradient = null;
        recycle(dy);
      }
    }
    nodes.clear();
  }

  private <S extends Record> void playBack(Node<S> node, Tensor.Gradient dy) {
    try (Kernels.Scratch scratch = kernels.scratch()) {
      node.op.backward(kernels, node.saved, dy.array, new Slots(node.inputs, dy));
    }
  }

  /// Memory of a gradient that nobody needs any more goes to the next one of the same size: it is still in the cache.
  private void recycle(Tensor.Gradient gradient) {
    Array memory = gradient.release();
    if (memory != null && memory.dtype() == kernels.dtype()) {
      free.computeIfAbsent(memory.size(), size -> new ArrayDeque<>()).push(memory);
    }
  }

  private Array emptyGradient(Array like) {
    assert like.dtype() != DType.INT32 : "integers have no gradient";
    Deque<Array> candidates = free.get(like.size());
    Array memory = candidates == null ? null : candidates.poll();
    return memory == null ? kernels.arena().empty(like.dtype(), like.shape()) : memory.reshape(like.shape());
  }

  /// Ends the pass: everything that it computed is gone.
  @Override
  public void close() {
    nodes.clear();
    kernels.arena().reset();
  }

  /// Where the gradients of one operation's inputs go.
  private final class Slots implements Op.Gradients {
    private final Tensor[] inputs;
    private final Tensor.Gradient dy;

    Slots(Tensor[] inputs, Tensor.Gradient dy) {
      this.inputs = inputs;
      this.dy = dy;
    }

    @Override
    public @Nullable Grad into(int i) {
      Tensor input = inputs[i];
      Parameter parameter = input.parameter();
      if (!input.differentiable() || gradients == null) {
        return null;
      }
      if (parameter != null) {
        return gradients.into(parameter);
      }
      Tensor.Gradient present = input.gradient;
      if (present != null && !present.shared()) {
        return Grad.add(present.array);
      }
      Tensor.Gradient own = new Tensor.Gradient(emptyGradient(input.value()));
      input.gradient = own;
      if (present == null) {
        return Grad.write(own.array);
      }
      kernels.multiply(present.array, 1, Grad.write(own.array));
      recycle(present);
      return Grad.add(own.array);
    }

    @Override
    public void share(int i, Array gradient) {
      Tensor input = inputs[i];
      if (input.differentiable() && input.parameter() == null && input.gradient == null) {
        input.gradient = dy.holds(gradient) ? dy.share(gradient) : new Tensor.Gradient(gradient);
        return;
      }
      Grad target = into(i);
      if (target != null) {
        kernels.multiply(gradient, 1, target);
      }
    }
  }
}

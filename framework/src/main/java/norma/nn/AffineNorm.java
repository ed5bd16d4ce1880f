package norma.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.ops.NormOp;

/// A normalization with a weight for each channel, some scalars, and perhaps a bias: `y = weight f(x; scalars) + bias`.
/// Its operation receives x, weight, the scalars in order, and the bias if there is one.
public final class AffineNorm implements Norm {
  private final String name;
  private final NormOp<?> op;
  private final List<Parameter> parameters = new ArrayList<>(); // weight, scalars, bias
  private final Function<ToDoubleFunction<Parameter>, State> state;

  /// A learnable number of a slot.
  ///
  /// @param name  last part of the parameter's name
  /// @param start starting value
  public record Scalar(String name, double start) {}

  /// @param scope   name of the slot
  /// @param width   channels C
  /// @param bias    whether there is a bias
  /// @param op      computes it
  /// @param scalars learnable numbers of the slot
  /// @param state   reads the slot's state from its scalars' values, given in the same order
  public AffineNorm(Scope scope, int width, boolean bias, NormOp<?> op, List<Scalar> scalars,
      Function<double[], State> state) {
    this.name = scope.name();
    this.op = op;
    parameters.add(scope.parameter("weight", Initial.constant(1), width));
    for (Scalar scalar : scalars) {
      parameters.add(scope.parameter(scalar.name(), Initial.constant(scalar.start())));
    }
    List<Parameter> numbers = List.copyOf(parameters.subList(1, parameters.size()));
    this.state = value -> state.apply(numbers.stream().mapToDouble(value).toArray());
    if (bias) {
      parameters.add(scope.parameter("bias", Initial.constant(0), width));
    }
  }

  @Override
  public Tensor forward(Tape tape, Tensor x) {
    Tensor[] inputs = new Tensor[parameters.size() + 1];
    inputs[0] = x;
    for (int i = 0; i < parameters.size(); i++) {
      inputs[i + 1] = tape.parameter(parameters.get(i));
    }
    return tape.apply(name, op, inputs);
  }

  @Override
  public State state(ToDoubleFunction<Parameter> value) {
    return state.apply(value);
  }
}

package norma.nn;

import java.util.List;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import norma.autodiff.Parameter;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.ops.NormOp;

/// A normalization that is one operation. It receives x and the parameters in order.
public final class OpNorm implements Norm {
  private final String name;
  private final NormOp<?> op;
  private final List<Parameter> parameters;
  private final Function<ToDoubleFunction<Parameter>, State> state;

  /// @param scope      name of the slot
  /// @param op         computes it
  /// @param parameters declared under the slot
  /// @param state      reads the slot's state, given what a scalar parameter holds
  public OpNorm(Scope scope, NormOp<?> op, List<Parameter> parameters,
      Function<ToDoubleFunction<Parameter>, State> state) {
    this.name = scope.name();
    this.op = op;
    this.parameters = List.copyOf(parameters);
    this.state = state;
  }

  @Override
  public Tensor forward(Tape tape, Tensor x) {
    return tape.apply(name, op, parameters, x);
  }

  @Override
  public State state(ToDoubleFunction<Parameter> value) {
    return state.apply(value);
  }
}

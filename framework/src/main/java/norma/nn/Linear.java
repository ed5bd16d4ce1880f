package norma.nn;

import java.util.List;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.ops.LinearOp;

/// `y = x W^T + b` with W (out, in), as in PyTorch.
public final class Linear {
  private final String name;
  private final List<Parameter> parameters; // the weight, and the bias if there is one

  /// Reported under the name of its parameters.
  ///
  /// @param scope   name of its parameters
  /// @param initial how the weight starts; the bias starts at 0
  public Linear(Scope scope, int in, int out, boolean bias, Initial initial) {
    this(scope.name(), scope, in, out, bias, initial);
  }

  /// @param layer   name that it is reported under
  /// @param scope   name of its parameters
  /// @param initial how the weight starts; the bias starts at 0
  public Linear(String layer, Scope scope, int in, int out, boolean bias, Initial initial) {
    this.name = layer;
    Parameter weight = scope.parameter("weight", initial, out, in);
    this.parameters = bias ? List.of(weight, scope.parameter("bias", Initial.constant(0), out)) : List.of(weight);
  }

  /// W, (out, in).
  public Parameter weight() {
    return parameters.getFirst();
  }

  /// @param x (..., in)
  /// @return (..., out)
  public Tensor forward(Tape tape, Tensor x) {
    return tape.apply(name, new LinearOp(), parameters, x);
  }
}

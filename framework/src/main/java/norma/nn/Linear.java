package norma.nn;

import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import org.jspecify.annotations.Nullable;

/// `y = x W^T + b` with W (out, in), as in PyTorch.
public final class Linear {
  private final String name;
  private final Parameter weight;
  private final @Nullable Parameter bias;

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
    this.weight = scope.parameter("weight", initial, out, in);
    this.bias = bias ? scope.parameter("bias", Initial.constant(0), out) : null;
  }

  /// W, (out, in).
  public Parameter weight() {
    return weight;
  }

  /// @param x (..., in)
  /// @return (..., out)
  public Tensor forward(Tape tape, Tensor x) {
    Tensor w = tape.parameter(weight);
    return bias == null
        ? tape.apply(name, new norma.ops.LinearOp(), x, w)
        : tape.apply(name, new norma.ops.LinearOp(), x, w, tape.parameter(bias));
  }
}

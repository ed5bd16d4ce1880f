package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// `y = a b`, element by element; same shapes: a gate.
public record Multiply() implements Op<Multiply.Saved> {

  /// Both inputs.
  public record Saved(Array a, Array b) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    check(inputs[1], 1, inputs[0].size());
    Array y = kernels.empty(inputs[0].shape());
    kernels.multiply(inputs[0], inputs[1], Grad.write(y));
    return new Output<>(y, new Saved(inputs[0], inputs[1]));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    Grad da = gradients.into(0);
    if (da != null) {
      kernels.multiply(dy, saved.b, da);
    }
    Grad db = gradients.into(1);
    if (db != null) {
      kernels.multiply(dy, saved.a, db);
    }
  }
}

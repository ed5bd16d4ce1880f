package norma.ops;

import static norma.ops.Checks.check;

import java.util.ArrayList;
import java.util.List;
import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Joins matrices of equal height side by side.
public record Concat() implements Op<Concat.Saved> {

  /// @param widths columns of each input
  public record Saved(List<Integer> widths) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    List<Integer> widths = new ArrayList<>();
    int[] shape = inputs[0].shape();
    shape[shape.length - 1] = 0;
    for (Array input : inputs) {
      check(input, inputs[0].rows(), input.dim(-1));
      widths.add(input.dim(-1));
      shape[shape.length - 1] += input.dim(-1);
    }
    Array y = kernels.empty(shape);
    int from = 0;
    for (Array input : inputs) {
      kernels.putColumns(input, from, Grad.write(y));
      from += input.dim(-1);
    }
    return new Output<>(y, new Saved(widths));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    int from = 0;
    for (int i = 0; i < saved.widths.size(); i++) {
      int[] shape = dy.shape();
      shape[shape.length - 1] = saved.widths.get(i);
      Array part = kernels.empty(shape);
      kernels.takeColumns(dy, from, part);
      gradients.share(i, part);
      from += saved.widths.get(i);
    }
  }
}

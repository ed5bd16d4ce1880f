package norma.ops;

import static norma.ops.Checks.check;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import norma.array.Array;
import norma.formula.Formula;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// A normalization or an activation that is a formula. Inputs: x (..., C), then the formula's parameters in its order.
public record FormulaOp(Formula formula) implements NormOp<FormulaOp.Saved> {

  /// @param x          the input, or dy/dx if the formula keeps that
  /// @param statistics of each row
  public record Saved(Array x, List<Array> parameters, Array statistics) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array x = inputs[0];
    List<Array> parameters = List.of(Arrays.copyOfRange(inputs, 1, inputs.length));
    for (int i = 0; i < parameters.size(); i++) {
      check(parameters.get(i), 1, formula.parameters().get(i).perChannel() ? x.dim(-1) : 1);
    }
    Array y = kernels.empty(x.shape());
    Array slope = formula.keepsSlope() ? kernels.empty(x.shape()) : null;
    Array statistics = kernels.statistics(kernels.kept(formula), x.rows());
    kernels.formula(formula, x, parameters, y, slope, statistics);
    return new Output<>(y, new Saved(slope == null ? x : slope, parameters, statistics));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    List<@Nullable Grad> of = new ArrayList<>();
    Grad dx = gradients.into(0);
    for (int i = 1; i <= saved.parameters.size(); i++) {
      of.add(gradients.into(i));
    }
    kernels.formulaBackward(formula, dy, saved.x, saved.parameters, saved.statistics, dx, of);
  }

  @Override
  public double forwardFlops() {
    return formula.flops()[0];
  }

  @Override
  public double backwardFlops() {
    return formula.flops()[1];
  }

  @Override
  public long savedBytes(Array x) {
    return formula.keepsSlope() ? x.bytes() : (long) formula.statistics() * x.rows() * x.dtype().bytes();
  }
}

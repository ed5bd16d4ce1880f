package norma.ops;

import static norma.ops.Checks.check;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import norma.array.Array;
import norma.formula.Formula;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// A normalization, an activation or a gate that is a formula. Inputs: x (..., C), u (..., C) of a formula of two, then the formula's
/// parameters in its order.
public record FormulaOp(Formula formula) implements NormOp<FormulaOp.Saved> {

  /// @param inputs     with slopes in the places of x and u if the formula keeps these
  /// @param statistics of each row
  public record Saved(List<Array> inputs, Array statistics) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array x = inputs[0];
    int points = formula.inputs().size();
    if (points > 1 && inputs[0] == inputs[1]) { // both gradients would be one array
      throw new IllegalArgumentException("x and u of " + formula + " are the same array; write it as a formula of x");
    }
    for (int i = 1; i < inputs.length; i++) {
      boolean wide = i < points || formula.parameters().get(i - points).perChannel();
      check(inputs[i], i < points ? x.rows() : 1, wide ? x.dim(-1) : 1);
    }
    List<Array> outputs = new ArrayList<>();
    formula.outputNames().forEach(_ -> outputs.add(kernels.empty(x.shape())));
    Array statistics = kernels.statistics(kernels.kept(formula), x.rows());
    kernels.formula(formula, List.of(inputs), outputs, statistics);
    List<Array> saved = new ArrayList<>(List.of(inputs));
    for (int i = 1; i < outputs.size(); i++) {
      saved.set(i - 1, outputs.get(i));
    }
    return new Output<>(outputs.getFirst(), new Saved(saved, statistics));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    List<@Nullable Grad> of = new ArrayList<>();
    for (int i = 0; i < saved.inputs.size(); i++) {
      of.add(gradients.into(i));
    }
    kernels.formulaBackward(formula, dy, saved.inputs, saved.statistics, of);
  }

  /// Those of its inputs x and u that backward reads.
  List<Array> kept(List<Array> inputs) {
    return IntStream.range(0, formula.inputs().size()).filter(i -> formula.reads(formula.inputs().get(i)))
        .mapToObj(inputs::get).toList();
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
    return (formula.outputNames().size() - 1) * x.bytes()
        + (long) formula.statistics() * x.rows() * Cost.statistic(x);
  }
}

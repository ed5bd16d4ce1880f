package norma.nn;

import java.util.List;
import java.util.Map;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tensor;
import norma.formula.Formula;
import norma.ops.FormulaOp;

/// `gatednorm`: `y * sigmoid(W_up silu(W_down y))` for y = RMSNorm(x), with W_down (rank, C) and W_up (C, rank) (Qiu et al.,
/// arXiv:2601.22966). A gate starts near 1/2.
///
/// What has matrices of its own is no formula. It is a layer composed of operations, and runs wherever these do.
public final class GatedNorm implements NormType {
  private static final int LARGEST_RANK = 1024;
  private static final double INITIAL_STD = 0.02; // GPT-2's

  @Override
  public String name() {
    return "gatednorm";
  }

  @Override
  public List<Setting> settings() {
    return List.of(Setting.count("rank", 16, LARGEST_RANK), Setting.positive("eps", 1e-5), Setting.flag("bias", false));
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    Norm norm = NormTypes.create(settings.spec("rmsnorm", "eps", "bias"), scope, width, false);
    int rank = settings.count("rank");
    String layer = scope.name();
    Linear down = new Linear(layer, scope.child("down"), width, rank, false, Initial.normal(INITIAL_STD));
    Linear up = new Linear(layer, scope.child("up"), rank, width, false, Initial.normal(INITIAL_STD));
    FormulaOp silu = new FormulaOp(Formula.activation("silu(x)", false));
    FormulaOp sigmoid = new FormulaOp(Formula.activation("sigmoid(x)", false));
    FormulaOp gate = new FormulaOp(Formula.ofTwo("x * u", List.of(), Map.of(), false));
    return (tape, x) -> {
      Tensor y = norm.forward(tape, x); // (..., C)
      Tensor h = tape.apply(layer, silu, down.forward(tape, y)); // (..., rank)
      return tape.apply(layer, gate, y, tape.apply(layer, sigmoid, up.forward(tape, h))); // (..., C)
    };
  }
}

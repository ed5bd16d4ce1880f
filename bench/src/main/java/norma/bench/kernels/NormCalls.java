package norma.bench.kernels;

import java.util.ArrayList;
import java.util.List;
import norma.array.Array;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import org.jspecify.annotations.Nullable;

/// Calls of the built-in normalizations.
final class NormCalls {
  static final List<String> TYPES = List.of("layernorm", "rmsnorm", "dyt", "dyisru", "derf");

  private NormCalls() {}

  static Call forward(String type, Fixture f, Size s) {
    Operands o = new Operands(type, f, s);
    return Call.moving(Calls.matrix(o.x), o::forward, o.x, o.y);
  }

  static Call backward(String type, Fixture f, Size s) {
    Operands o = new Operands(type, f, s);
    o.forward();
    return Call.moving(Calls.matrix(o.x), o::backward, o.y, o.x, o.dx.array());
  }

  /// What a norm reads and writes; `y` is the output, and what comes in as `dy`.
  private static final class Operands {
    private final Kernels kernels;
    private final Formula formula;
    private final Array x; // (R, C)
    private final Array y; // (R, C)
    private final Grad dx; // (R, C)
    private final Array statistics;
    private final List<Array> parameters = new ArrayList<>();
    private final List<@Nullable Grad> gradients = new ArrayList<>();

    Operands(String type, Fixture f, Size s) {
      kernels = f.kernels();
      formula = NormTypes.formula(NormSpec.of(type), false);
      x = f.normal(s.rows(), s.width());
      y = f.normal(s.rows(), s.width());
      dx = f.grad(s.rows(), s.width());
      statistics = f.empty(kernels.kept(formula), s.rows());
      for (Parameter p : formula.parameters()) {
        parameters.add(p.perChannel() ? f.normal(s.width()) : f.scalar(0.5));
        gradients.add(p.perChannel() ? f.grad(s.width()) : f.grad());
      }
    }

    void forward() {
      kernels.formula(formula, x, parameters, y, null, statistics);
    }

    void backward() {
      kernels.formulaBackward(formula, y, x, parameters, statistics, dx, gradients);
    }
  }
}

package norma.bench.gpu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.bench.gpu.Works.Maker;
import norma.bench.gpu.Works.Size;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import org.jspecify.annotations.Nullable;

/// Every normalization forward, forward with the residual addition before it, and backward with the sums for its parameters.
final class NormWorks {
  private static final List<String> TYPES = List.of("layernorm", "rmsnorm", "dyt", "dyisru", "derf");
  private static final double SCALAR = 0.5;

  private NormWorks() {}

  static Map<String, Maker> all() {
    Map<String, Maker> works = new LinkedHashMap<>();
    TYPES.forEach(name -> {
      works.put(name, (o, s) -> forward(new Norm(name, o, s), o, s));
      works.put(name + " after residual", (o, s) -> afterResidual(new Norm(name, o, s), o, s));
      works.put(name + " backward", (o, s) -> backward(new Norm(name, o, s), o, s));
    });
    return works;
  }

  private static Work forward(Norm norm, Operands o, Size s) {
    Array x = o.activations(s.rows(), s.width());
    Array y = o.activations(s.rows(), s.width());
    return Work.moving(() -> norm.forward(x, y), x, y);
  }

  private static Work afterResidual(Norm norm, Operands o, Size s) {
    Array x = o.activations(s.rows(), s.width());
    Array branch = o.activations(s.rows(), s.width());
    Array sum = o.activations(s.rows(), s.width());
    Array y = o.activations(s.rows(), s.width());
    return Work.moving(() -> {
      o.kernels().add(x, branch, sum);
      norm.forward(sum, y);
    }, x, branch, sum, y);
  }

  private static Work backward(Norm norm, Operands o, Size s) {
    Array dy = o.activations(s.rows(), s.width());
    Array x = o.activations(s.rows(), s.width());
    Grad dx = o.gradient(s.rows(), s.width());
    return Work.moving(() -> norm.backward(dy, x, dx), dy, x, dx.array());
  }

  /// A built-in formula with its parameters.
  private static final class Norm {
    private final Kernels kernels;
    private final Formula formula;
    private final Array statistics;
    private final List<Array> parameters = new ArrayList<>();
    private final List<@Nullable Grad> gradients = new ArrayList<>();

    Norm(String type, Operands o, Size s) {
      kernels = o.kernels();
      formula = NormTypes.formula(NormSpec.of(type), false);
      statistics = o.constant(1, kernels.kept(formula), s.rows());
      for (Parameter p : formula.parameters()) {
        parameters.add(p.perChannel() ? o.weights(s.width()) : o.constant(SCALAR));
        gradients.add(p.perChannel() ? o.weightGradient(s.width()) : o.weightGradient());
      }
    }

    void forward(Array x, Array y) {
      kernels.formula(formula, x, parameters, y, null, statistics);
    }

    void backward(Array dy, Array x, Grad dx) {
      kernels.formulaBackward(formula, dy, x, parameters, statistics, dx, gradients);
    }
  }
}

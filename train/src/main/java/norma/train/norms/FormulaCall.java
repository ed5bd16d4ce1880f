package norma.train.norms;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Curve;
import norma.formula.Expr;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.Interpreter;
import norma.kernels.Backend;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// A formula's kernels, with arrays to call them on.
final class FormulaCall {
  private final Backend backend;
  private final Kernels kernels;
  private final Formula formula;
  private final int rows;
  private final int width;
  private final Array x; // (R, C)
  private final Array dy; // (R, C)
  private final Array y; // (R, C)
  private final Grad dx; // (R, C)
  private final Array statistics;
  private final List<Array> parameters = new ArrayList<>();
  private final List<@Nullable Grad> gradients = new ArrayList<>();

  FormulaCall(Backend backend, Kernels kernels, Curve curve, int rows) {
    this.backend = backend;
    this.kernels = kernels;
    this.formula = curve.formula();
    this.rows = rows;
    this.width = curve.width();
    x = kernels.empty(rows, width);
    dy = kernels.empty(rows, width);
    y = kernels.empty(rows, width);
    dx = Grad.write(kernels.empty(rows, width));
    statistics = kernels.statistics(kernels.kept(formula), rows);
    for (Parameter p : formula.parameters()) {
      int[] shape = p.perChannel() ? new int[]{ width } : new int[0];
      Array value = backend.allocate(DType.FLOAT32, shape);
      backend.write(value, curve.value(p));
      parameters.add(value);
      gradients.add(Grad.write(backend.allocate(DType.FLOAT32, shape)));
    }
  }

  /// @param inputs x (R, C)
  /// @param slopes dy (R, C)
  void on(double[] inputs, double[] slopes) {
    backend.write(x, inputs);
    backend.write(dy, slopes);
  }

  void forward() {
    kernels.formula(formula, x, parameters, y, null, statistics);
  }

  void backward() {
    kernels.formulaBackward(formula, dy, x, parameters, statistics, dx, gradients);
  }

  /// Results of both directions, by `y`, `dx`, `dweight`, ...
  Map<String, double[]> computed() {
    Map<String, double[]> results = new LinkedHashMap<>();
    results.put("y", backend.read(y));
    results.put("dx", backend.read(dx.array()));
    for (int i = 0; i < parameters.size(); i++) {
      Grad gradient = gradients.get(i);
      if (gradient != null) {
        results.put("d" + formula.parameters().get(i).name(), backend.read(gradient.array()));
      }
    }
    return results;
  }

  /// Those results in float64, of the same numbers.
  Map<String, double[]> exact() {
    Map<String, double[]> leaves = new HashMap<>(Map.of("x", backend.read(x), "dy", backend.read(dy)));
    for (int i = 0; i < parameters.size(); i++) {
      leaves.put(formula.parameters().get(i).name(), backend.read(parameters.get(i)));
    }
    Interpreter interpreter = new Interpreter(rows, width, leaves);
    List<Expr> expected = formula.gradients();
    Map<String, double[]> results = new LinkedHashMap<>();
    results.put("y", interpreter.of(formula.outputs().getFirst()));
    results.put("dx", interpreter.of(expected.getFirst()));
    for (int i = 0; i < parameters.size(); i++) {
      results.put("d" + formula.parameters().get(i).name(), interpreter.of(expected.get(i + 1)));
    }
    return results;
  }
}

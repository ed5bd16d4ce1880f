package norma.train.norms;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
  private final Array dy; // (R, C)
  private final Array y; // (R, C)
  private final Array statistics;
  private final List<Array> inputs = new ArrayList<>(); // x (R, C), parameters
  private final List<@Nullable Grad> gradients = new ArrayList<>();

  FormulaCall(Backend backend, Kernels kernels, Curve curve, int rows) {
    this.backend = backend;
    this.kernels = kernels;
    this.formula = curve.formula();
    this.rows = rows;
    this.width = curve.width();
    inputs.add(kernels.empty(rows, width));
    gradients.add(Grad.write(kernels.empty(rows, width)));
    dy = kernels.empty(rows, width);
    y = kernels.empty(rows, width);
    statistics = kernels.statistics(kernels.kept(formula), rows);
    for (Parameter p : formula.parameters()) {
      int[] shape = p.perChannel() ? new int[]{ width } : new int[0];
      Array value = backend.allocate(DType.FLOAT32, shape);
      backend.write(value, curve.value(p));
      inputs.add(value);
      gradients.add(Grad.write(backend.allocate(DType.FLOAT32, shape)));
    }
  }

  /// @param x      (R, C)
  /// @param slopes dy (R, C)
  void on(double[] x, double[] slopes) {
    backend.write(inputs.getFirst(), x);
    backend.write(dy, slopes);
  }

  void forward() {
    try (Kernels.Scratch _ = kernels.scratch()) {
      kernels.formula(formula, inputs, List.of(y), statistics);
    }
  }

  void backward() {
    try (Kernels.Scratch _ = kernels.scratch()) {
      kernels.formulaBackward(formula, dy, inputs, statistics, gradients);
    }
  }

  /// Results of both directions, by `y`, `dx`, `dweight`, ...
  Map<String, double[]> computed() {
    Map<String, double[]> results = new LinkedHashMap<>();
    results.put("y", backend.read(y));
    for (int i = 0; i < inputs.size(); i++) {
      results.put("d" + name(i), backend.read(Objects.requireNonNull(gradients.get(i)).array()));
    }
    return results;
  }

  private String name(int input) {
    return input == 0 ? "x" : formula.parameters().get(input - 1).name();
  }

  /// Those results in float64, of the same numbers.
  Map<String, double[]> exact() {
    Map<String, double[]> leaves = new HashMap<>(Map.of("dy", backend.read(dy)));
    for (int i = 0; i < inputs.size(); i++) {
      leaves.put(name(i), backend.read(inputs.get(i)));
    }
    Interpreter interpreter = new Interpreter(rows, width, leaves);
    List<Expr> expected = formula.gradients();
    Map<String, double[]> results = new LinkedHashMap<>();
    results.put("y", interpreter.of(formula.outputs().getFirst()));
    for (int i = 0; i < inputs.size(); i++) {
      results.put("d" + name(i), interpreter.of(expected.get(i)));
    }
    return results;
  }
}

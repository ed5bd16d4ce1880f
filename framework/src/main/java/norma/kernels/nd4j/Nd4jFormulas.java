package norma.kernels.nd4j;

import static norma.kernels.nd4j.Nd4jMath.columnSums;
import static norma.kernels.nd4j.Nd4jMath.matrix;
import static norma.kernels.nd4j.Nd4jMath.store;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import norma.array.Array;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.Interpreter;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.transforms.strict.Erf;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/// The definition of every formula: its tree walked over ND4J arrays, an operation for each node. What does not vary over rows is computed
/// in double.
final class Nd4jFormulas {
  private final DataType type;
  private final long rows;
  private final int width;
  private final Map<String, INDArray> elements = new HashMap<>(); // x, u, dy, slopes
  private final Map<Expr, INDArray> known = new HashMap<>(); // (R, C) or (R, 1)
  private final Set<Expr> summed = new HashSet<>();
  private final Interpreter caller;

  /// @param points names of the inputs that vary over elements
  private Nd4jFormulas(Formula formula, List<String> points, List<Array> inputs) {
    INDArray values = matrix(inputs.getFirst());
    type = values.dataType();
    rows = values.rows();
    width = values.columns();
    for (int i = 0; i < points.size(); i++) {
      elements.put(points.get(i), matrix(inputs.get(i)));
    }
    Map<String, double[]> numbers = new HashMap<>();
    for (int i = points.size(); i < inputs.size(); i++) {
      numbers.put(formula.parameters().get(i - points.size()).name(), inputs.get(i).numbers());
    }
    caller = new Interpreter(1, width, numbers);
  }

  static void forward(Formula formula, List<Array> inputs, List<Array> outputs) {
    Nd4jFormulas f = new Nd4jFormulas(formula, formula.inputs(), inputs);
    for (int i = 0; i < outputs.size(); i++) {
      matrix(outputs.get(i)).assign(f.of(formula.outputs().get(i), true));
    }
  }

  static void backward(Formula formula, Array dy, List<Array> inputs, List<@Nullable Grad> gradients) {
    Nd4jFormulas f = new Nd4jFormulas(formula, formula.saved(), inputs);
    f.elements.put("dy", matrix(dy));
    List<Expr> formulas = formula.gradients();
    int points = formula.inputs().size();
    for (int i = 0; i < gradients.size(); i++) {
      Grad gradient = gradients.get(i);
      if (i < points) {
        store(gradient, f.of(formulas.get(i), true));
      } else if (gradient != null) {
        f.sums(formulas.get(i));
        double[] values = f.caller.of(formulas.get(i));
        Parameter parameter = formula.parameters().get(i - points);
        INDArray result = Nd4j.createFromArray(values).castTo(f.type);
        store(gradient, parameter.perChannel() && values.length == 1 ? spread(result, f.width) : result);
      }
    }
  }

  /// Computes the sums over rows in a gradient, for those who compute with them.
  private void sums(Expr e) {
    if (e instanceof Apply a && !e.space().rows() && summed.add(e)) {
      if (a.fn() != Fn.ROWS) {
        a.args().forEach(this::sums);
      } else if (a.arg(0).space() == Space.POINT) {
        caller.put(a, columnSums(of(a.arg(0), true)).castTo(DataType.DOUBLE).toDoubleVector());
      } else {
        caller.put(a, new double[]{ of(a.arg(0), false).castTo(DataType.DOUBLE).sumNumber().doubleValue() });
      }
    }
  }

  /// A value that varies over rows; where it does not vary over channels, perhaps spread over them.
  private INDArray of(Expr e, boolean spread) {
    INDArray value = known.get(e);
    if (value == null) {
      if (e instanceof Leaf leaf && leaf.space() == Space.POINT) {
        value = Objects.requireNonNull(elements.get(leaf.name()), leaf.name());
      } else if (e instanceof Apply a && e.space().rows()) {
        value = apply(a);
      } else { // a number or a vector
        INDArray numbers = Nd4j.createFromArray(caller.of(e)).castTo(type);
        value = spread(numbers.reshape(1, numbers.length()), rows, numbers.length());
      }
      known.put(e, value);
    }
    return spread && value.columns() < width ? spread(value, rows, width) : value;
  }

  /// What is repeated over rows or channels. `INDArray.broadcast` is a copy for each column: 150 to 1,400 us for (12, 64), this 10 to 40
  /// (2026-11-29).
  private static INDArray spread(INDArray value, long... shape) {
    INDArray y = Nd4j.createUninitialized(value.dataType(), shape);
    Nd4j.exec(DynamicCustomOp.builder("assign").addInputs(y, value).addOutputs(y).build());
    return y;
  }

  private INDArray apply(Apply a) {
    boolean wide = a.space() == Space.POINT || a.fn().statistic();
    INDArray u = of(a.arg(0), wide);
    INDArray v = a.args().size() > 1 && a.fn() != Fn.POW ? of(a.arg(1), wide) : u;
    return switch (a.fn()) {
      case ADD -> u.add(v);
      case SUB -> u.sub(v);
      case MUL -> u.mul(v);
      case DIV -> u.div(v);
      case POW -> Transforms.pow(u, caller.of(a.arg(1))[0], true);
      case MAX -> Transforms.max(u, v, true);
      case MIN -> Transforms.min(u, v, true);
      case NEG -> u.neg();
      case SQRT -> Transforms.sqrt(u, true);
      case ABS -> Transforms.abs(u, true);
      case SIGN -> Transforms.sign(u, true);
      case STEP -> u.gt(0).castTo(type);
      case EXP -> Transforms.exp(u, true);
      case LOG -> Transforms.log(u, true);
      case SIN -> Transforms.sin(u, true);
      case COS -> Transforms.cos(u, true);
      case ATAN -> Transforms.atan(u);
      case TANH -> { // the custom operation: the legacy one loses small numbers in float32, and all below 3e-8
        INDArray y = u.ulike();
        Nd4j.exec(DynamicCustomOp.builder("tanh").addInputs(u).addOutputs(y).build());
        yield y;
      }
      case ERF -> Nd4j.exec(new Erf(u, u.ulike())); // Nd4j.math().erf writes into u
      case SUM -> u.sum(true, 1);
      case MAXABS -> Transforms.abs(u, true).max(true, 1);
      default -> throw new IllegalArgumentException("no definition of " + a.fn());
    };
  }
}

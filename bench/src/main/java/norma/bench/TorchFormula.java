package norma.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Formula;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// A formula in PyTorch: an operation for each node as it was written. Autograd makes the gradients.
final class TorchFormula {
  private static final long[] CHANNELS = { -1 };
  /// From where PyTorch takes softplus for the identity: never.
  private static final Scalar NEVER = new Scalar(1e300);

  private TorchFormula() {}

  /// @param leaves x (..., C), width (), and the parameters, vectors (C) and numbers ()
  /// @return (..., C)
  static Tensor of(Formula formula, Map<String, Tensor> leaves) {
    Map<Expr, Tensor> values = new HashMap<>();
    for (Expr node : Expr.nodes(List.of(formula.written()))) {
      values.put(node, switch (node) {
        case Num number -> number(number.value());
        case Leaf leaf -> Objects.requireNonNull(leaves.get(leaf.name()), leaf.name());
        case Apply e -> apply(e, e.args().stream().map(arg -> Objects.requireNonNull(values.get(arg))).toList());
      });
    }
    return Objects.requireNonNull(values.get(formula.written()));
  }

  /// Of no dimension, so that the other operand decides the element type.
  static Tensor number(double value) {
    return Tensor.create(new double[]{ value }, 1).squeeze();
  }

  private static Tensor apply(Apply e, List<Tensor> args) {
    Tensor u = args.getFirst();
    Tensor v = args.getLast();
    return switch (e.fn()) {
      case ADD -> u.add(v);
      case SUB -> u.sub(v);
      case MUL -> u.mul(v);
      case DIV -> u.div(v);
      case NEG -> u.neg();
      case POW -> u.pow(new Scalar(((Num) e.arg(1)).value()));
      case SQRT -> u.sqrt();
      case ABS -> u.abs();
      case SIGN -> u.sign();
      case MAX -> torch.maximum(u, v);
      case MIN -> torch.minimum(u, v);
      case CLAMP -> torch.minimum(torch.maximum(u, args.get(1)), v);
      case RELU -> u.relu();
      case EXP -> u.exp();
      case LOG -> u.log();
      case SIN -> u.sin();
      case COS -> u.cos();
      case ATAN -> u.atan();
      case TANH -> u.tanh();
      case ERF -> u.erf();
      case ISRU -> u.div(u.mul(u).add(new Scalar(1.0)).sqrt());
      case SOFTSIGN -> u.div(u.abs().add(new Scalar(1.0)));
      case SIGMOID -> u.sigmoid();
      case SILU -> torch.silu(u);
      case GELU -> torch.gelu(u, "none"); // "none": exact
      case SOFTPLUS -> softplus(u);
      case SUM -> u.sum(CHANNELS, true, new ScalarTypeOptional());
      case MAXABS -> u.abs().amax(CHANNELS, true);
      case MEAN -> mean(u);
      case VAR -> variance(u);
      case STD -> variance(u).add(v).sqrt();
      case RMS -> mean(u.mul(u)).add(v).sqrt();
      default -> throw new IllegalArgumentException(e.fn() + " is not in the language");
    };
  }

  static Tensor softplus(Tensor u) {
    return torch.softplus(u, new Scalar(1.0), NEVER);
  }

  private static Tensor mean(Tensor u) {
    return u.mean(CHANNELS, true, new ScalarTypeOptional());
  }

  private static Tensor variance(Tensor u) {
    Tensor centred = u.sub(mean(u));
    return mean(centred.mul(centred));
  }
}

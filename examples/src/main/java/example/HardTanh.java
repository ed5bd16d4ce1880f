package example;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.formula.Curve.Squash;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.nn.Norm;
import norma.nn.Norm.State;
import norma.nn.NormSettings;
import norma.nn.NormType;
import norma.nn.OpNorm;
import norma.nn.Setting;
import norma.ops.NormOp;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/// A normalization of one's own: `y = weight clamp(alpha x, -1, 1) + bias`, the hard sibling of DyT's tanh.
///
/// The whole of it is this file and one line in `META-INF/services/norma.nn.NormType`.
@NullMarked
public final class HardTanh implements NormType {

  @Override
  public String name() {
    return "hard_tanh";
  }

  @Override
  public List<Setting> settings() {
    return List.of(Setting.number("alpha", 0.5), Setting.flag("bias", false));
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    List<Parameter> parameters = new ArrayList<>();
    parameters.add(scope.parameter("weight", Initial.constant(1), width));
    Parameter alpha = scope.parameter("alpha", Initial.constant(settings.number("alpha")));
    parameters.add(alpha);
    if (settings.flag("bias")) {
      parameters.add(scope.parameter("bias", Initial.constant(0), width));
    }
    return new OpNorm(scope, new Op(), parameters, value -> new State(Map.of("alpha", value.applyAsDouble(alpha)),
        new Squash(value.applyAsDouble(alpha), 0, 1)));
  }

  /// Inputs: x (..., C), weight (C), alpha (), and bias (C) if there is one.
  record Op() implements NormOp<Op.Saved> {

    /// What backward needs.
    record Saved(Array x, Array weight, Array alpha, boolean bias) {}

    @Override
    public Output<Saved> forward(Kernels kernels, Array... inputs) {
      Saved in = new Saved(inputs[0], inputs[1], inputs[2], inputs.length > 3);
      Array y = kernels.empty(in.x.shape());
      INDArray f = clamped(in).muli(row(in.weight));
      matrix(y).assign(in.bias ? f.addi(row(inputs[3])) : f);
      return new Output<>(y, in);
    }

    /// With `inside = |alpha x| < 1`: `dx = dy weight alpha inside`, `dweight = sum(dy clamp(alpha x))`,
    /// `dalpha = sum(dy weight x inside)`, `dbias = sum(dy)`.
    @Override
    public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
      INDArray inside = Transforms.abs(clamped(saved)).lt(1).castTo(matrix(dy).dataType());
      INDArray g = inside.muli(matrix(dy)).muli(row(saved.weight));
      put(gradients.into(2), g.mul(matrix(saved.x)).sum(true, 1).sum(true, 0));
      put(gradients.into(0), g.muli(alpha(saved)));
      put(gradients.into(1), clamped(saved).muli(matrix(dy)).sum(true, 0));
      if (saved.bias) {
        put(gradients.into(3), matrix(dy).sum(true, 0));
      }
    }

    @Override
    public double forwardFlops() {
      return 3; // alpha x, clamp, weight
    }

    @Override
    public double backwardFlops() {
      return 8; // clamp 2, g 2, dx 1, dalpha 2, dweight 1
    }

    private static INDArray clamped(Saved in) {
      return Transforms.hardTanh(matrix(in.x).mul(alpha(in)), false);
    }

    private static double alpha(Saved in) {
      return in.alpha.reshape(1).nd4j().getDouble(0);
    }

    /// (R, C)
    private static INDArray matrix(Array x) {
      return x.reshape(x.rows(), x.dim(-1)).nd4j();
    }

    /// (1, C), to be repeated over rows
    private static INDArray row(Array x) {
      return x.reshape(1, x.dim(0)).nd4j();
    }

    private static void put(@Nullable Grad grad, INDArray value) {
      if (grad != null) {
        grad.put(value);
      }
    }
  }
}

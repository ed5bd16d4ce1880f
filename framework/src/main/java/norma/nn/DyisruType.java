package norma.nn;

import java.util.List;
import java.util.Map;
import norma.autodiff.Scope;
import norma.kernels.Softplus;
import norma.nn.AffineNorm.Scalar;
import norma.nn.Norm.Squash;
import norma.nn.Norm.State;
import norma.ops.Dyisru;

/// `dyisru`: `y = weight scale x / sqrt(beta + x^2) + bias` (arXiv:2503.21708). `beta` is the starting value.
///
/// A free beta can turn negative and give NaN: by default the parameter holds its inverse softplus
/// (`parametrization: softplus`); `direct` learns beta itself. The factor sqrt(C) of the paper is absorbed by the weight unless
/// `scale_sqrt_width` is set. Without an explicit `beta`, the start is the one whose slope at 0 is 1/2 as a [DytType]'s:
/// 4, or 4 C with the factor.
public final class DyisruType implements NormType {
  private static final double DEFAULT_BETA = 4; // 1 / alpha^2 of DyT's default 0.5

  @Override
  public String name() {
    return "dyisru";
  }

  @Override
  public List<Setting> settings() {
    return List.of(Setting.positive("beta", DEFAULT_BETA), Setting.choice("parametrization", "softplus", "direct"),
        Setting.flag("scale_sqrt_width", false), Setting.flag("bias", false));
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    boolean softplus = settings.choice("parametrization").equals("softplus");
    boolean scaled = settings.flag("scale_sqrt_width");
    double start = settings.given("beta") ? settings.number("beta") : scaled ? DEFAULT_BETA * width : DEFAULT_BETA;
    double raw = softplus ? Softplus.inverse(start) : start;
    return new AffineNorm(scope, width, settings.flag("bias"), new Dyisru(softplus, scaled ? Math.sqrt(width) : 1),
        List.of(new Scalar("beta", raw)), scalars -> state(softplus ? Softplus.of(scalars[0]) : scalars[0]));
  }

  private static State state(double beta) {
    return new State(Map.of("beta", beta), new Squash(1 / Math.sqrt(beta), 0));
  }
}

package norma.nn;

import java.util.List;
import java.util.Map;
import norma.autodiff.Scope;
import norma.nn.AffineNorm.Scalar;
import norma.nn.Norm.Squash;
import norma.nn.Norm.State;
import norma.ops.Dyt;

/// `dyt`: `y = weight tanh(alpha x) + bias` (arXiv:2503.10622). `alpha` is the starting value.
public final class DytType implements NormType {
  @Override
  public String name() {
    return "dyt";
  }

  @Override
  public List<Setting> settings() {
    return List.of(Setting.number("alpha", 0.5), Setting.flag("bias", false));
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    return new AffineNorm(scope, width, settings.flag("bias"), new Dyt(),
        List.of(new Scalar("alpha", settings.number("alpha"))),
        scalars -> new State(Map.of("alpha", scalars[0]), new Squash(scalars[0], 0)));
  }
}

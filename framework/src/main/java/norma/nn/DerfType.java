package norma.nn;

import java.util.List;
import java.util.Map;
import norma.autodiff.Scope;
import norma.nn.AffineNorm.Scalar;
import norma.nn.Norm.Squash;
import norma.nn.Norm.State;
import norma.ops.Derf;

/// `derf`: `y = weight erf(alpha x + shift) + bias` (arXiv:2512.10938). `alpha` and `shift` are the starting values.
public final class DerfType implements NormType {
  @Override
  public String name() {
    return "derf";
  }

  @Override
  public List<Setting> settings() {
    return List.of(Setting.number("alpha", 0.5), Setting.number("shift", 0), Setting.flag("bias", false));
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    return new AffineNorm(scope, width, settings.flag("bias"), new Derf(),
        List.of(new Scalar("alpha", settings.number("alpha")), new Scalar("shift", settings.number("shift"))),
        scalars -> new State(Map.of("alpha", scalars[0], "shift", scalars[1]), new Squash(scalars[0], scalars[1])));
  }
}

package norma.nn;

import java.util.List;
import java.util.Map;
import norma.autodiff.Scope;
import norma.nn.Norm.State;
import norma.ops.RmsNorm;

/// `rmsnorm`: `y = weight x / sqrt(mean(x^2) + eps) + bias` (arXiv:1910.07467, which has no bias).
public final class RmsNormType implements NormType {
  @Override
  public String name() {
    return "rmsnorm";
  }

  @Override
  public List<Setting> settings() {
    return List.of(Setting.positive("eps", 1e-5), Setting.flag("bias", false));
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    return new AffineNorm(scope, width, settings.flag("bias"), new RmsNorm(settings.number("eps")), List.of(),
        scalars -> new State(Map.of(), null));
  }
}

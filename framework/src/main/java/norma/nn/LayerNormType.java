package norma.nn;

import java.util.List;
import java.util.Map;
import norma.autodiff.Scope;
import norma.nn.Norm.State;
import norma.ops.LayerNorm;

/// `layernorm`: `y = weight (x - mean) / sqrt(var + eps) + bias` (arXiv:1607.06450).
public final class LayerNormType implements NormType {
  @Override
  public String name() {
    return "layernorm";
  }

  @Override
  public List<Setting> settings() {
    return List.of(Setting.positive("eps", 1e-5), Setting.flag("bias", false));
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    return new AffineNorm(scope, width, settings.flag("bias"), new LayerNorm(settings.number("eps")), List.of(),
        scalars -> new State(Map.of(), null));
  }
}

package norma.nn;

import java.util.List;
import norma.autodiff.Scope;

/// `none`: the slot is empty.
public final class NoNorm implements NormType {
  @Override
  public String name() {
    return "none";
  }

  @Override
  public List<Setting> settings() {
    return List.of();
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    return (tape, x) -> x;
  }
}

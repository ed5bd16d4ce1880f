package norma.train.config;

import java.util.List;
import norma.nn.NormType;
import norma.nn.Setting;

/// The norm types with their real names and settings, without their mathematics.
final class TestNorms {
  static final List<NormType> ALL = List.of(new Fake("none", List.of()),
      new Fake("layernorm", List.of(Setting.positive("eps", 1e-5))),
      new Fake("rmsnorm", List.of(Setting.positive("eps", 1e-5))),
      new Fake("dyt", List.of(Setting.number("alpha", 0.5))),
      new Fake("dyisru",
          List.of(Setting.positive("beta", 4), Setting.choice("parametrization", "softplus", "direct"),
              Setting.flag("scale_sqrt_width", false))),
      new Fake("derf", List.of(Setting.number("alpha", 0.5), Setting.number("shift", 0))));

  private TestNorms() {}

  static ConfigReader reader() {
    return new ConfigReader(ALL);
  }

  /// Reads a text called `x.yaml`.
  static RunConfig read(String yaml, String... assignments) {
    return reader().read("x.yaml", yaml, Assignment.parse(List.of(assignments)));
  }

  private record Fake(String name, List<Setting> settings) implements NormType {}
}

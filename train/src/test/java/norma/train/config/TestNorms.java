package norma.train.config;

import java.util.List;
import norma.nn.NormType;
import norma.nn.NormTypes;

/// Reads with Norma's own norm types.
final class TestNorms {
  static final List<NormType> ALL = NormTypes.all();
  static final String NAMES = String.join(", ", ALL.stream().map(NormType::name).toList());

  private TestNorms() {}

  static ConfigReader reader() {
    return new ConfigReader(ALL);
  }

  /// Reads a text called `x.yaml`.
  static RunConfig read(String yaml, String... assignments) {
    return reader().read("x.yaml", yaml, Assignment.parse(List.of(assignments)));
  }
}

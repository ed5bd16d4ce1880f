package norma.train.norms;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import norma.kernels.Backend;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.config.RunConfig;
import norma.train.run.Backends;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NormReportTest {
  private static Backend backend;

  @BeforeAll
  static void open() {
    backend = Backends.choose(RunConfig.DEFAULT.runtime(), false).backend();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static String words(List<String> lines) {
    assertThat(lines).allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
    return String.join(" ", lines).replaceAll("\\s+", " ");
  }

  @Test
  void aFormulasFactsAreDerivedFromIt() {
    NormSpec spec = new NormSpec("weight * x / sqrt(1 + a * x^2)",
        Map.of("a", new Learnable(4, false, false, true, true)));
    String known = words(new NormReport(spec).known());
    assertThat(known).contains("read as weight * x / sqrt(1 + softplus(a) * x^2)",
        "rewritten weight * x / sqrt(1 + softplus(a) * x^2) is computed as weight * overroot(x, softplus(a), 1)",
        "overroot(u, v, w) = u * (1 / sqrt(w + v * (u * u)))", "weight starts at 1, one for each channel",
        "a starts at 4, positive: learned as its inverse softplus, under weight decay",
        "dx #1 * (1 / sqrt(1 + #2 * x^2))^3", "each channel by itself", "shape odd; bounded, |y| up to 0.5",
        "slope at 0 1 ")
        .containsPattern("check central differences in float64 agree to [1-9]e-1[0-2] of");
  }

  @Test
  void aBuiltInTypeHasItsSourceAndItsSettings() {
    String known = words(new NormReport(new NormSpec("dyt", Map.of("alpha", 2.0))).known());
    assertThat(known).startsWith("type dyt source Zhu et al., arXiv:2503.10622 y weight * tanh(alpha * x) + bias")
        .contains("alpha starts at 2 ", "slope at 0 2 ", "dalpha sum_over_tokens(sum(#2 * x))");
    assertThat(words(new NormReport(NormSpec.of("layernorm")).known())).contains(
        "through statistics of a token's channels; 2 numbers a token are kept for backward",
        "of one channel, the 127 others normally distributed", "3.873 at width 16, 15.969 at width 256");
  }

  /// sign has a slope of 0 wherever there is none, and its differences find the jump.
  @Test
  void aGradientThatIsNoneIsSaidToBeNone() {
    assertThat(words(new NormReport(NormSpec.of("weight * sign(sin(1e5 * x))")).known()))
        .contains("dx is ", "away from central differences");
  }

  /// `x (1 + x^2)^-0.5` is isru, but nobody rewrites it: its slope is a difference of two numbers that are nearly the same.
  @ParameterizedTest
  @CsvSource({ "isru(x), true", "softsign(x), true", "x / sqrt(1 + x^2), true", "x / (1 + abs(x)), true",
      "x * (1 + x^2)^-0.5, false", "x * (1 + abs(x))^-1, false" })
  void digitsAreLostWhereSlopesCancelAndNowhereElse(String formula, boolean kept) {
    Digits digits = Digits.measured(backend, NormTypes.start(NormSpec.of(formula), "", 8, false).orElseThrow());
    assertThat(digits.of()).containsOnlyKeys("y", "dx");
    assertThat(digits.of().get("y")).hasSize(13).allMatch(d -> d > 6);
    List<Double> dx = digits.of().getOrDefault("dx", List.of());
    assertThat(Collections.min(dx) > 6).as(dx.toString()).isEqualTo(kept);
    assertThat(dx.subList(0, 6)).allMatch(d -> d > 6, "below 1 nothing cancels");
    assertThat(digits.lost()).isEqualTo(kept ? List.of() : List.of("dx"));
  }

  /// Beyond 1622 the power overflows: some of the elements are then inf / inf, not all.
  @Test
  void oneElementThatIsNoNumberLeavesNoDigit() {
    Digits digits = Digits.measured(backend,
        NormTypes.start(NormSpec.of("x^12 / (1 + x^12)"), "", 8, false).orElseThrow());
    assertThat(digits.of().getOrDefault("y", List.of()).subList(9, 13)).containsOnly(0.0);
  }

  @Test
  void theFunctionThatKeepsThemIsNamed() {
    NormSpec spec = new NormSpec("weight * 3 * x * (4 + x^2)^-0.5", Map.of());
    assertThat(words(new NormReport(spec).measured(backend)))
        .contains("less than 3 digits of dx; 3 * isru(0.5 * x) is the same, and nothing cancels in it");
    assertThat(words(new NormReport(NormSpec.of("weight * (2 * sigmoid(x) - 1)")).measured(backend)))
        .contains("less than 3 digits of y, dx, dweight; tanh(0.5 * x) is the same, and nothing cancels in it");
    assertThat(words(new NormReport(NormSpec.of("weight * x * (1 + x^4)^-0.25")).measured(backend)))
        .contains("less than 3 digits of dx: something cancels there, or the curve is flat");
  }

  @Test
  void speedsStandBesideLayerNorms() {
    List<String> measured = new NormReport(NormSpec.of("rmsnorm")).measured(backend);
    assertThat(words(measured))
        .containsPattern("speed forward \\d+\\.\\d\\d, backward \\d+\\.\\d\\d times as long as layernorm")
        .contains("768 tokens of 128 channels").contains("10^ -6 -5 -4 -3 -2 -1 0 1 2 3 4 5 6")
        .contains("y 7.").doesNotContain("less than 3");
  }

  @Test
  void thePictureHasTheCurveAndItsSlope() {
    String svg = new NormReport(NormSpec.of("dyt")).svg();
    assertThat(svg).startsWith("<svg").contains("dyt: weight * tanh(alpha * x) + bias", ">y</text>", ">dy/dx</text>");
    assertThat(svg).as("flat at 8, where tanh(4) is 0.999").containsPattern("data-frame=\"[^\"]* -8.0 8.0 -1.0 1.0\"");
  }

  @Test
  void whatIsNoFormulaIsRefused() {
    assertThatThrownBy(() -> new NormReport(NormSpec.NONE)).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("none is no formula; norma norms lists those that are");
  }
}

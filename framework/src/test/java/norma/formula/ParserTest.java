package norma.formula;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Random;
import norma.formula.Formula.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ParserTest {

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "weight * tahn(x) | column 10 | nearest: tanh",
      "weight * x + | column 13 | ends too early", "weight | tokens | must use x",
      "rms(alpha, 1) | column 1 | channels",
      "x / 0 | column 3 | division by 0", "x ^ alpha | column 4 | exponent",
      "clamp(x, 1) | column 1 | 3 arguments, not 2",
      "mean(x) | channels | statistic", "x ** 2 | column 4 | a power is written ^", "x x | column 3 | operator",
      "(x | column 3 | expected ')'", "y = x | column 3 | right of the =, without y =",
      "(2 x) | column 4 | a product is written with *", "x * gamma | column 5 | gamma: 0.5",
      "x * 1e99 | column 5 | not a number",
      "x * 1.2.3 | column 5 | not a number", "step(x) | column 1 | unknown name step",
      "x + y | column 5 | unknown name y; y is the formula itself, and a parameter needs another name",
      "x * q | column 5 | unknown name q; a parameter needs its start, q: 0.5 in a file, q=0.5",
      "weight * tanh | column 10 | : tanh is a function: tanh(...)",
      "x * swish(x) | column 5 | unknown name swish; functions: abs, atan, clamp,",
      "std(x, x) | column 1 | second argument", "xé | column 2 | U+00E9", "𝑥 | column 1 | U+1D465",
      "'' | column 1 | ends too early" })
  void whatIsWrongIsSaidWithItsPlace(String text, String place, String what) {
    assertThatThrownBy(() -> RandomFormulas.formula(text)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(place).hasMessageContaining(what);
  }

  @Test
  void aParameterThatIsNotUsedIsRefused() {
    assertThatThrownBy(
        () -> Formula.of("weight * x", List.of(new Parameter("alpha", false, false)), Map.of(), false))
        .hasMessage("\"weight * x\" does not use alpha");
    assertThatThrownBy(() -> Formula.of("weight * x", List.of(), Map.of("eps", 1e-5), false))
        .hasMessageContaining("does not use eps");
  }

  /// A norm has one input. A parameter may have any name, u too.
  @Test
  void aSecondInputIsRefusedWhereThereIsNone() {
    assertThatThrownBy(() -> Formula.of("weight * x + u", List.of(), Map.of(), false)).hasMessage("column 14 of "
        + "\"weight * x + u\": u is no input here, only x; a parameter of that name needs its start, for example u: 0.5");
    assertThatThrownBy(() -> Formula.activation("silu(x) * u", false)).hasMessageContaining("column 11",
        "u is no input");
    assertThat(Formula.of("u * x", List.of(new Parameter("u", false, false)), Map.of(), false).inputs())
        .containsExactly("x");
    assertThatThrownBy(() -> Formula.ofTwo("weight * x", List.of(), Map.of(), false))
        .hasMessage("\"weight * x\" does not use u");
    assertThatThrownBy(() -> Formula.ofTwo("x + 0 * u", List.of(), Map.of(), false))
        .hasMessage("\"x + 0 * u\" does not depend on u");
  }

  @Test
  void controlCharactersAreNamedAndNotRepeated() {
    assertThatThrownBy(() -> RandomFormulas.formula("x \0 garbage")).hasMessageStartingWith("column 3: U+0000 is no");
    assertThatThrownBy(() -> RandomFormulas.formula("mean(\u0014x)")).hasMessageNotContaining("\u0014");
  }

  @Test
  void sizesAreBounded() {
    assertThatThrownBy(() -> RandomFormulas.formula("x + ".repeat(200) + "x")).hasMessageContaining("400 characters");
    assertThatThrownBy(() -> RandomFormulas.formula("(".repeat(60) + "x" + ")".repeat(60)))
        .hasMessageContaining("nested more than 40 deep");
    assertThatThrownBy(() -> RandomFormulas.formula("-".repeat(60) + "x")).hasMessageContaining("nested");
  }

  @Test
  void weightAndBiasAreParametersWhereTheFormulaUsesThem() {
    assertThat(names("x / rms(x, 1e-5)", true)).isEmpty();
    assertThat(names("weight * x + bias", true)).containsExactly("weight", "bias");
    assertThat(names("weight * x + bias", false)).containsExactly("weight");
  }

  private static List<String> names(String text, boolean bias) {
    return Formula.of(text, List.of(), Map.of(), bias).parameters().stream().map(Parameter::name).toList();
  }

  /// Every value is what the text says, left to right, with the precedence of arithmetic.
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "-x^2 | -9", "2 - x - 1 | -2", "12 / x / 2 | 2", "2 * x^2 / 3 | 6",
      "x^-1 | 0.3333333333333333",
      "1 - -x | 4", "x + 2e0 * (1 + .5) | 6", "max(x, 2) - min(x, 2) | 1", "width * x | 3", "abs(-x) + sign(-x) | 2" })
  void formulasMeanWhatTheySay(String text, double value) {
    Expr y = RandomFormulas.formula(text).outputs().getFirst();
    assertThat(new Interpreter(1, 1, Map.of("x", new double[]{ 3 })).of(y)[0]).isEqualTo(value);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "weight * x / (1 + abs(alpha * x)) | overabs(x, alpha, 1)",
      "x / (abs(x) + 1) | overabs(x, 1, 1)", "weight * x / sqrt(1 + x^2) | overroot(x, 1, 1)",
      "-2 * alpha * x / (b + (alpha * x)^2)^0.5 | overroot(x, alpha^2, b)", "x / (1 + exp(-x)) | sigmoid(x)",
      "x / sqrt(beta + 3 * x^2) | overroot(x, 3, beta)" })
  void knownFormsBecomeFunctionsWithStableSlopes(String text, String function) {
    assertThat(RandomFormulas.formula(text).rewrites()).singleElement().asString().contains(function);
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "x / (1 + x^2)", "x / (x^2 + abs(x))", "(x - mean(x)) / sqrt(var(x) + 1)",
      "alpha / (1 + abs(x))" })
  void otherFormsStayWhatTheyAre(String text) {
    assertThat(RandomFormulas.formula(text).rewrites()).isEmpty();
  }

  @Test
  void aDivisionByZeroAtTheStartIsFound() {
    Formula formula = RandomFormulas.formula("weight * x / alpha");
    assertThatThrownBy(() -> formula.check(1, Map.of("alpha", new double[]{ 0 }))).hasMessageContaining("alpha")
        .hasMessageContaining("0 at the start");
    formula.check(1, Map.of("alpha", new double[]{ 1 }));
  }

  /// No text makes it do anything but return or refuse.
  @Test
  void arbitraryTextIsRefusedInOneLine() {
    String alphabet = "x+-*/^().,0123456789e alpharmstdtanh\"\\\n;";
    Random r = new Random(5);
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = r.nextInt(30); n >= 0; n--) {
        text.append(alphabet.charAt(r.nextInt(alphabet.length())));
      }
      try {
        Formula.of(text.toString(), List.of(), Map.of(), true);
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage()).isNotBlank().doesNotContain("\n");
      }
    }
  }

  /// 30 squares of squares have a thousand million factors.
  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "x / (1 + abs(x * (x^2)))", "x * (alpha^2)", "x / (1 + abs(x * (b^2)))",
      "x / rms(x, 1) * (1 / (mean(x)^2))", "x * (sum(b * x)^2)" })
  void productsWithMoreFactorsThanCanBeCountedAreReadAllTheSame(String text) {
    String squares = "(".repeat(29);
    Formula formula = RandomFormulas
        .formula(
            text.replaceFirst("\\(([a-z]+(\\([^()]*\\))?)\\^2\\)", "(" + squares + "$1" + "^2)".repeat(29) + "^2)"));
    assertThat(formula.text()).hasSizeGreaterThan(100);
    assertThat(formula.kernels(true).gradients()).hasSameSizeAs(formula.kernels(false).gradients());
    assertThat(formula.derivation().values()).allMatch(line -> line.length() < 1000);
  }
}

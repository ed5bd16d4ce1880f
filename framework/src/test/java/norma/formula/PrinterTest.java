package norma.formula;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr.Space;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrinterTest {
  private final Graph g = new Graph();

  private Expr parse(String text) {
    Map<String, Expr> names = new HashMap<>(Map.of("width", g.width()));
    List.of("x", "u").forEach(name -> names.put(name, g.leaf(name, Space.POINT)));
    List.of("weight", "bias", "b", "a").forEach(name -> names.put(name, g.leaf(name, Space.CHANNEL)));
    List.of("alpha", "beta", "shift").forEach(name -> names.put(name, g.leaf(name, Space.NUMBER)));
    return Parser.parse(g, text, names, List.of());
  }

  @ParameterizedTest
  @CsvSource({ "((a)) - (b - (x)), a - (b - x)", "(a - b) - x, a - b - x", "a / (b * x), a / (b * x)",
      "(a / b) * x, a / b * x", "(x + 1)^3, (x + 1)^3", "-(x^3), -x^3", "(-x)^3, (-x)^3", "x^-0.5, x^-0.5",
      "'std( x , 1e-5 )', 'std(x, 1.0E-5)'", "x * -(a + b), x * -(a + b)", "2 * (a * x), 2 * (a * x)",
      "x - -0.5, x - -0.5", "-(x * a), -(x * a)", "-(x^2), -x^2", "(x + 1)^2 * (x + 1), (x + 1)^2 * (x + 1)",
      "(x^2)^2, (x^2)^2", "a * a, a^2" })
  void thereAreNoMoreParenthesesThanItNeeds(String text, String printed) {
    assertThat(parse(text)).hasToString(printed);
    assertThat(parse(printed)).isSameAs(parse(text));
  }

  @Test
  void formulasDrawnAtRandomAreTheSameOncePrinted() {
    for (int seed = 0; seed < 200; seed++) {
      Expr e = parse(RandomFormulas.draw(seed, 4).toString());
      assertThat(parse(e.toString())).as(e.toString()).isSameAs(e);
    }
  }

  /// Each square has its argument twice; the text has it once.
  @Test
  void squaresOfSquaresAreNotLongerThanTheyWereWritten() {
    String text = "(".repeat(30) + "x" + "^2)".repeat(30);
    assertThat(parse(text).toString()).hasSizeLessThan(200);
  }

  @Test
  void aDerivationNamesWhatIsSharedAndUsesOnlyWhatItHasNamed() {
    Formula dyt = Formula.of("weight * tanh(alpha * x)", List.of(new Formula.Parameter("alpha", false, false)),
        Map.of(),
        false);
    assertThat(dyt.derivation()).containsExactly(Map.entry("#1", "tanh(alpha * x)"),
        Map.entry("#2", "dy * weight * (1 - #1^2)"), Map.entry("dx", "#2 * alpha"),
        Map.entry("dweight", "sum_over_tokens(dy * #1)"), Map.entry("dalpha", "sum_over_tokens(sum(#2 * x))"));
    assertThat(dyt.meanings()).isEmpty();
    Formula isru = Formula.of("x / sqrt(2 + x^2)", List.of(), Map.of(), false);
    assertThat(isru.meanings()).containsExactly("overroot(u, v, w) = u * (1 / sqrt(w + v * (u * u)))");
    assertThat(isru.rewrites()).containsExactly("x / sqrt(2 + x^2) is computed as overroot(x, 1, 2)");
    assertThat(isru.written()).hasToString("x / sqrt(2 + x^2)");
  }
}

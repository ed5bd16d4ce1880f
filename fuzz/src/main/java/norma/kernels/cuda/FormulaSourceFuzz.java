package norma.kernels.cuda;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.formula.Formula;
import norma.fuzz.FormulaText;
import norma.fuzz.Input;

/// What NVRTC would get of a formula: words of the kernels' own, names with a number, numbers.
public final class FormulaSourceFuzz {
  private static final int MOST_CHARACTERS = 4 << 20;
  private static final int[] WIDTHS = { 24, 7, 2048 };
  private static final Pattern WORDS = Pattern.compile("[A-Za-z_]\\w*|[^\\x20-\\x7e\\n]");
  private static final Pattern MADE = Pattern.compile("[a-z]_?\\d+|f|f_|add\\d+|x0|x1|p\\d*|p_\\d+");
  private static final Set<String> OWN = own();

  private FormulaSourceFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    FormulaText.read(data, formula -> print(formula, WIDTHS[data.length % WIDTHS.length]));
  }

  private static void print(Formula formula, int width) {
    String source = FormulaSource.of(PlannedFormula.of(formula, width, 8, 0));
    Input.require(source.length() <= MOST_CHARACTERS, "a formula's kernels have " + source.length() + " characters: "
        + formula.text());
    Matcher words = WORDS.matcher(source.replaceAll("\\b0x[0-9a-f.]+(p-?\\d+)?f?", ""));
    while (words.find()) {
      Input.require(OWN.contains(words.group()) || MADE.matcher(words.group()).matches(),
          "'" + words.group() + "' is no word of a kernel: " + formula.text());
    }
  }

  /// Words of the kernels of a formula of two without names of its own that uses every function.
  private static Set<String> own() {
    Formula every = Formula
        .ofTwo("u * weight * tanh(erf(atan(x))) * x^0.3 + log(exp(sin(x) + cos(x))) + max(x, sign(x)) * min(x, abs(x))"
            + " + relu(x) + maxabs(x) + std(x, 1e-5) + softplus(x) + mean(weight) + bias", List.of(), Map.of(), true);
    Set<String> words = IntStream.of(WIDTHS).boxed()
        .flatMap(width -> WORDS.matcher(FormulaSource.of(PlannedFormula.of(every, width, 8, 0))).results())
        .map(MatchResult::group).collect(Collectors.toSet());
    words.add("__int_as_float"); // of a number that is infinite
    return words;
  }
}

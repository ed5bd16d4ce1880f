package norma.train.norms;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import norma.formula.Curve;
import norma.nn.FormulaType;
import norma.nn.NormSpec;
import norma.nn.NormType;
import norma.nn.NormTypes;

/// All normalization types: views of `norms.txt`, and of a user's types.
public final class NormList {
  private static final int WIDTH = 80;
  private static final int HANGING = 2;
  /// A bound that is the same at both is one for all widths.
  private static final int NARROW = 16;
  private static final int WIDE = 256;
  private static final double SAME = 1e-3;

  private NormList() {}

  /// Lines for a terminal of 80 columns: each type's formula, its numbers with their starts, its facts, its source.
  public static List<String> lines() {
    List<NormType> types = NormTypes.all();
    int indent = 2 + types.stream().mapToInt(type -> type.name().length()).max().orElse(0);
    List<String> lines = new ArrayList<>();
    for (NormType type : types) {
      List<String> texts = new ArrayList<>(List.of(formula(type)));
      if (type instanceof FormulaType formula) {
        formula.parameters().forEach(texts::add);
        texts.add(facts(NormSpec.of(type.name())));
        texts.add(formula.source());
      } else {
        type.settings().forEach(setting -> texts.add(setting.name() + " = " + setting.value()));
      }
      String label = type.name();
      for (String text : texts) {
        lines.addAll(wrapped(label, indent, text));
        label = "";
      }
      lines.add("");
    }
    return lines;
  }

  private static String formula(NormType type) {
    return switch (type) {
      case FormulaType formula -> formula.text();
      case NormType none when none.name().equals("none") -> "x";
      default -> "no formula, but Java: " + type.getClass().getName();
    };
  }

  /// Says whether a formula is odd and bounded, with its numbers as they start and without a bias.
  public static String facts(NormSpec spec) {
    Optional<Curve> curve = NormTypes.start(spec, "", NARROW, false);
    return curve.map(narrow -> odd(narrow) + "; " + bound(narrow, spec)).orElse("");
  }

  private static String odd(Curve curve) {
    List<String> unless = curve.oddUnless();
    return !curve.odd()
        ? "not odd"
        : unless.isEmpty() ? "odd" : "odd at the start, not for every " + String.join(", ", unless);
  }

  private static String bound(Curve curve, NormSpec spec) {
    double narrow = curve.bound();
    double wide = curve.formula().pointwise()
        ? narrow
        : NormTypes.start(spec, "", WIDE, false).map(Curve::bound).orElse(Double.NaN);
    if (Double.isNaN(narrow + wide)) {
      return "not a number for some x";
    }
    if (Double.isInfinite(narrow + wide)) {
      return "not bounded";
    }
    return Math.abs(wide - narrow) <= SAME * narrow
        ? "bounded, |y| up to " + number(narrow)
        : "bounded for each width, |y| up to " + number(narrow) + " at width " + NARROW + ", " + number(wide)
            + " at width " + WIDE;
  }

  /// Five digits, without zeros at the end.
  static String number(double value) {
    String text = String.format(Locale.ROOT, "%.5g", value);
    return text.contains(".") && !text.contains("e") ? text.replaceFirst("\\.?0+$", "") : text;
  }

  /// A label and a text beside it, in lines of at most 80 characters that break at spaces.
  static List<String> wrapped(String label, int indent, String text) {
    List<String> lines = new ArrayList<>();
    String rest = text;
    String before = String.format(Locale.ROOT, "%-" + indent + "s", label);
    while (rest.length() > WIDTH - before.length()) {
      int space = rest.lastIndexOf(' ', WIDTH - before.length());
      int end = space > 0 ? space : WIDTH - before.length();
      lines.add(before + rest.substring(0, end));
      rest = rest.substring(end).strip();
      before = " ".repeat(indent + HANGING);
    }
    lines.add((before + rest).stripTrailing());
    return lines;
  }
}

package norma.train.study;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import norma.train.report.Svg;
import norma.train.study.StabilityCard.Rate;
import norma.train.study.StabilityCard.Run;
import norma.train.study.StabilityCard.Sweep;

/// A stability card in words and numbers, for a terminal, a Markdown page and a web page alike. Each is empty if the study has no learning rates in its grid.
final class StabilityText {
  private static final List<String> COLUMNS = List.of("variant", "lr sensitivity", "largest lr", "best lr",
      "final loss there", "attention logit", "kurtosis", "int8 loss", "int8 change");
  private static final List<String> BY_RATE = List.of("variant", "lr", "trained", "final loss, capped",
      "attention logit", "kurtosis", "int8 loss", "int8 change");

  private StabilityText() {}

  /// The table, aligned, with a line before it.
  static String terminal(StabilityCard card) {
    if (card.sweeps().isEmpty()) {
      return "";
    }
    List<List<String>> rows = rows(card);
    StringBuilder text = new StringBuilder("Stability over learning rates");
    for (List<String> row : rows) {
      text.append('\n');
      for (int i = 0; i < row.size(); i++) {
        int column = i;
        int width = rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0);
        String pad = " ".repeat(width - row.get(i).length());
        text.append(i == 0 ? row.get(i) + pad : "  " + pad + row.get(i));
      }
    }
    return text.toString();
  }

  /// A section for `summary.md`.
  static String markdown(StabilityCard card) {
    if (card.sweeps().isEmpty()) {
      return "";
    }
    List<String> lines = rows(card).stream().map(row -> "| " + String.join(" | ", row) + " |\n")
        .collect(Collectors.toCollection(ArrayList::new));
    lines.add(1, "|" + "---|".repeat(COLUMNS.size()) + "\n");
    return "## Stability over learning rates\n\n" + String.join("", lines) + "\n" + method(card) + "\n";
  }

  /// What stands in the page's section: chart, table, the numbers of every rate, and how they are made.
  static String html(StabilityCard card) {
    if (card.sweeps().isEmpty()) {
      return "";
    }
    List<List<String>> byRate = new ArrayList<>(List.of(BY_RATE));
    card.sweeps().forEach(sweep -> sweep.rates().forEach(rate -> byRate.add(cells(card, sweep, rate))));
    return SweepPlot.figures(card) + table(rows(card)) + "<details><summary>Every learning rate</summary>\n"
        + table(byRate) + "</details>\n<p class=\"note\">" + Svg.escape(method(card)) + "</p>\n";
  }

  /// How the numbers are made.
  private static String method(StabilityCard card) {
    return String.format(Locale.ROOT,
        "Learning-rate sensitivity (Wortsman et al. 2023, arXiv:2309.14322): mean over the %d rates of the final loss minus the variant's lowest. Final losses are "
            + "capped at the loss before the first update, which is also the loss of a run that diverged; mean ± standard deviation over the seeds that train at some rate. "
            + "A run trains if it comes to its end and its final loss at least two thirds of the way from its loss before the first update to the lowest "
            + "of all runs on its text (%s). Largest lr: at which all seeds train; ≥ marks the end of the grid. The best rate has the lowest mean of the capped losses; the columns after it are means over the seeds there. "
            + "Attention logit: the largest, at the first and at the last probe. Kurtosis: of the channels' root mean squares at the last probe, in the slot "
            + "where it is largest. int8 loss: exact validation loss after the last step with weights and inputs of all linear layers rounded to the nearest of 255 numbers, "
            + "a scale (largest magnitude / 127) for each output of a weight and each token of an input, everything else as before (LLM.int8() without outliers, "
            + "arXiv:2208.07339; W8A8 without smoothing, arXiv:2211.10438); beside it the change.",
        card.sweeps().getFirst().rates().size(), card.sweeps().stream().map(Sweep::text).distinct()
            .map(text -> String.format(Locale.ROOT, "%.4f", card.lowestLoss(text))).collect(Collectors.joining(", ")));
  }

  private static List<List<String>> rows(StabilityCard card) {
    List<List<String>> rows = new ArrayList<>(List.of(COLUMNS));
    for (Sweep sweep : card.sweeps()) {
      List<String> row = new ArrayList<>(List.of(sweep.name(), sensitivity(card, sweep), largest(card, sweep)));
      row.addAll(card.bestRate(sweep).map(best -> atBest(sweep, best)).orElse(List.of("", "", "", "", "", "")));
      rows.add(row);
    }
    return rows;
  }

  private static List<String> atBest(Sweep sweep, Rate best) {
    List<String> cells = new ArrayList<>(List.of(rate(best.lr()), losses(sweep, best)));
    cells.addAll(measured(best));
    return cells;
  }

  private static List<String> cells(StabilityCard card, Sweep sweep, Rate rate) {
    List<String> cells = new ArrayList<>(List.of(sweep.name(), rate(rate.lr()),
        card.trained(sweep, rate) + " of " + rate.runs().size(), losses(sweep, rate)));
    cells.addAll(measured(rate));
    return cells;
  }

  private static String sensitivity(StabilityCard card, Sweep sweep) {
    double[] all = card.sensitivities(sweep);
    return SummaryText.spread(all) + (all.length == 0 || all.length == card.seeds()
        ? ""
        : " (" + all.length + " of " + card.seeds() + " seeds)");
  }

  private static String largest(StabilityCard card, Sweep sweep) {
    OptionalDouble largest = card.largestRate(sweep);
    boolean known = sweep.rates().stream().anyMatch(rate -> !Double.isNaN(sweep.cappedLoss(rate)));
    return largest.isEmpty()
        ? known ? "none" : ""
        : (largest.getAsDouble() == sweep.rates().getLast().lr() ? "≥ " : "") + rate(largest.getAsDouble());
  }

  private static String losses(Sweep sweep, Rate rate) {
    return SummaryText.spread(rate.runs().keySet().stream().mapToDouble(seed -> sweep.cappedLoss(rate, seed))
        .filter(Double::isFinite).toArray());
  }

  private static List<String> measured(Rate rate) {
    double change = rate.mean(run -> run.int8Loss() - run.finalLoss());
    double first = rate.mean(Run::firstLogit);
    return List.of(Double.isNaN(first) ? "" : digits(first) + " → " + digits(rate.mean(Run::lastLogit)),
        digits(rate.mean(Run::kurtosis)),
        Double.isNaN(rate.mean(Run::int8Loss)) ? "" : String.format(Locale.ROOT, "%.4f", rate.mean(Run::int8Loss)),
        Double.isNaN(change) ? "" : String.format(Locale.ROOT, "%+.5f", change).replace('-', '\u2212'));
  }

  /// Three digits that mean something.
  private static String digits(double value) {
    double size = Math.abs(value);
    return !Double.isFinite(value)
        ? ""
        : (size >= 1e-3 && size < 1e4
            ? new BigDecimal(value, new MathContext(3)).toPlainString()
            : String.format(Locale.ROOT, "%.1e", value)).replace('-', '\u2212');
  }

  /// A learning rate as one writes it: `3e-4`, and `0.1` from there on.
  static String rate(double lr) {
    BigDecimal digits = new BigDecimal(lr, new MathContext(3)).stripTrailingZeros();
    int exponent = digits.precision() - digits.scale() - 1;
    return exponent >= -1 ? digits.toPlainString() : digits.movePointLeft(exponent).toPlainString() + "e" + exponent;
  }

  private static String table(List<List<String>> rows) {
    StringBuilder html = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
    rows.getFirst().forEach(column -> html.append("<th scope=\"col\">").append(Svg.escape(column)).append("</th>"));
    html.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : rows.subList(1, rows.size())) {
      html.append("<tr><th scope=\"row\">").append(Svg.escape(row.getFirst())).append("</th>");
      row.stream().skip(1).forEach(cell -> html.append("<td class=\"n\">").append(Svg.escape(cell)).append("</td>"));
      html.append("</tr>\n");
    }
    return html.append("</tbody></table></div>\n").toString();
  }
}

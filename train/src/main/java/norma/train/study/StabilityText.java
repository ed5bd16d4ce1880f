package norma.train.study;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;
import norma.train.report.Decimals;
import norma.train.report.Svg;
import norma.train.report.Table;
import norma.train.report.Template;
import norma.train.study.StabilityCard.Rate;
import norma.train.study.StabilityCard.Run;
import norma.train.study.StabilityCard.Sweep;

/// A stability card in words and numbers, for a terminal, a Markdown page and a web page alike. The pages' parts are empty if the study has no learning
/// rates in its grid.
public final class StabilityText {
  private StabilityText() {}

  /// The table of a card with sweeps, aligned, with a line before it.
  public static String terminal(StabilityCard card) {
    return "Stability over learning rates\n" + String.join("\n", sweeps(card).lines(card.sweeps()));
  }

  /// A section for `summary.md`.
  static String markdown(StabilityCard card) {
    return card.sweeps().isEmpty()
        ? ""
        : "## Stability over learning rates\n\n" + sweeps(card).markdown(card.sweeps()) + "\n" + method(card) + "\n";
  }

  /// The page's section: chart, table, the numbers of every rate, and how they are made.
  static String html(StabilityCard card) {
    if (card.sweeps().isEmpty()) {
      return "";
    }
    List<At> all = card.sweeps().stream().flatMap(sweep -> sweep.rates().stream().map(rate -> new At(sweep, rate)))
        .toList();
    Table<At> rates = new Table<At>().name("variant", at -> at.sweep.name())
        .number("lr", at -> Decimals.setting(at.rate.lr()))
        .number("trained", at -> card.trained(at.sweep, at.rate) + " of " + at.rate.runs().size());
    return SweepPlot.figures(card) + sweeps(card).html("", card.sweeps())
        + Template.details(false, "Every learning rate",
            measured(rates, "final loss, capped", Optional::of).html("", all))
        + "<p class=\"note\">"
        + Svg.escape(method(card)) + "</p>\n";
  }

  /// A sweep at one of its rates.
  private record At(Sweep sweep, Rate rate) {}

  /// A row for each sweep.
  private static Table<Sweep> sweeps(StabilityCard card) {
    Function<Sweep, Optional<At>> best = sweep -> card.bestRate(sweep).map(rate -> new At(sweep, rate));
    return measured(new Table<Sweep>().name("variant", Sweep::name)
        .number("lr sensitivity", sweep -> sensitivity(card, sweep))
        .number("largest lr", sweep -> largest(card, sweep))
        .number("best lr", sweep -> best.apply(sweep).map(at -> Decimals.setting(at.rate.lr())).orElse("")),
        "final loss there",
        best);
  }

  /// Adds the measurements at one rate.
  private static <R> Table<R> measured(Table<R> table, String loss, Function<R, Optional<At>> at) {
    return table.number(loss, row -> at.apply(row).map(StabilityText::losses).orElse(""))
        .number("attention logit", row -> at.apply(row).map(a -> logits(a.rate)).orElse(""))
        .number("kurtosis", row -> at.apply(row).map(a -> Decimals.digits(a.rate.mean(Run::kurtosis))).orElse(""))
        .number("int8 loss", row -> at.apply(row)
            .map(a -> Decimals.formatOr("", "%.4f", a.rate.mean(Run::int8Loss))).orElse(""))
        .number("int8 change", row -> at.apply(row)
            .map(a -> Decimals.signed("%+.5f", a.rate.mean(run -> run.int8Loss() - run.finalLoss()))).orElse(""));
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
        : (largest.getAsDouble() == sweep.rates().getLast().lr() ? "≥ " : "") + Decimals.setting(largest.getAsDouble());
  }

  private static String losses(At at) {
    return SummaryText.spread(at.rate.runs().keySet().stream().mapToDouble(seed -> at.sweep.cappedLoss(at.rate, seed))
        .filter(Double::isFinite).toArray());
  }

  private static String logits(Rate rate) {
    double first = rate.mean(Run::firstLogit);
    return Double.isNaN(first) ? "" : Decimals.digits(first) + " → " + Decimals.digits(rate.mean(Run::lastLogit));
  }
}

package norma.bench;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import norma.bench.Contender.Step;
import norma.train.metrics.Event;
import norma.train.metrics.Median;
import norma.train.metrics.Metrics;

/// A whole run of `norma train`, from the command to the last file, beside PyTorch's steps alone.
///
/// @param shape          S or M
/// @param norm           type in every slot of the GPT-2 arrangement
/// @param steps          of the run
/// @param norma          wall clock of each run of the command, in seconds
/// @param torch          time of PyTorch's steps beside each, in seconds
/// @param lossDifference largest relative difference of the first logged steps' losses
/// @param valLoss        exact validation loss after the last step
record WholeRun(Shape shape, String norm, int steps, List<Double> norma, List<Double> torch,
    double lossDifference, double valLoss) {

  /// Of the table in Markdown.
  static final String TABLE_HEAD = """
      | shape | norm | steps | `norma train` s, median (min) | PyTorch's steps s, median (min) | times faster | validation loss | loss differs by |
      |---|---|---|---|---|---|---|---|
      """;

  /// What `norma train` left behind.
  ///
  /// @param seconds wall clock
  /// @param losses  of the first logged steps, by step
  /// @param valLoss exact, after the last step
  record Run(double seconds, Map<Integer, Double> losses, double valLoss) {
    /// From the run's own record.
    static Run of(double seconds, Metrics metrics) {
      Map<Integer, Double> losses = metrics.of(Event.Step.class).stream().limit(Comparison.FIRST_STEPS)
          .collect(Collectors.toMap(Event.Step::step, Event.Step::loss));
      return new Run(seconds, losses, metrics.of(Event.End.class).getLast().finalValLoss());
    }

    /// Largest relative difference to the same steps of PyTorch's; NaN if there is none to compare.
    private double difference(List<Step> torch) {
      return losses.entrySet().stream().filter(entry -> entry.getKey() <= torch.size())
          .mapToDouble(entry -> Comparison.difference(entry.getValue(), torch.get(entry.getKey() - 1).loss())).max()
          .orElse(Double.NaN);
    }
  }

  WholeRun {
    norma = List.copyOf(norma);
    torch = List.copyOf(torch);
  }

  /// The figures of some runs.
  ///
  /// @param torch      seconds of PyTorch's steps beside each
  /// @param torchFirst its first steps
  static WholeRun of(Trials.Model model, int steps, List<Run> norma, List<Double> torch, List<Step> torchFirst) {
    return new WholeRun(model.shape(), model.norm(), steps, norma.stream().map(Run::seconds).toList(), torch,
        norma.stream().mapToDouble(run -> run.difference(torchFirst)).max().orElseThrow(), norma.getLast().valLoss);
  }

  /// Time of so many steps: of these, or as many times their median where only some were run.
  static double seconds(List<Step> some, int steps) {
    return some.size() == steps
        ? some.stream().mapToLong(Step::nanos).sum() / 1e9
        : Median.of(some.stream().map(step -> step.nanos() / 1e9).toList()) * steps;
  }

  /// Times that the whole run is faster than PyTorch's steps, by medians.
  double ratio() {
    return Median.of(torch) / Median.of(norma);
  }

  /// What the table shows.
  Row row() {
    boolean agrees = lossDifference <= Comparison.LOSS_TOLERANCE; // false for NaN
    String line = String.format(Locale.ROOT, "| %s | %s | %d | %s | %s | **%.2f** | %.4f | %.1e%s |%n", shape, norm,
        steps, text(norma), text(torch), ratio(), valLoss, lossDifference, agrees ? "" : CompareReport.NOT_THE_SAME);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("steps", steps);
    figures.put("norma_s_median", Median.of(norma));
    figures.put("norma_s_min", Collections.min(norma));
    figures.put("torch_s_median", Median.of(torch));
    figures.put("torch_s_min", Collections.min(torch));
    figures.put("ratio", ratio());
    figures.put("val_loss", valLoss);
    figures.put("loss_difference", lossDifference);
    return new Row(shape, norm, agrees, line, figures, Map.of("norma_s", norma, "torch_s", torch));
  }

  private static String text(List<Double> seconds) {
    return String.format(Locale.ROOT, "%.1f (%.1f)", Median.of(seconds), Collections.min(seconds));
  }
}

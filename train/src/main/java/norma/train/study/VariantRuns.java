package norma.train.study;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.metrics.Event;
import norma.train.study.StudySummary.Row;

/// A variant with what its runs have recorded: those that came to their end, or if none did, those that diverged.
record VariantRuns(Row row, List<RunReading> runs) {
  VariantRuns {
    runs = List.copyOf(runs);
  }

  /// Every variant of a study that has a run.
  static List<VariantRuns> of(StudyFolder folder, StudySummary summary) {
    return summary.rows().stream().map(row -> {
      String counted = row.count(CellResult.COMPLETED) > 0 ? CellResult.COMPLETED : CellResult.DIVERGED;
      return new VariantRuns(row, row.results().values().stream().filter(result -> result.status().equals(counted))
          .map(folder::reading).toList());
    }).filter(variant -> !variant.runs.isEmpty()).toList();
  }

  String name() {
    return row.variant().name();
  }

  /// Groups variants by their point of the grid.
  static Map<String, List<VariantRuns>> groups(List<VariantRuns> all) {
    return all.stream().collect(Collectors.groupingBy(variant -> variant.row.variant().group(), LinkedHashMap::new,
        Collectors.toList()));
  }

  /// The slots of all probes.
  Stream<Event.Slot> slots() {
    return runs.stream().flatMap(run -> run.norms().stream()).flatMap(norm -> norm.slots().stream());
  }

  /// A number of the last probe of every slot, its mean over the seeds.
  Map<String, Double> lastProbe(Function<Event.Slot, Double> number) {
    return runs.stream().filter(run -> !run.norms().isEmpty()).flatMap(run -> run.norms().getLast().slots().stream())
        .collect(Collectors.groupingBy(Event.Slot::slot, LinkedHashMap::new,
            Collectors.collectingAndThen(Collectors.mapping(number, Collectors.toList()), SeedCurve::mean)));
  }
}

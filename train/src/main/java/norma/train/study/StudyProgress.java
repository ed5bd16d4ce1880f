package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Median;
import norma.train.metrics.Metrics;
import norma.train.study.Study.Cell;

/// How far a study is. The time that is left follows from the runs that have ended, and before the first of them from those under way.
///
/// @param ended       runs with a result
/// @param underWay    runs that a process works on, here or on a cluster
/// @param share       of the runs under way that is done, on average
/// @param secondsLeft with as many processes as work now; NaN before the first steps are known
public record StudyProgress(int ended, int underWay, double share, double secondsLeft) {

  /// A run under way.
  ///
  /// @param share   of its steps
  /// @param seconds that the whole will have taken
  private record Running(Cell cell, double share, double seconds) {}

  /// Looks at a study's folder.
  public static StudyProgress of(StudyFolder folder) throws IOException {
    Map<Integer, Cell> cells = folder.numbered();
    List<CellResult> results = new ArrayList<>();
    List<Cell> open = new ArrayList<>();
    List<Running> running = new ArrayList<>();
    Map<Cell, Double> elsewhere = new LinkedHashMap<>(); // of which only the time is known
    for (Map.Entry<Integer, Cell> numbered : cells.entrySet()) {
      Cell cell = numbered.getValue();
      CellResult result = folder.result(cell);
      OptionalDouble remote = new ClusterFolder(folder).secondsOf(numbered.getKey());
      if (result != null) {
        results.add(result);
      } else if (folder.isWorkedOn(cell)) {
        running.add(running(folder, cell));
      } else if (remote.isPresent()) {
        elsewhere.put(cell, remote.getAsDouble());
      } else {
        open.add(cell);
      }
    }
    double any = mean(results, Median.ofFinite(running.stream().mapToDouble(Running::seconds).toArray()));
    for (Map.Entry<Cell, Double> run : elsewhere.entrySet()) {
      double whole = seconds(folder, run.getKey(), any);
      running.add(new Running(run.getKey(), Double.isNaN(whole) ? 0 : Math.min(1, run.getValue() / whole), whole));
    }
    double left = any * (folder.study().runs() - cells.size()); // whose settings are not chosen yet
    for (Cell cell : open) {
      left += seconds(folder, cell, any);
    }
    double longest = 0;
    for (Running run : running) {
      double rest = (1 - run.share) * seconds(folder, run.cell, Double.isNaN(any) ? run.seconds : any);
      left += rest;
      longest = Math.max(longest, rest);
    }
    return new StudyProgress(results.size(), running.size(),
        running.stream().mapToDouble(Running::share).average().orElse(0),
        Math.max(longest, left / Math.max(1, running.size())));
  }

  /// Those of its variant that have ended, or any.
  private static double seconds(StudyFolder folder, Cell cell, double any) {
    return mean(folder.reported(cell.variant()).values(), any);
  }

  /// Of those that know their time; another number where none does.
  private static double mean(Collection<CellResult> results, double otherwise) {
    return results.stream().mapToDouble(CellResult::seconds).filter(Double::isFinite).average().orElse(otherwise);
  }

  private static Running running(StudyFolder folder, Cell cell) throws IOException {
    Optional<Event.Step> last = last(folder.runs(cell));
    double share = last.map(step -> step.step() / (double) cell.config().train().steps()).orElse(0.0);
    return new Running(cell, share, last.map(step -> step.elapsedSeconds() / share).orElse(Double.NaN));
  }

  /// The last step that the newest attempt has logged; the first, with which everything starts, says nothing of the others.
  private static Optional<Event.Step> last(Path runs) throws IOException {
    Optional<Path> newest = Tree.list(runs).stream().filter(run -> Files.exists(run.resolve(Metrics.FILE)))
        .max(Comparator.naturalOrder());
    try {
      return newest.isEmpty()
          ? Optional.empty()
          : Metrics.read(newest.get()).last(Event.Step.class).filter(step -> step.step() > 1);
    } catch (NoSuchFileException _) { // the cell begins anew
      return Optional.empty();
    }
  }
}

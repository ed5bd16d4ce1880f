package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.cluster.SparkJob;
import norma.train.config.Range;
import norma.train.config.RunConfig.BackendChoice;
import norma.train.files.ProcessLock;
import norma.train.files.ShellText;
import norma.train.report.Decimals;
import norma.train.run.RunException;
import norma.train.study.CellResult;
import norma.train.study.ClusterFolder;
import norma.train.study.Study;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import norma.train.study.StudyReport;
import norma.train.study.StudyWorker;
import norma.train.study.WorkerProcesses;
import norma.train.study.Study.Cell;
import org.jspecify.annotations.Nullable;

/// A study whose runs are tasks of a cluster: the job, one of its runs, what they have found. The number of a run says which it is on every
/// machine, so that nothing but the study's folder has to be shared.
///
/// @param words of the command line: the study and its settings
record StudyCells(StudyFolder folder, List<String> words, Console console) {
  /// Of a run whose configuration says `auto`, as in a study with a process for each core.
  private static final int THREADS = 1;
  /// A run whose process is killed more often, such as by a system that is short of memory, has failed.
  private static final int TRIES = 4;

  /// Prints the job of all runs that are left and can begin now.
  void emit(ClusterJob.Scheduler scheduler) {
    SortedMap<Integer, Cell> cells = folder.numbered();
    SortedSet<Integer> left = numbers(cells, folder::left);
    if (left.isEmpty()) {
      throw new RunException(
          "all " + folder.study().runs() + " runs have ended; " + command() + " --gather makes the tables");
    }
    List<String> command = new ArrayList<>(List.of("study"));
    command.addAll(words);
    command.addAll(List.of("--expect=" + folder.study().hash(), "--cell"));
    console.text(new ClusterJob(folder.study().name(), command, left, folder.study().runs() - cells.size(),
        threads(cells), gpu(cells), System.getenv().getOrDefault(ShellText.CLASSES, "")).text(scheduler));
  }

  private static SortedSet<Integer> numbers(SortedMap<Integer, Cell> cells, Predicate<Cell> which) {
    return cells.entrySet().stream().filter(cell -> which.test(cell.getValue())).map(Map.Entry::getKey)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private SortedSet<Integer> missing(SortedMap<Integer, Cell> cells) {
    return numbers(cells, cell -> folder.result(cell) == null);
  }

  private static int threads(SortedMap<Integer, Cell> cells) {
    return cells.values().stream().mapToInt(cell -> cell.config().runtime().threads().orElse(THREADS)).max()
        .orElse(THREADS);
  }

  private static boolean gpu(SortedMap<Integer, Cell> cells) {
    return cells.values().stream().anyMatch(cell -> cell.config().runtime().backend() == BackendChoice.CUDA);
  }

  /// Has all runs without a result trained by the workers of a cluster: those that choose settings, then the reported ones.
  ///
  /// @param jobs at once, at most
  void train(SparkJob.Place place, OptionalInt jobs, StudyLines lines, AtomicBoolean stop) throws IOException {
    try (ProcessLock lock = folder.lock("cluster")) {
      if (lock == null) {
        throw new RunException(
            folder.path() + " is trained by a cluster already, from another process here; " + command()
                + " --status shows how far it is");
      }
      ClusterFolder cluster = new ClusterFolder(folder);
      cluster.take(); // what has come back since a driver was killed
      SortedSet<Integer> before = new TreeSet<>();
      for (SortedSet<Integer> left = left(); !stop.get() && !left.isEmpty(); left = left()) {
        if (left.equals(before)) {
          throw new RunException("no run has ended; the driver's log is in " + folder.path().resolve("workers"));
        }
        before = left;
        new WorkerProcesses(folder, () -> driver(place, jobs, cluster), lines).run(1, stop);
      }
      cluster.delete();
    }
  }

  private SortedSet<Integer> left() {
    return missing(folder.numbered());
  }

  private ProcessBuilder driver(SparkJob.Place place, OptionalInt jobs, ClusterFolder cluster) throws IOException {
    Study study = folder.study();
    SortedMap<Integer, Cell> cells = folder.numbered();
    String classes = cluster.pack(System.getenv().getOrDefault(ShellText.CLASSES, ""));
    return new SparkJob(place,
        new SparkJob.Work("norma-" + study.name() + "-" + study.hash(), Range.spans(left()), cluster.given(),
            cluster.results()),
        new SparkJob.Tasks(threads(cells), gpu(cells), jobs, OptionalInt.of(TRIES)),
        classes.isEmpty() ? Map.of() : Map.of(ShellText.CLASSES, classes),
        List.of("study", folder.path().toString(), "--expect=" + study.hash(), "--with-parent",
            "--result=" + ClusterFolder.RESULT, "--cell", SparkJob.NUMBER))
        .driver();
  }

  /// Trains one run, unless it has a result.
  ///
  /// @param file for the result, where the folder is not the study's own; null if it is
  /// @return the exit code
  /// @throws RunException if the run failed, or its settings are not chosen yet
  int run(int number, @Nullable Path file, AtomicBoolean stop) throws IOException {
    int runs = folder.study().runs();
    if (number < 0 || number >= runs) {
      throw new IllegalArgumentException("--cell is " + number + "; expected 0 to " + (runs - 1) + ", of "
          + folder.study().name() + "'s " + Decimals.counted(runs, "run"));
    }
    SortedMap<Integer, Cell> cells = folder.numbered();
    Cell cell = cells.get(number);
    if (cell == null) {
      throw new RunException(
          "the settings of run " + number + " are not chosen yet, by the runs before it; "
              + left(cells).orElseThrow());
    }
    if (!StudyFile.isIn(folder.path())) { // for those who look on
      StudyFile.write(folder, "norma" + study());
    }
    Optional<CellResult> result = new StudyWorker(folder, OptionalInt.of(THREADS), stop).run(cell);
    if (result.isEmpty()) {
      console.text("stopped; it goes on with: " + command() + " --cell " + number);
      return Main.INTERRUPTED;
    }
    if (file != null) {
      ClusterFolder.packResult(folder, result.get(), file);
    }
    console.line("run %d of %d  %s", number, runs, StudyLines.words(folder.study(), cell, result.get()));
    if (result.get().failed()) {
      throw new RunException("run " + number + " failed: " + result.get().error());
    }
    return 0;
  }

  /// Writes tables and report of the runs that have ended.
  ///
  /// @throws RunException if some have not, or failed
  void gather() throws IOException {
    if (!Files.isDirectory(folder.path())) {
      throw new RunException(folder.path() + " is not there; expected the folder in which the runs were trained");
    }
    Optional<String> left = left(folder.numbered()); // before the report, which may find more: tasks may be at work
    new StudyLines(folder, console).table(StudyReport.write(folder, "norma" + study()));
    console.line("report   %s", folder.path().resolve("report.html"));
    if (left.isPresent()) {
      throw new RunException(left.get());
    }
  }

  /// Which runs are missing and which failed, and what trains them; nothing if none is left.
  private Optional<String> left(SortedMap<Integer, Cell> cells) {
    SortedSet<Integer> missing = missing(cells);
    SortedSet<Integer> failed = numbers(cells, folder::left);
    failed.removeAll(missing);
    int waiting = folder.study().runs() - cells.size();
    if (missing.isEmpty() && failed.isEmpty() && waiting == 0) {
      return Optional.empty();
    }
    List<String> parts = new ArrayList<>();
    if (!missing.isEmpty()) {
      parts.add("without a result: " + Range.spans(missing));
    }
    if (!failed.isEmpty()) {
      CellResult first = folder.result(Objects.requireNonNull(cells.get(failed.first())));
      parts.add("failed: " + Range.spans(failed) + " (" + failed.first() + ": " + (first == null ? "" : first.error())
          + ")");
    }
    if (waiting > 0) {
      parts.add("without settings yet: " + waiting);
    }
    String one = Stream.concat(missing.stream(), failed.stream()).findFirst()
        .map(first -> ", --cell " + first + " trains one here").orElse("");
    return Optional.of(missing.size() + failed.size() + waiting + " of " + folder.study().runs() + " runs are left; "
        + String.join("; ", parts) + "; " + command() + " --emit slurm (or kubernetes) prints their job" + one);
  }

  private String study() {
    return " study" + ShellText.of(words);
  }

  private String command() {
    return ShellText.norma() + study();
  }
}

package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.BackendChoice;
import norma.train.files.ShellText;
import norma.train.report.Decimals;
import norma.train.run.RunException;
import norma.train.study.CellResult;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import norma.train.study.StudyReport;
import norma.train.study.StudySummary;
import norma.train.study.StudyWorker;
import norma.train.study.Study.Cell;

/// A study whose runs are tasks of a cluster: the job, one of its runs, what they have found. The number of a run says which it is on every
/// machine, so that nothing but the study's folder has to be shared.
///
/// @param words of the command line: the study and its settings
record StudyCells(StudyFolder folder, List<String> words, Console console) {
  /// Of a run whose configuration says `auto`, as in a study with a process for each core.
  private static final int THREADS = 1;

  /// Prints the job of all runs that are left and can begin now.
  void emit(ClusterJob.Scheduler scheduler) throws IOException {
    SortedMap<Integer, Cell> cells = folder.numbered();
    SortedSet<Integer> left = new TreeSet<>();
    for (Map.Entry<Integer, Cell> cell : cells.entrySet()) {
      if (folder.left(cell.getValue())) {
        left.add(cell.getKey());
      }
    }
    if (left.isEmpty()) {
      throw new RunException(
          "all " + folder.study().runs() + " runs have ended; " + command() + " --gather makes the tables");
    }
    if (scheduler == ClusterJob.Scheduler.spark && !Files.exists(ClusterJob.SPARK_JAR)) {
      throw new RunException(ClusterJob.SPARK_JAR + " is not there; ./mvnw -Pcluster -pl cluster package makes it");
    }
    List<RunConfig.Runtime> runtimes = cells.values().stream().map(cell -> cell.config().runtime()).toList();
    List<String> command = new ArrayList<>(List.of("study"));
    command.addAll(words);
    command.addAll(List.of("--expect=" + folder.study().hash(), "--cell"));
    console.text(new ClusterJob(folder.study().name(), command, left, folder.study().runs() - cells.size(),
        runtimes.stream().mapToInt(runtime -> runtime.threads().orElse(THREADS)).max().orElse(THREADS),
        runtimes.stream().anyMatch(runtime -> runtime.backend() == BackendChoice.CUDA),
        System.getenv().getOrDefault("NORMA_CLASSPATH", "")).text(scheduler));
  }

  /// Trains one run, unless it has a result.
  ///
  /// @return the exit code
  /// @throws RunException if the run failed, or its settings are not chosen yet
  int run(int number, AtomicBoolean stop) throws IOException {
    int runs = folder.study().runs();
    if (number < 0 || number >= runs) {
      throw new IllegalArgumentException("--cell is " + number + "; expected 0 to " + (runs - 1) + ", of "
          + folder.study().name() + "'s " + Decimals.counted(runs, "run"));
    }
    SortedMap<Integer, Cell> cells = folder.numbered();
    Cell cell = cells.get(number);
    if (cell == null) {
      throw new RunException(
          "the settings of run " + number + " are not chosen yet, by the runs before it; " + left(cells));
    }
    if (!StudyFile.isIn(folder.path())) { // for those who look on
      StudyFile.write(folder, "norma" + study());
    }
    Optional<CellResult> result = new StudyWorker(folder, OptionalInt.of(THREADS), stop).run(cell);
    if (result.isEmpty()) {
      console.text("stopped; it goes on with: " + command() + " --cell " + number);
      return Main.INTERRUPTED;
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
    StudySummary summary = StudyReport.write(folder, "norma" + study());
    new StudyLines(folder, console).table(summary);
    console.line("report   %s", folder.path().resolve("report.html"));
    if (summary.left() > 0 || !summary.failed().isEmpty()) {
      throw new RunException(left(folder.numbered()));
    }
  }

  /// Which runs are missing and which failed, and what trains them.
  private String left(SortedMap<Integer, Cell> cells) throws IOException {
    SortedSet<Integer> missing = new TreeSet<>();
    SortedMap<Integer, String> failed = new TreeMap<>();
    for (Map.Entry<Integer, Cell> cell : cells.entrySet()) {
      CellResult result = folder.result(cell.getValue());
      if (result == null) {
        missing.add(cell.getKey());
      } else if (result.failed()) {
        failed.put(cell.getKey(), result.error());
      }
    }
    List<String> parts = new ArrayList<>();
    if (!missing.isEmpty()) {
      parts.add("without a result: " + ClusterJob.ranges(missing));
    }
    if (!failed.isEmpty()) {
      parts.add("failed: " + ClusterJob.ranges(new TreeSet<>(failed.keySet())) + " (" + failed.firstKey() + ": "
          + failed.get(failed.firstKey()) + ")");
    }
    int waiting = folder.study().runs() - cells.size();
    if (waiting > 0) {
      parts.add("without settings yet: " + waiting);
    }
    int first = missing.isEmpty() ? failed.firstKey() : missing.first();
    return missing.size() + failed.size() + waiting + " of " + folder.study().runs() + " runs are left; "
        + String.join("; ", parts) + "; " + command() + " --emit slurm (or kubernetes) prints their job, --cell "
        + first
        + " trains one here";
  }

  private String study() {
    return words.stream().map(ShellText::of).reduce(" study", (all, word) -> all + " " + word);
  }

  private String command() {
    return ShellText.norma() + study();
  }
}

package norma.train.cli;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import norma.train.config.Assignment;
import norma.train.report.ShellText;
import norma.train.run.RunException;
import norma.train.study.Calibration;
import norma.train.study.CellResult;
import norma.train.study.OutlierStudy;
import norma.train.study.StabilityCard;
import norma.train.study.Study;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import norma.train.study.StudyPlan;
import norma.train.study.StudyReader;
import norma.train.study.StudyReport;
import norma.train.study.StudySummary;
import norma.train.study.StudyWorker;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `norma study`.
@Command(name = "study", mixinStandardHelpOptions = true, description = "Trains variants of a configuration with the same seeds and compares them in pairs.", customSynopsis = "norma study STUDY [key=value ...] [--jobs N] [--plan | --status]", footer = {
    "",
    "STUDY is a YAML file, or the name of one in configs/studies: norms-quick, norms-paper, slots, blocks, data-size, placement, stability.",
    "norma study outliers: the DyISRU paper's numerical demonstration, without training.",
    "Settings change every run: train.steps=500 data.corpus=my.txt",
    "Runs, results.csv, summary.md and report.html go to studies/NAME. Finished runs are never repeated: the same command goes on",
    "where it was stopped, and several may work on one folder at once." })
final class StudyCommand implements Callable<Integer> {
  private static final Path STUDIES = Path.of("studies");
  private static final int RESTARTS = 3;
  private static final int LOOK_MILLIS = 500;

  @ParentCommand
  private Main main;

  @Parameters(paramLabel = "STUDY | key=value", arity = "1..*", description = "A study file, and settings for all of its runs.")
  private List<String> arguments = new ArrayList<>();

  @Option(names = "--jobs", paramLabel = "N", description = "Runs at once. The cores are divided among them. Default: one for each core.")
  private int jobs = Runtime.getRuntime().availableProcessors();

  @Option(names = "--plan", description = "Shows what the study costs and what so many seeds can show, and stops.")
  private boolean plan;

  @Option(names = "--status", description = "Shows where it stands, and stops.")
  private boolean status;

  @Option(names = "--worker", hidden = true, description = "Works off runs with so many threads each.")
  private int workerThreads;

  @Option(names = "--expect", hidden = true, description = "The study as the process that started this one has read it.")
  private String expected = "";

  private final Console console = new Console();

  @Override
  public Integer call() throws IOException {
    Words words = Words.of(arguments);
    List<String> files = words.files();
    if (files.size() != 1) {
      throw new IllegalArgumentException("expected one study file, got "
          + (files.isEmpty() ? "none" : String.join(" and ", files)) + "; see norma study --help");
    }
    if (jobs < 1) {
      throw new IllegalArgumentException("--jobs is " + jobs + "; expected 1 or more");
    }
    if (files.getFirst().equals("outliers") && !Files.exists(Path.of("outliers"))) {
      if (arguments.size() > 1) {
        throw new IllegalArgumentException("norma study outliers takes no settings, got "
            + String.join(" ", arguments.subList(1, arguments.size())));
      }
      return outliers();
    }
    List<String> settings = words.settings();
    Path file = find(files.getFirst());
    Calibration calibration = workerThreads > 0 || status
        ? Calibration.known(STUDIES)
        : new Calibration(STUDIES, jobs, console::text);
    Study study = StudyReader.read(file, Assignment.parse(settings), calibration);
    StudyFolder folder = new StudyFolder(study, STUDIES.resolve(study.name()));
    if (workerThreads > 0) {
      if (!study.hash().equals(expected)) {
        throw new RunException(file + ", its base or its text was changed while the study ran; start it again");
      }
      return work(folder);
    }
    String command = "norma study " + arguments.stream().map(ShellText::of).collect(Collectors.joining(" "));
    console.text(console.bold("norma study  " + study.title()));
    if (!study.note().isEmpty()) {
      console.text(study.note());
    }
    if (plan) {
      show(StudyPlan.of(folder, jobs), study);
      return 0;
    }
    if (status) {
      table(StudySummary.of(folder), StabilityCard.of(folder));
      return 0;
    }
    return run(folder, file, settings, command);
  }

  /// The paper's demonstration, which trains nothing.
  private int outliers() throws IOException {
    OutlierStudy study = OutlierStudy.ofThePaper();
    study.lines().forEach(console::text);
    console.line("report   %s", StudyReport.writeOutliers(study, STUDIES.resolve("outliers")));
    return 0;
  }

  private static Path find(String name) {
    Path shipped = TrainCommand.find("configs/studies/" + name + ".yaml");
    return !Files.exists(Path.of(name)) && Files.exists(shipped) ? shipped : TrainCommand.find(name);
  }

  private int work(StudyFolder folder) throws IOException {
    try (StopSignal signal = new StopSignal(main)) {
      ProcessHandle.current().parent().ifPresent(parent -> {
        var _ = parent.onExit().thenRun(() -> signal.flag().set(true)); // nobody would read what is found
      });
      new StudyWorker(folder, OptionalInt.of(workerThreads), signal.flag()).run();
      return signal.flag().get() ? Main.INTERRUPTED : 0;
    }
  }

  private void show(StudyPlan plan, Study study) {
    console.line("runs     %,d of %,d are left: %d variants, %d seeds%s", plan.left(), plan.runs(),
        study.variants().size(), study.seeds().size(), study.tuningCells().isEmpty()
            ? ""
            : ", and " + study.tuningCells().size() + " runs to choose settings on other seeds");
    console.line("steps    %s", study.steps());
    console.line("time     about %s with %d at once (a step takes %.1f ms; %sFLOP of training in all)",
        Console.time(plan.hours() * 3600), jobs, plan.stepMillis(), Console.metric(plan.flops()));
    console.line("p        the smallest after correction for %d comparisons is %.2g%s", study.comparisons(),
        plan.smallestP(), Double.isNaN(plan.deviations()) ? ": too few seeds to tell anything apart" : "");
    if (!Double.isNaN(plan.deviations())) {
      console.line("shows    with a probability of 0.8 a true difference of %.2f standard deviations of the pairs%s",
          plan.deviations(), Double.isNaN(plan.nats())
              ? ""
              : String.format(Locale.ROOT, ", %.4f nats by the pairs that were run", plan.nats()));
    }
  }

  private int run(StudyFolder folder, Path file, List<String> settings, String command) throws IOException {
    int open = openRuns(folder);
    int cores = Runtime.getRuntime().availableProcessors();
    int processes = Math.min(jobs, Math.max(1, open));
    console.line("runs     %d of %d are left; %d at once; results in %s", open, folder.study().runs(), processes,
        folder.path());
    console.line("steps    %s", folder.study().steps());
    StudyFile.write(folder, command);
    try (StopSignal signal = new StopSignal(main)) {
      if (open > 0) {
        new Workers(folder, file, settings, StudyWorker.threadsOfEach(cores, processes)).run(processes, signal.flag());
      }
      StudySummary summary = StudyReport.write(folder, command);
      console.text("");
      table(summary, StabilityCard.of(folder));
      console.line("report   %s", folder.path().resolve("report.html"));
      return signal.flag().get() ? Main.INTERRUPTED : 0;
    }
  }

  private static int openRuns(StudyFolder folder) throws IOException {
    StudySummary summary = StudySummary.of(folder);
    return summary.runs() - summary.finished();
  }

  private void table(StudySummary summary, StabilityCard stability) {
    console.text(summary.terminalTable());
    console.text("");
    if (!stability.sweeps().isEmpty()) {
      console.text(stability.terminalTable());
      console.text("");
    }
    console.text(summary.paragraph());
    summary.remarks().forEach(remark -> console.text("* " + remark));
  }

  /// Processes that work on the study, and the line that says how far they are.
  private final class Workers {
    private final StudyFolder folder;
    private final List<String> command = new ArrayList<>();
    private final List<Process> processes = new ArrayList<>();
    private final Set<String> shown = new HashSet<>();
    private final long start = System.nanoTime();
    private int finishedBefore;
    private int restarts;

    Workers(StudyFolder folder, Path file, List<String> settings, int threads) {
      this.folder = folder;
      command.addAll(List.of(Path.of(System.getProperty("norma.home", "."), "norma").toString(), "study",
          file.toString(), "--worker=" + threads, "--expect=" + folder.study().hash()));
      command.addAll(settings);
    }

    void run(int count, AtomicBoolean stop) throws IOException {
      for (Study.Cell cell : folder.cells()) {
        if (folder.result(cell) != null) {
          shown.add(cell.id());
        }
      }
      finishedBefore = shown.size();
      try {
        for (int i = 0; i < count; i++) {
          processes.add(start(i));
        }
        while (!stop.get() && running()) {
          progress();
        }
      } finally {
        processes.forEach(Process::destroy); // a worker that is asked to stop finishes its step
        processes.forEach(process -> process.onExit().join());
      }
      finished();
    }

    private Process start(int number) throws IOException {
      Path log = log(number);
      Files.createDirectories(log.getParent());
      return new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(Redirect.appendTo(log.toFile()))
          .start();
    }

    /// Others that work on the same folder have logs of their own.
    private Path log(int number) {
      return folder.path().resolve("workers").resolve(ProcessHandle.current().pid() + "-" + number + ".log");
    }

    /// Whether any worker lives. One that was killed is replaced; one that failed ends the study with its message.
    private boolean running() throws IOException {
      boolean alive = false;
      for (int i = 0; i < processes.size(); i++) {
        Process process = processes.get(i);
        alive |= process.isAlive();
        if (!process.isAlive() && process.exitValue() != 0) {
          Path log = log(i);
          boolean killed = process.exitValue() > Main.INTERRUPTED;
          if (!killed || restarts == RESTARTS) {
            String last = Files.readString(log).lines().filter(line -> line.startsWith("norma: "))
                .reduce((a, b) -> b).orElse("exit code " + process.exitValue()).replaceFirst("^norma: ", "");
            throw new RunException("a worker failed: " + last + "; its log is " + log);
          }
          restarts++;
          processes.set(i, start(i));
          alive = true;
        }
      }
      return alive;
    }

    private void progress() throws IOException {
      try {
        TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      finished();
      int done = shown.size();
      double seconds = (System.nanoTime() - start) / 1e9;
      int here = done - finishedBefore;
      console.status(String.format(Locale.ROOT, "%d of %d runs  %s  ETA %s", done, folder.study().runs(),
          Console.time(seconds), here == 0
              ? "after the first run"
              : Console.time(seconds / here * (folder.study().runs() - done))));
    }

    /// A line for each run that has ended since we looked.
    private void finished() throws IOException {
      for (Study.Cell cell : folder.cells()) {
        CellResult result = shown.contains(cell.id()) ? null : folder.result(cell);
        if (result != null) {
          shown.add(cell.id());
          console.line("%4d/%-4d %-32s seed %-6d %s", shown.size(), folder.study().runs(),
              cell.variant().name() + (cell.tuning() ? " " + cell.candidate().label() : ""), cell.seed(),
              result.status().equals("completed")
                  ? String.format(Locale.ROOT, "best %.4f at %d, final %.4f, %s", result.bestLoss(), result.bestStep(),
                      result.finalLoss(), Console.time(result.seconds()))
                  : result.status() + ": " + result.error());
        }
      }
    }
  }
}

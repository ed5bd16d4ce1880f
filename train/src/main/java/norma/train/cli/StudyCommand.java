package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import norma.train.cluster.SparkJob;
import norma.train.config.Assignment;
import norma.train.config.Range;
import norma.train.files.Installation;
import norma.train.files.ShellText;
import norma.train.files.Tree;
import norma.train.inspect.OutlierStudy;
import norma.train.report.Decimals;
import norma.train.run.RunException;
import norma.train.study.Calibration;
import norma.train.study.CellResult;
import norma.train.study.Study;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import norma.train.study.StudyPlan;
import norma.train.study.StudyProgress;
import norma.train.study.StudyReader;
import norma.train.study.StudyReport;
import norma.train.study.StudySummary;
import norma.train.study.StudyWorker;
import norma.train.study.UntrainableVariants;
import norma.train.study.WorkerProcesses;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `norma study`.
@Command(name = "study", mixinStandardHelpOptions = true, description = "Trains variants of a configuration with the same seeds and compares them in pairs.", customSynopsis = "norma study STUDY [key=value ...] [--jobs N] [--cluster MASTER | --plan | --status | --emit SYSTEM | --cell N | --gather]", footer = {
    "",
    "STUDY is a YAML file, or the name of one in configs/studies, such as norms-quick; docs/studies.md says what each asks.",
    "norma study outliers: the DyISRU paper's numerical demonstration, without training.",
    "Settings change every run: train.steps=500 data.corpus=my.txt",
    "Runs, results.csv, summary.md and report.html go to studies/NAME. Finished runs are never repeated: the same command goes on",
    "where it was stopped, and several may work on one folder at once.",
    "On a cluster: norma study STUDY --cluster spark://HOST:7077, or --emit slurm | sbatch, then --gather (docs/cluster.md)." })
final class StudyCommand implements Callable<Integer> {
  /// What may be the name of a study that Norma brings, and is no file's.
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9-]+");

  /// Each is a process of this machine.
  private static final Range JOBS = Range.whole(1, 4096);

  @ParentCommand
  private Main main;

  @Parameters(paramLabel = "STUDY | key=value", arity = "1..*", description = "A study file, and settings for all of its runs.")
  private List<String> arguments = new ArrayList<>();

  @Option(names = "--jobs", paramLabel = "N", description = "Runs at once. The cores are divided among them. Default: one for each core; with --cluster, for each of the cluster's.")
  private @Nullable Integer jobs;

  /// What is done in place of the whole study.
  private static final class Instead {
    @Option(names = "--cluster", paramLabel = "MASTER", description = "Has the workers of a cluster of Apache Spark train the runs: spark://HOST:PORT. They need no folder in common.")
    private @Nullable String cluster;

    @Option(names = "--plan", description = "Shows what the study costs and what so many seeds can show, and stops.")
    private boolean plan;

    @Option(names = "--status", description = "Shows where it stands, and stops.")
    private boolean status;

    @Option(names = "--emit", paramLabel = "SYSTEM", description = "Prints a cluster's job of the runs that are left, and stops: its task N trains run N. SYSTEM: ${COMPLETION-CANDIDATES}.")
    private ClusterJob.@Nullable Scheduler emit;

    @Option(names = "--cell", paramLabel = "N", description = "Trains run N alone, counted from 0.")
    private @Nullable Integer cell;

    @Option(names = "--gather", description = "Makes the tables of the runs that have ended, and says which have not.")
    private boolean gather;

    boolean given() {
      return cluster != null || plan || status || ofCluster();
    }

    boolean ofCluster() {
      return emit != null || cell != null || gather;
    }
  }

  @ArgGroup
  private Instead instead = new Instead();

  @Option(names = "--ship", paramLabel = "ARCHIVE", description = Sharing.SHIP)
  private @Nullable Path ship;

  @Option(names = "--with-parent", hidden = true, description = "Stops when the process that started this one has ended.")
  private boolean withParent;

  @Option(names = "--result", hidden = true, description = "With --cell: writes the run without its weights to this archive.")
  private @Nullable Path result;

  @Option(names = "--worker", hidden = true, description = "Works off runs with so many threads each.")
  private int workerThreads;

  @Option(names = "--parent", hidden = true, description = "With --worker: stops when this process has ended.")
  private long parent;

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
    JOBS.check("--jobs", jobs());
    if (ship != null && instead.cluster == null) {
      throw new IllegalArgumentException("--ship goes with --cluster spark://HOST:PORT, whose workers need Norma");
    }
    if (files.getFirst().equals("outliers") && !Files.exists(Path.of("outliers"))) {
      if (!words.settings().isEmpty()) {
        throw new IllegalArgumentException(
            "norma study outliers takes no settings, got " + String.join(" ", words.settings()));
      }
      if (jobs != null || instead.given()) {
        throw new IllegalArgumentException("norma study outliers trains nothing, and takes no options");
      }
      return outliers();
    }
    List<String> settings = words.settings();
    Path file = result != null ? Path.of(files.getFirst()) : find(files.getFirst());
    Study study = result != null ? StudyFile.read(file).study() : read(file, settings);
    StudyFolder folder = new StudyFolder(study, StoredWork.STUDIES.resolve(study.name()));
    if (!expected.isEmpty() && !study.hash().equals(expected)) {
      throw new RunException(file + ", its base or its text was changed since the study was started; start it again");
    }
    if (workerThreads > 0) {
      return work(folder);
    }
    if (instead.ofCluster()) {
      return cluster(new StudyCells(folder, arguments, console));
    }
    String command = "norma" + again();
    console.text(console.bold("norma study  " + study.title()));
    if (!study.note().isEmpty()) {
      console.text(study.note());
    }
    if (instead.plan) {
      UntrainableVariants.refuse(folder, StudyWorker.threadsOfEach(jobs(), study));
      try (StopSignal signal = new StopSignal(main)) {
        Optional<StudyPlan> plan = StudyPlan.of(folder, jobs(), signal.flag());
        plan.ifPresent(shown -> show(shown, study));
        return signal.flag().get() ? Main.INTERRUPTED : 0;
      }
    }
    StudyLines lines = new StudyLines(folder, console);
    if (instead.status) {
      StudyProgress progress = StudyProgress.of(folder);
      console.line("runs     %s%s", lines.words(progress),
          progress.underWay() == 0 || Double.isNaN(progress.secondsLeft())
              ? ""
              : "; about " + Console.time(progress.secondsLeft()) + " left");
      lines.table(StudySummary.of(folder));
      return 0;
    }
    return run(lines, file, settings, command);
  }

  private int jobs() {
    return jobs == null ? Runtime.getRuntime().availableProcessors() : jobs;
  }

  private Study read(Path file, List<String> settings) {
    Calibration calibration = workerThreads > 0 || instead.status
        ? Calibration.known(StoredWork.STUDIES)
        : instead.ofCluster() || instead.cluster != null
            ? Calibration.complete(StoredWork.STUDIES)
            : new Calibration.Measuring(StoredWork.STUDIES, jobs(), console::text);
    return StudyReader.read(file, Assignment.parse(settings), calibration);
  }

  private int cluster(StudyCells cells) throws IOException {
    Integer cell = instead.cell;
    if (cell != null) {
      try (StopSignal signal = new StopSignal(main)) {
        if (withParent) {
          signal.comesWithTheParentsEnd();
        }
        return cells.run(cell, result, signal.flag());
      }
    }
    if (instead.emit != null) {
      cells.emit(instead.emit);
    } else {
      cells.gather();
    }
    return 0;
  }

  /// What this command was given.
  private String again() {
    return " study" + ShellText.of(arguments);
  }

  /// The same, and where.
  private String goOn() {
    return ShellText.norma() + again() + (jobs == null ? "" : " --jobs " + jobs)
        + (instead.cluster == null ? "" : " --cluster " + ShellText.of(instead.cluster))
        + (ship == null ? "" : " --ship " + ShellText.of(ship.toString()));
  }

  /// The paper's demonstration, which trains nothing.
  private int outliers() throws IOException {
    OutlierStudy study = OutlierStudy.ofThePaper();
    study.lines().forEach(console::text);
    console.line("report   %s", study.write(StoredWork.STUDIES.resolve("outliers")));
    return 0;
  }

  private static Path find(String name) throws IOException {
    Path shipped = Words.find("configs/studies/" + name + ".yaml");
    Path file = !Files.exists(Path.of(name)) && Files.exists(shipped) ? shipped : Words.find(name);
    if (!Files.exists(file) && NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("no study is called " + name + "; expected a YAML file, or one of "
          + String.join(", ", shipped()));
    }
    return file;
  }

  /// The names of the studies that Norma brings.
  private static List<String> shipped() throws IOException {
    return Tree.list(Words.find("configs/studies")).stream().map(file -> String.valueOf(file.getFileName()))
        .filter(name -> name.endsWith(".yaml")).map(name -> name.substring(0, name.length() - ".yaml".length()))
        .sorted().toList();
  }

  private int work(StudyFolder folder) throws IOException {
    try (StopSignal signal = new StopSignal(main)) {
      signal.comesWithTheEndOf(parent);
      boolean again = new StudyWorker(folder, OptionalInt.of(workerThreads), signal.flag()).run();
      return signal.flag().get() ? Main.INTERRUPTED : again ? WorkerProcesses.AGAIN : 0;
    }
  }

  private void show(StudyPlan plan, Study study) {
    console.line("runs     %,d of %,d are left%s: %s, %s%s", plan.left(), plan.runs(), plan.found() == 0
        ? ""
        : " (" + Decimals.counted(plan.found(), "run") + " of the same work found)",
        Decimals.counted(study.variants().size(), "variant"), Decimals.counted(study.seeds().size(), "seed"),
        study.tuningCells().isEmpty()
            ? ""
            : ", and " + Decimals.counted(study.tuningCells().size(), "run") + " to choose settings on other seeds");
    console.line("steps    %s", study.steps());
    study.onePoint().ifPresent(words -> console.line("curves   %s", words));
    if (plan.left() > 0) {
      console.line("time     about %s with %d at once (a step takes %.1f ms; %sFLOP of training in all)",
          Console.time(plan.seconds()), Math.min(jobs(), plan.left()), plan.stepMillis(),
          Decimals.metric(plan.flops()));
    }
    if (study.comparisons() == 0) {
      return;
    }
    console.line("p        the smallest after correction for %s is %.2g%s",
        Decimals.counted(study.comparisons(), "comparison"),
        plan.smallestP(), Double.isNaN(plan.deviations()) ? ": too few seeds to tell anything apart" : "");
    if (!Double.isNaN(plan.deviations())) {
      console.line("shows    with a probability of 0.8 a true difference of %.2f standard deviations of the pairs%s",
          plan.deviations(), Double.isNaN(plan.nats())
              ? ""
              : String.format(Locale.ROOT, ", %.4f nats by the pairs that were run", plan.nats()));
    }
  }

  private int run(StudyLines lines, Path file, List<String> settings, String command) throws IOException {
    StudyFolder folder = lines.folder();
    int threads = StudyWorker.threadsOfEach(jobs(), folder.study());
    SparkJob.Place place = instead.cluster == null
        ? null
        : SparkJob.Place.of(instead.cluster, ship, console::text);
    if (place == null) {
      UntrainableVariants.refuse(folder, threads);
    }
    int again = folder.reopenFailed();
    int open = StudySummary.of(folder).left();
    int processes = Math.min(jobs(), Math.max(1, open));
    console.line("runs     %d of %d are left%s; %s; results in %s", open, folder.study().runs(),
        again == 0 ? "" : ", " + again + " of which failed before",
        place == null ? processes + " at once" : "on " + place.master().url(), folder.path());
    console.line("steps    %s", folder.study().steps());
    StudyFile.write(folder, command);
    try (console; StopSignal signal = new StopSignal(main)) {
      if (place != null) {
        OptionalInt most = jobs == null ? OptionalInt.empty() : OptionalInt.of(jobs);
        new StudyCells(folder, arguments, console).train(place, most, lines, signal.flag());
      } else if (open > 0) {
        List<String> worker = worker(folder, file, settings, threads);
        new WorkerProcesses(folder, () -> new ProcessBuilder(worker), lines).run(processes, signal.flag());
      }
      StudySummary summary = StudyReport.write(folder, command);
      console.text("");
      lines.table(summary);
      console.line("report   %s", folder.path().resolve("report.html"));
      if (signal.flag().get() && summary.left() > 0) {
        console.text("stopped; it goes on with: " + goOn());
        return Main.INTERRUPTED;
      }
      requireNoneFailed(summary);
      return 0;
    }
  }

  private static void requireNoneFailed(StudySummary summary) {
    if (!summary.failed().isEmpty()) {
      CellResult first = summary.failed().getFirst();
      throw new RunException(summary.failed().size() + " of " + summary.runs() + " runs failed, the first "
          + first.cell() + ": " + first.error() + "; the same command tries them again");
    }
  }

  private static List<String> worker(StudyFolder folder, Path file, List<String> settings, int threads) {
    List<String> command = new ArrayList<>(List.of(Installation.file("norma").toString(),
        "study", file.toString(), "--worker=" + threads, "--parent=" + ProcessHandle.current().pid(),
        "--expect=" + folder.study().hash()));
    command.addAll(settings);
    return command;
  }
}

package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.Errors;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.run.OwnNorms;
import norma.train.run.RunFolder;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `norma ls`.
@Command(name = "ls", mixinStandardHelpOptions = true, sortOptions = false, description = "Runs and studies, the newest last: state, best validation loss, steps, speed, size, time since the last change, and the settings by which runs differ.", customSynopsis = "norma ls [FOLDER ...]", footer = {
    "", "Without FOLDER: runs and studies. norma ls studies/norms-quick shows the runs of a study.",
    "A command takes the beginning of a run's name, or last for the newest: norma sample last" })
final class LsCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FOLDER", arity = "0..*", description = "Where to look: folders with runs or studies, or these themselves.")
  private List<Path> folders = new ArrayList<>();

  /// A line of the list.
  ///
  /// @param speed  tokens a second; NaN where nobody measured it
  /// @param config of a run
  /// @param words  what there is to say beside it
  record Row(StoredWork work, String state, String loss, String steps, double speed, Optional<RunConfig> config,
      String words) {
    static Row of(StoredWork work) {
      try {
        return switch (work.kind()) {
          case RUN -> run(work);
          case STUDY -> study(work);
          case NOTHING -> damaged(work, "it has no config.yaml");
        };
      } catch (IOException | RuntimeException e) { // the latter is whatever a damaged file leads to
        return damaged(work, Errors.line(e));
      }
    }

    private static Row run(StoredWork work) throws IOException {
      RunFolder folder = new RunFolder(work.path());
      String missing = OwnNorms.missing(folder.environment());
      RunConfig config = folder.config(OwnNorms.without(missing));
      Metrics metrics = Metrics.read(work.path());
      boolean running = metrics.state().equals("unfinished") && work.owner().isPresent();
      String loss = metrics.bestEval()
          .map(eval -> Decimals.loss(eval.valLoss()) + (eval.valTokens() == 0 ? "" : " (estimate)"))
          .orElse(Table.NONE);
      int step = metrics.events().stream().mapToInt(Event::step).max().orElse(0);
      return new Row(work, running ? "running" : metrics.state(), loss,
          step + "/" + config.train().steps(), metrics.tokensPerSecond(), Optional.of(config), missing);
    }

    private static Row study(StoredWork work) throws IOException {
      StudyFile file = StudyFile.read(work.path());
      StudyFolder folder = new StudyFolder(file.study(), work.path());
      long done = folder.cells().stream().filter(cell -> !folder.left(cell)).count();
      int runs = file.study().runs();
      String state = work.owner().isPresent() ? "running" : done < runs ? "unfinished" : "completed";
      return new Row(work, state, Table.NONE, done + "/" + runs, Double.NaN, Optional.empty(), file.title());
    }

    private static Row damaged(StoredWork work, String why) {
      return new Row(work, "damaged", Table.NONE, Table.NONE, Double.NaN, Optional.empty(), why);
    }

    String size() {
      try {
        return Decimals.bytes(work.files().stream().mapToLong(StoredWork.File::bytes).sum());
      } catch (IOException e) {
        return Table.NONE;
      }
    }

    String age() {
      long seconds = Math.max(0, (System.currentTimeMillis() - work.changed().toMillis()) / 1000);
      return seconds < 60
          ? seconds + " s"
          : seconds < 3600 ? seconds / 60 + " min" : seconds < 86_400 ? seconds / 3600 + " h" : seconds / 86_400 + " d";
    }

    /// The settings that the usual run does not have, those of several slots once.
    ///
    /// @param usual of all runs, if there is one
    String differs(Optional<Row> usual) {
      Map<String, String> paths = new LinkedHashMap<>(); // by what is the same
      if (usual.isPresent() && config.isPresent()) {
        RunConfigWriter.differences(usual.get().config.orElseThrow(), config.get()).stream()
            .filter(d -> !NAMES.contains(d.path()) && (words.isEmpty() || !d.path().startsWith(NORM)))
            .forEach(d -> paths.merge((d.path().startsWith(NORM) ? NORM : d.path()) + "=" + d.right(), d.path(),
                (slots, slot) -> slots + "," + slot.substring(NORM.length())));
      }
      Stream<String> settings = paths.entrySet().stream()
          .map(entry -> entry.getValue() + entry.getKey().substring(entry.getKey().indexOf('=')));
      return Stream.concat(settings, Stream.of(words)).filter(text -> !text.isEmpty()).collect(Collectors.joining(" "));
    }
  }

  private static final String NORM = "model.norm.";
  /// What is another for every run.
  private static final Set<String> NAMES = Set.of("name", "output.dir");

  static final Table<Row> TABLE = new Table<Row>().name("name", row -> row.work.shown())
      .text("state", Row::state).number("val loss", Row::loss).number("steps", Row::steps)
      .number("tokens/s", row -> Decimals.count(row.speed)).number("size", Row::size).number("age", Row::age);

  @Override
  public Integer call() throws IOException {
    List<Row> rows = new ArrayList<>();
    for (Path folder : folders.isEmpty() ? List.of(StoredWork.STUDIES, StoredWork.RUNS) : folders) {
      Path found = StoredWork.runOrStudy(folder);
      if (!folders.isEmpty() && !Files.isDirectory(found)) {
        throw new IllegalArgumentException(folder + " is not a folder; expected one with runs or studies");
      }
      for (StoredWork work : StoredWork.below(found)) {
        rows.add(Row.of(work));
      }
    }
    show(rows, new Console());
    return 0;
  }

  private void show(List<Row> rows, Console console) {
    if (rows.isEmpty()) {
      console.text(folders.isEmpty()
          ? "no run in " + StoredWork.RUNS + ", no study in " + StoredWork.STUDIES + ": norma train makes the first"
          : "no run and no study");
      return;
    }
    Optional<Row> usual = usual(rows.stream().filter(row -> row.config().isPresent()).toList());
    String title = usual.map(row -> "differs from " + row.work.shown() + " in").orElse("differs");
    if (!console.terminal()) {
      TABLE.text(title, row -> row.differs(usual)).lines(rows).forEach(console::text);
      return;
    }
    List<String> lines = TABLE.lines(rows);
    console.text(console.bold(lines.getFirst()) + (rows.size() > 1 ? console.dim("  " + title) : ""));
    for (int i = 0; i < rows.size(); i++) {
      console.text(lines.get(i + 1));
      String differs = rows.get(i).differs(usual);
      if (!differs.isEmpty()) {
        console.text(console.dim("    " + differs));
      }
    }
  }

  /// The run with the most settings that most have, the first of several.
  private static Optional<Row> usual(List<Row> runs) {
    Map<Row, Set<Map.Entry<String, String>>> settings = new LinkedHashMap<>();
    runs.forEach(run -> settings.put(run, RunConfigWriter.flatten(run.config().orElseThrow()).entrySet()));
    Map<Map.Entry<String, String>, Long> counts = settings.values().stream().flatMap(Set::stream)
        .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    return settings.entrySet().stream()
        .min(Comparator.comparingLong(
            run -> -run.getValue().stream().mapToLong(setting -> counts.getOrDefault(setting, 0L)).sum()))
        .map(Map.Entry::getKey);
  }
}

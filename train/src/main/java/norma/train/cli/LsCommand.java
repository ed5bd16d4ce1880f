package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.config.Assignment;
import norma.train.config.Node;
import norma.train.config.YamlReader;
import norma.train.files.Errors;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.study.StudyFile;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `norma ls`.
@Command(name = "ls", mixinStandardHelpOptions = true, sortOptions = false, description = "Runs and studies, the newest last: state, best validation loss, steps, size, time since the last change, and the settings by which runs differ.", customSynopsis = "norma ls [FOLDER ...]", footer = {
    "", "Without FOLDER: runs and studies. norma ls studies/norms-quick shows the runs of a study.",
    "A command takes the beginning of a run's name, or last for the newest: norma sample last" })
final class LsCommand implements Callable<Integer> {
  @Parameters(paramLabel = "FOLDER", arity = "0..*", description = "Where to look: folders with runs or studies, or these themselves.")
  private List<Path> folders = new ArrayList<>();

  /// A line of the list.
  ///
  /// @param settings of a run, by their paths
  /// @param words    what there is to say where there are no settings
  record Row(StoredWork work, String state, String loss, String steps, Map<String, String> settings,
      String words) {
    static Row of(StoredWork work) {
      try {
        return switch (work.kind()) {
          case RUN -> run(work);
          case STUDY -> study(work);
          case NOTHING -> damaged(work, "it has no config.yaml");
        };
      } catch (IOException e) {
        return damaged(work, Errors.line(e));
      } catch (RuntimeException e) { // whatever a damaged file leads to
        return damaged(work, String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
      }
    }

    private static Row run(StoredWork work) throws IOException {
      Map<String, String> settings = new LinkedHashMap<>();
      flatten("", YamlReader.read(work.path().resolve("config.yaml")), settings);
      Metrics metrics = Metrics.read(work.path());
      boolean running = metrics.state().equals("unfinished") && work.owner().isPresent();
      double best = metrics.of(Event.Eval.class).stream().mapToDouble(Event.Eval::valLoss).min().orElse(Double.NaN);
      int step = metrics.events().stream().mapToInt(Event::step).max().orElse(0);
      return new Row(work, running ? "running" : metrics.state(), Decimals.loss(best),
          step + "/" + settings.getOrDefault("train.steps", "=?").split("=", 2)[1], settings, "");
    }

    private static Row study(StoredWork work) throws IOException {
      StudyFile file = StudyFile.read(work.path());
      Path cells = work.path().resolve("cells");
      long done = 0;
      if (Files.isDirectory(cells)) {
        try (Stream<Path> results = Files.list(cells)) {
          done = results.filter(result -> result.toString().endsWith(".json")).count();
        }
      }
      int runs = file.study().runs();
      String state = work.owner().isPresent() ? "running" : done < runs ? "unfinished" : "completed";
      return new Row(work, state, Table.NONE, done + "/" + runs, Map.of(), file.title());
    }

    private static Row damaged(StoredWork work, String why) {
      return new Row(work, "damaged", Table.NONE, Table.NONE, Map.of(), why);
    }

    private static void flatten(String prefix, Node.Mapping mapping, Map<String, String> flat) {
      mapping.entries().forEach((key, entry) -> {
        if (entry.value() instanceof Node.Mapping inner && inner.get("type") == null && inner.get("y") == null) {
          flatten(prefix + key + ".", inner, flat);
        } else {
          flat.put(prefix + key, Assignment.of(prefix + key, entry.value()).toString());
        }
      });
    }

    String size() {
      try {
        return Decimals.bytes(work.bytes());
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

    /// The settings that most of the others do not have.
    String differs(Map<String, String> usual) {
      return settings.isEmpty()
          ? words
          : usual.entrySet().stream().filter(key -> !settings.getOrDefault(key.getKey(), key.getValue())
              .equals(key.getValue())).map(key -> Objects.requireNonNull(settings.get(key.getKey())))
              .collect(Collectors.joining(" "));
    }
  }

  static final Table<Row> TABLE = new Table<Row>().name("name", row -> row.work.shown())
      .text("state", Row::state).number("val loss", Row::loss).number("steps", Row::steps).number("size", Row::size)
      .number("age", Row::age);

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
    Map<String, String> usual = usual(rows.stream().map(Row::settings).filter(all -> !all.isEmpty()).toList());
    if (!console.terminal()) {
      TABLE.text("differs", row -> row.differs(usual)).lines(rows).forEach(console::text);
      return;
    }
    List<String> lines = TABLE.lines(rows);
    console.text(console.bold(lines.getFirst()));
    for (int i = 0; i < rows.size(); i++) {
      console.text(lines.get(i + 1));
      String differs = rows.get(i).differs(usual);
      if (!differs.isEmpty()) {
        console.text(console.dim("    " + differs));
      }
    }
  }

  /// The value that most runs have, the first of several: of every setting that not all have alike, but for the names.
  private static Map<String, String> usual(List<Map<String, String>> runs) {
    Set<String> paths = new LinkedHashSet<>();
    runs.forEach(run -> paths.addAll(run.keySet()));
    paths.removeAll(Set.of("name", "output.dir"));
    Map<String, String> usual = new LinkedHashMap<>();
    for (String path : paths) {
      Map<String, Integer> counts = new LinkedHashMap<>();
      runs.forEach(run -> counts.merge(run.getOrDefault(path, ""), 1, Integer::sum));
      int most = Collections.max(counts.values());
      if (counts.size() > 1) {
        usual.put(path, counts.entrySet().stream().filter(count -> count.getValue() == most).findFirst().orElseThrow()
            .getKey());
      }
    }
    return usual;
  }
}

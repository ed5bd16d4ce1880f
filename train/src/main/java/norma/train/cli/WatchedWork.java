package norma.train.cli;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import norma.train.metrics.Metrics;
import norma.train.report.ComparePage;
import norma.train.report.RunReport;
import norma.train.report.Svg;
import norma.train.report.Table;
import norma.train.report.Template;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import norma.train.study.StudyReport;
import norma.train.watch.WatchServer;

/// The pages of runs and studies in some folders: a run's and a study's own, several runs together, and what there is.
///
/// @param folders runs, studies, or folders with them
record WatchedWork(List<Path> folders) implements WatchServer.Pages {
  private static final String LIVE = Template.resource("watch.js");

  WatchedWork {
    folders = List.copyOf(folders);
  }

  @Override
  public Optional<String> page(List<String> names, String token) throws IOException {
    List<StoredWork> all = all();
    if (names.isEmpty()) {
      return Optional.of(all.size() == 1 && folders.contains(all.getFirst().path())
          ? page(all.getFirst())
          : overview(all, token));
    }
    List<StoredWork> asked = asked(names);
    return asked.isEmpty()
        ? Optional.empty()
        : Optional.of(asked.size() == 1 ? page(asked.getFirst()) : together(asked));
  }

  @Override
  public String stamp(List<String> names) throws IOException {
    List<StoredWork> works = names.isEmpty() ? all() : asked(names);
    boolean overview = names.isEmpty() && !(works.size() == 1 && folders.contains(works.getFirst().path()));
    StringBuilder stamp = new StringBuilder().append(overview ? System.currentTimeMillis() / 60_000 : 0); // ages
    for (StoredWork work : works) {
      Path log = work.path().resolve(Metrics.FILE);
      stamp.append(work.path()).append(work.changed().toMillis()).append(Files.exists(log) ? Files.size(log) : 0)
          .append(work.kind() == StoredWork.Kind.RUN && work.owner().isPresent()); // whoever is killed changes nothing else
    }
    return stamp.toString();
  }

  private List<StoredWork> all() throws IOException {
    List<StoredWork> all = new ArrayList<>();
    for (Path folder : folders) {
      all.addAll(StoredWork.below(folder));
    }
    return all.stream().filter(work -> work.kind() != StoredWork.Kind.NOTHING).distinct().toList();
  }

  /// Nothing but what [#all] finds: a name is no path.
  private List<StoredWork> asked(List<String> names) throws IOException {
    return all().stream().filter(work -> names.contains(work.path().toString())).toList();
  }

  private static String page(StoredWork work) throws IOException {
    if (work.kind() == StoredWork.Kind.RUN) {
      LsCommand.Row row = LsCommand.Row.of(work);
      return RunReport.page(work.path(), new RunReport.Live(LIVE, row.state(), row.state().equals("running")
          ? row.steps()
          : ""));
    }
    StudyFile file = StudyFile.read(work.path());
    return StudyReport.page(new StudyFolder(file.study(), work.path()), file.command(), LIVE);
  }

  private static String together(List<StoredWork> works) throws IOException {
    List<CompareCommand.Run> runs = new ArrayList<>();
    for (StoredWork work : works) {
      if (work.kind() == StoredWork.Kind.RUN) {
        runs.add(CompareCommand.Run.of(work.path()));
      }
    }
    return ComparePage.page(CompareCommand.curves(CompareCommand.byText(runs)),
        "norma compare says more: settings that differ, and whether losses are comparable", LIVE);
  }

  private static String overview(List<StoredWork> all, String token) {
    List<LsCommand.Row> rows = new ArrayList<>();
    all.reversed().forEach(work -> rows.add(LsCommand.Row.of(work))); // the newest first
    Table<LsCommand.Row> table = new Table<LsCommand.Row>()
        .markup("", row -> row.work().kind() == StoredWork.Kind.RUN
            ? "<input type=\"checkbox\" name=\"of\" value=\"" + Svg.escape(row.work().path().toString())
                + "\" aria-label=\"compare " + Svg.escape(row.work().path().toString()) + "\">"
            : "")
        .markup("name", row -> "<a href=\"?token=" + token + "&amp;of=" + URLEncoder.encode(row.work().path()
            .toString(), StandardCharsets.UTF_8) + "\">" + Svg.escape(row.work().shown()) + "</a>");
    return Template.page("overview.html", "Runs and studies").put("name", "Runs and studies").put("token", token)
        .put("table", new Table<>(Stream.concat(table.columns().stream(), LsCommand.TABLE.columns().stream().skip(1))
            .toList()).html("", rows))
        .put("data", "[]").put("live", LIVE).fill();
  }
}

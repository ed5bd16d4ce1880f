package norma.train.report;

import static norma.train.report.Svg.escape;
import static norma.train.report.Decimals.count;
import static norma.train.report.Decimals.digits;
import static norma.train.report.Decimals.loss;

import java.nio.charset.StandardCharsets;
import norma.train.files.ShellText;
import norma.train.metrics.Median;
import norma.train.metrics.Metrics;
import norma.train.metrics.Shown;
import norma.train.metrics.Event;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import norma.train.files.Errors;
import norma.train.files.Json;
import norma.train.files.WholeFile;
import norma.train.report.Series.Kind;
import norma.train.report.Series.Point;
import norma.train.run.Environment;

/// Makes `loss.svg` and `report.html` of a run: one page that needs no other file and no network.
public final class RunReport {

  private static final int MOST_TEXT_BYTES = 1 << 20;

  private final Path folder;
  private final String name;
  private final Metrics metrics;
  private final List<Event.Step> steps;
  private final List<Event.Eval> evals;
  private final Figures figures = new Figures();

  private RunReport(Path folder) throws IOException {
    this.folder = folder;
    name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    metrics = Metrics.read(folder);
    steps = metrics.of(Event.Step.class);
    evals = metrics.of(Event.Eval.class);
  }

  /// Writes both files into the run folder; a reader sees the old or the new file, never half of one.
  ///
  /// @throws IOException if the folder has no readable `metrics.jsonl`, or cannot be written; the message is one line
  public static void write(Path runFolder) throws IOException {
    RunReport report = new RunReport(runFolder);
    WholeFile.write(runFolder.resolve("loss.svg"), LossPlot.svg(report.name, report.metrics));
    WholeFile.write(runFolder.resolve("report.html"), report.html(Optional.empty()));
  }

  /// What a page needs that follows a run.
  ///
  /// @param script that follows it
  /// @param state  in a word
  /// @param steps  taken and asked for while it trains, such as `20/2000`; empty otherwise
  public record Live(String script, String state, String steps) {}

  /// The page of a run as it stands now.
  ///
  /// @throws IOException if the folder has no readable `metrics.jsonl`; the message is one line
  public static String page(Path runFolder, Live live) throws IOException {
    return new RunReport(runFolder).html(Optional.of(live));
  }

  /// Writes both files at the end of a run, which no report may spoil.
  ///
  /// @param warnings hears, in one line, why one cannot be written
  public static void write(Path runFolder, Consumer<String> warnings) {
    try {
      write(runFolder);
    } catch (IOException e) {
      warnings.accept("cannot write " + runFolder.resolve("report.html") + ": " + Errors.line(e));
    }
  }

  private String html(Optional<Live> live) throws IOException {
    Map<String, String> environment = Json.texts(folder.resolve("environment.json"));
    String token = environment.getOrDefault(Environment.TOKEN, "character");
    Template page = Template.page("report.html", name + ": training report").put("name", name).put("token", token)
        .put("state", live.map(Live::state).orElseGet(metrics::state))
        .put("story", story(live.map(Live::steps).orElse(""))).put("losses", losses(token))
        .put("figures", keyFigures(token));
    if (!steps.isEmpty() || !evals.isEmpty()) {
      page.put("loss", figures.add(LossPlot.of("", metrics), Chart.Size.PAGE, Chart.Size.PHONE));
    }
    if (!evals.isEmpty()) {
      page.put("evals", RunTables.evals(evals, metrics.bestEval().map(Event.Eval::step).orElse(-1)));
    }
    List<Event.Norm> norms = metrics.of(Event.Norm.class);
    page.put("panels", panels(Event.Step.class, steps)
        + panels(Event.Team.class, metrics.of(Event.Team.class)) + panels(Event.Norm.class, norms));
    metrics.last(Event.Layers.class).ifPresent(
        l -> page.put("layers", RunTables.layers(l.layers())).put("layersStep", count(l.step())));
    if (!norms.isEmpty()) {
      Event.Norm last = norms.getLast();
      page.put("norms", RunTables.slots(last.slots())).put("normsStep", count(last.step()))
          .put("normCharts", NormCharts.of(norms, figures)).put("outputs", outputs(last));
    }
    page.put("samples", samples()).put("config", optional("config.yaml"))
        .put("environment", environment.isEmpty() ? "" : Table.facts(environment))
        .put("command", command(ShellText.withClassPath(environment)))
        .put("data", figures.json()).put("live", live.map(Live::script).orElse(""));
    return page.fill();
  }

  /// One sentence on anything that is not as it should be.
  ///
  /// @param running steps of a run that is known to go on, or empty
  private String story(String running) {
    long rollbacks = metrics.of(Event.Rollback.class).size();
    String back = metrics.last(Event.Rollback.class).map(last -> " Rolled back "
        + Decimals.counted(rollbacks, "time") + " because a number was not finite, last at step "
        + count(last.failedStep()) + "; the learning rate is " + digits(last.lrFactor()) + " of the schedule's since.")
        .orElse("");
    String torn = metrics.torn() ? " The last line of " + Metrics.FILE + " was cut off and is left out." : "";
    String state = metrics.state();
    return (switch (state) {
      case "completed" -> "";
      case "diverged" -> metrics.last(Event.Diverged.class)
          .map(d -> "A number stopped being finite at step " + count(d.step())
              + (d.firstBad().isEmpty() ? "." : "; the first value that is not finite is in " + d.firstBad() + "."))
          .orElse("A number stopped being finite.");
      case "unfinished" -> running.isEmpty()
          ? "The run has not written its end: it is still going, or it was killed."
          : progress(running);
      case Event.End.IMPORTED -> "The run begins with imported weights; it has taken no step.";
      default -> "The run ended before its last step: " + state + ".";
    } + back + torn).strip();
  }

  private String progress(String steps) {
    String[] parts = steps.split("/", 2);
    double left = (Double.parseDouble(parts[1]) - Double.parseDouble(parts[0])) * median(Event.Step::stepMillis);
    return "Step " + parts[0] + " of " + parts[1]
        + (left > 0 ? ", " + Decimals.duration(left / 1e3) + " of steps to go." : ".");
  }

  private String keyFigures(String token) {
    Map<String, String> entries = new LinkedHashMap<>();
    metrics.bestEval().ifPresent(best -> {
      entries.put("best validation loss" + (best.valTokens() == 0 ? "" : ", estimate"),
          loss(best.valLoss()) + " <small>step " + count(best.step()) + "</small>");
      entries.put("final validation loss" + finalKind(), loss(metrics.finalLoss()) + " <small>step "
          + count(evals.getLast().step()) + "</small>");
      entries.put("best bits per " + token, loss(RunTables.bits(best)));
    });
    if (!steps.isEmpty()) {
      entries.put("steps", count(steps.getLast().step()));
      entries.put("tokens", count((double) steps.getLast().tokens()));
      entries.put("tokens/s, median", count(metrics.tokensPerSecond()));
      entries.put("ms/step, median", digits(median(Event.Step::stepMillis)));
      List<Event.Team> shared = metrics.of(Event.Team.class);
      if (!shared.isEmpty()) {
        entries.put("processes, most", count(shared.stream().mapToDouble(Event.Team::processes).max().orElse(0)));
        entries.put("communication, median",
            digits(100 * Median.of(shared.stream().mapToDouble(Event.Team::communication).toArray())) + " %");
      }
      entries.put("training time", Decimals.duration(metrics.wallSeconds()));
    }
    entries.values().removeIf(value -> List.of("0", "0.0 s", "\u2013").contains(value)); // what the run did not say
    return Template.figures(entries);
  }

  private String finalKind() {
    boolean exact = evals.getLast().valTokens() == 0
        || metrics.last(Event.End.class).filter(end -> Double.isFinite(end.finalValLoss())).isPresent();
    return exact ? "" : ", estimate";
  }

  /// How the validation loss was taken.
  private String losses(String token) {
    long tokens = evals.isEmpty() ? 0 : evals.getLast().valTokens();
    return tokens == 0
        ? "The validation loss is exact, over the whole validation split."
        : "The validation loss is an estimate on " + count((double) tokens)
            + " " + token
            + "s, the same at every evaluation; that of the run's end is exact, over the whole validation split.";
  }

  private double median(ToDoubleFunction<Event.Step> quantity) {
    return Median.ofFinite(steps.stream().mapToDouble(quantity).toArray());
  }

  private <E extends Record & Event> String panels(Class<E> type, List<E> events) {
    return Shown.Number.of(type).stream().map(number -> panel(number, events)).collect(Collectors.joining());
  }

  private <E extends Record & Event> String panel(Shown.Number<E> number, List<E> events) {
    List<Point> points = Series.finite(
        events.stream().map(s -> new Point(s.step(), number.value().applyAsDouble(s))).toList());
    String title = number.shown().value();
    List<Series> series = number.shown().noisy()
        ? Series.withMean("measured", points)
        : List.of(new Series(title, 0, Kind.LINE, points));
    return points.isEmpty()
        ? ""
        : figures.add(new Chart(title, "step", "", Chart.Scale.FROM_ZERO, series), Chart.Size.PANEL);
  }

  private static String outputs(Event.Norm last) {
    List<String> parts = new ArrayList<>();
    if (Double.isFinite(last.maxAttentionLogit())) {
      parts.add("largest attention logit " + digits(last.maxAttentionLogit()));
    }
    if (Double.isFinite(last.logZ())) {
      parts.add("mean log Z of the output " + digits(last.logZ()));
    }
    return String.join("; ", parts);
  }

  private String samples() throws IOException {
    List<Event.Sample> samples = metrics.of(Event.Sample.class);
    if (samples.isEmpty()) {
      String text = optional("sample.txt");
      return text.isEmpty() ? "" : "<pre>" + escape(text) + "</pre>";
    }
    StringBuilder html = new StringBuilder();
    for (Event.Sample sample : samples.reversed()) { // the latest first, and open
      html.append(Template.details(html.isEmpty(), "step " + count(sample.step()),
          "<pre>" + escape(sample.text()) + "</pre>"));
    }
    return html.toString();
  }

  /// The resolved config holds everything, seed and data included.
  ///
  /// @param before the command, what it needs
  private String command(String before) {
    Path config = folder.resolve("config.yaml");
    if (!Files.exists(config)) {
      return "";
    }
    Path here = Path.of("").toAbsolutePath();
    Path absolute = config.toAbsolutePath().normalize();
    String path = (absolute.startsWith(here) ? here.relativize(absolute) : absolute).toString();
    return before + "norma train " + ShellText.of(path);
  }

  private String optional(String file) throws IOException {
    Path path = folder.resolve(file);
    return Files.exists(path) ? new String(WholeFile.start(path, MOST_TEXT_BYTES), StandardCharsets.UTF_8) : "";
  }
}

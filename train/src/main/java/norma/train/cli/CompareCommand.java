package norma.train.cli;

import static norma.train.report.Decimals.count;
import static norma.train.report.Decimals.loss;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.report.ComparePage;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.report.Table;
import norma.train.run.Comparability;
import norma.train.run.OwnNorms;
import norma.train.run.RunFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `norma compare`.
@Command(name = "compare", mixinStandardHelpOptions = true, description = {
    "Losses, speed, configuration differences and the first differing step of two or more runs.",
    "Runs that were validated on different texts stand apart: their losses are not comparable.",
    "Curves go to compare.html beside the first run." })
final class CompareCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", arity = "1..*", description = "Runs' folders, the beginnings of their names, or last for the newest; the first is the reference.")
  private List<Path> runs = new ArrayList<>();

  @Mixin
  private PageOption page = new PageOption();

  /// A run as it is compared.
  ///
  /// @param missing what its slots have that is not on the class path, in words; its configuration is without slots then
  record Run(String name, RunConfig config, String missing, Map<String, String> environment, Metrics metrics) {
    static Run of(Path path) throws IOException {
      RunFolder folder = RunFolder.open(path);
      String missing = OwnNorms.missing(folder.environment());
      RunConfig config = folder.config(OwnNorms.without(missing));
      return new Run(String.valueOf(folder.path().toAbsolutePath().normalize().getFileName()), config, missing,
          folder.environment(), Metrics.read(folder.path()));
    }

    /// Says so where the best is no exact loss.
    Optional<String> estimate() {
      return metrics.last(Event.Eval.class).filter(eval -> eval.valTokens() > 0)
          .map(eval -> String.format(Locale.ROOT, "%s: best val is an estimate on %,d %s", name,
              eval.valTokens(), config.data().token().words()));
    }

    double bestLoss() {
      return metrics.bestEval().map(Event.Eval::valLoss).orElse(Double.NaN);
    }

    Optional<Event.Step> lastStep() {
      return metrics.last(Event.Step.class);
    }

    String text() {
      return environment.getOrDefault(Comparability.VALIDATION, "");
    }
  }

  private static final Table<Run> TABLE = new Table<Run>().name("run", Run::name)
      .number("best val", run -> loss(run.bestLoss())).number("final val", run -> loss(run.metrics.finalLoss()))
      .number("steps", run -> run.lastStep().map(step -> Integer.toString(step.step())).orElse("0"))
      .number("last loss", run -> loss(run.lastStep().map(Event.Step::loss).orElse(Double.NaN)))
      .number("tokens/s", run -> count(run.metrics.tokensPerSecond()));

  @Override
  public Integer call() throws IOException {
    if (runs.size() == 1) {
      throw new IllegalArgumentException(
          "one run, " + runs.getFirst() + ", has nothing to be compared with; expected two "
              + "or more, and norma ls shows what there is");
    }
    List<Path> folders = runs.stream().map(StoredWork::run).toList();
    List<Run> all = new ArrayList<>();
    for (Path folder : folders) {
      all.add(Run.of(folder));
    }
    Map<String, List<Run>> byText = byText(all);
    Console console = new Console();
    Optional<Path> curvesPage = page.place(
        folders.getFirst().toAbsolutePath().normalize().resolveSibling("compare.html"), console);
    List<String> lines = new ArrayList<>();
    byText.forEach((text, group) -> {
      if (byText.size() > 1) {
        lines.add((lines.isEmpty() ? "" : "\n") + title(text, group) + (lines.isEmpty()
            ? ""
            : ": not comparable with the losses above"));
      }
      lines.addAll(TABLE.lines(group));
      group.forEach(run -> run.estimate().ifPresent(lines::add));
    });
    all.stream().skip(1).forEach(run -> lines.addAll(against(all.getFirst(), run)));
    console.text(console.bold(lines.getFirst()));
    lines.stream().skip(1).forEach(console::text);
    if (curvesPage.isEmpty()) {
      return 0;
    }
    ComparePage.write(curvesPage.get(), curves(byText), String.join("\n", lines));
    console.text("");
    console.line("curves   %s", curvesPage.get());
    return 0;
  }

  /// Runs whose losses are comparable, by the hash of the text.
  static Map<String, List<Run>> byText(List<Run> all) {
    Map<String, List<Run>> byText = new LinkedHashMap<>();
    all.forEach(run -> byText.computeIfAbsent(run.text(), _ -> new ArrayList<>()).add(run));
    return byText;
  }

  /// The same for the page, by the text's title, which is empty where all have one text.
  static Map<String, List<ComparePage.Run>> curves(Map<String, List<Run>> byText) {
    Map<String, List<ComparePage.Run>> curves = new LinkedHashMap<>();
    byText.forEach((text, group) -> curves.put(byText.size() > 1 ? title(text, group) : "",
        group.stream().map(run -> new ComparePage.Run(run.name, run.metrics)).toList()));
    return curves;
  }

  private static String title(String text, List<Run> group) {
    RunConfig.Token token = group.getFirst().config.data().token();
    return text.isEmpty()
        ? "validated on a text that is not known"
        : "validated on " + (token == RunConfig.Token.BYTE ? "the bytes of " : "")
            + group.getFirst().environment.getOrDefault("corpus", "a text") + ", SHA-256 "
            + Comparability.shown(text);
  }

  private static List<String> against(Run reference, Run run) {
    List<String> lines = new ArrayList<>(List.of("", run.name + " against " + reference.name));
    Comparability comparability = Comparability.of(reference.config, reference.environment, run.config,
        run.environment);
    comparability.voids().forEach(why -> lines.add("  " + why));
    List<RunConfigWriter.Difference> differences = new ArrayList<>(RunConfigWriter.differences(reference.config,
        run.config));
    Stream.of(reference, run).filter(one -> !one.missing.isEmpty()).forEach(one -> {
      differences.removeIf(d -> d.path().startsWith("model.norm."));
      lines.add("  slots are not compared: " + one.name + " " + one.missing);
    });
    differences.forEach(d -> lines.add("  " + d.path() + ": " + d.left() + " -> " + d.right()));
    if (differences.isEmpty() && reference.missing.isEmpty() && run.missing.isEmpty()) {
      lines.add("  the same configuration");
    }
    comparability.notes().forEach(note -> lines.add("  " + note));
    if (comparability.voids().isEmpty()) {
      lines.add("  " + firstDifference(reference.metrics, run.metrics));
    }
    return lines;
  }

  private static String firstDifference(Metrics left, Metrics right) {
    List<Event.Step> a = left.of(Event.Step.class);
    List<Event.Step> b = right.of(Event.Step.class);
    int common = Math.min(a.size(), b.size());
    if (common == 0) {
      return "one of them has logged no step: there is no loss to compare";
    }
    for (int i = 0; i < common; i++) {
      if (a.get(i).step() != b.get(i).step()) {
        return "logged at different steps from " + a.get(i).step() + " and " + b.get(i).step() + " on";
      }
      if (a.get(i).loss() != b.get(i).loss()) {
        return String.format(Locale.ROOT, "first differing loss at step %d: %s and %s", a.get(i).step(),
            a.get(i).loss(),
            b.get(i).loss());
      }
    }
    return "identical losses at all " + common + " logged steps that both have";
  }
}

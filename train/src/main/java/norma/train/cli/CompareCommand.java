package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.report.ComparePage;
import norma.train.report.Event;
import norma.train.report.Metrics;
import norma.train.run.RunFolder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `norma compare`.
@Command(name = "compare", mixinStandardHelpOptions = true, description = {
    "Losses, speed, configuration differences and the first differing step of two or more runs.",
    "Their curves go to compare.html beside the first run." })
final class CompareCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", arity = "2..*", description = "Run folders; the first is the reference.")
  private List<Path> runs = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    List<String> lines = new ArrayList<>(List.of(String.format(Locale.ROOT, "%-40s %9s %9s %6s %9s %11s", "run",
        "best val", "final val", "steps", "last loss", "tokens/s")));
    List<Metrics> metrics = new ArrayList<>();
    List<RunConfig> configs = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (Path run : runs) {
      configs.add(RunFolder.open(run).config(List.of()));
      metrics.add(Metrics.read(run));
      names.add(String.valueOf(run.toAbsolutePath().normalize().getFileName()));
      lines.add(row(names.getLast(), metrics.getLast()));
    }
    for (int i = 1; i < runs.size(); i++) {
      lines.add("");
      lines.add(names.get(i) + " against " + names.getFirst());
      List<RunConfigWriter.Difference> differences = RunConfigWriter.differences(configs.getFirst(), configs.get(i));
      differences.forEach(d -> lines.add("  " + d.path() + ": " + d.left() + " -> " + d.right()));
      if (differences.isEmpty()) {
        lines.add("  the same configuration");
      }
      lines.add("  " + firstDifference(metrics.getFirst(), metrics.get(i)));
    }
    Console console = new Console();
    console.text(console.bold(lines.getFirst()));
    lines.stream().skip(1).forEach(console::text);
    Path page = runs.getFirst().toAbsolutePath().normalize().resolveSibling("compare.html");
    ComparePage.write(page, names, metrics, String.join("\n", lines));
    console.text("");
    console.line("curves   %s", page);
    return 0;
  }

  private static String row(String name, Metrics metrics) {
    List<Event.Eval> evals = metrics.of(Event.Eval.class);
    List<Event.Step> steps = metrics.of(Event.Step.class);
    double best = evals.stream().mapToDouble(Event.Eval::valLoss).min().orElse(Double.NaN);
    double last = evals.isEmpty() ? Double.NaN : evals.getLast().valLoss();
    double[] speed = steps.stream().mapToDouble(Event.Step::tokensPerSecond).sorted().toArray();
    return String.format(Locale.ROOT, "%-40s %9.4f %9.4f %6d %9.4f %,11.0f", name, best, last,
        steps.isEmpty() ? 0 : steps.getLast().step(), steps.isEmpty() ? Double.NaN : steps.getLast().loss(),
        speed.length == 0 ? Double.NaN : speed[speed.length / 2]);
  }

  private static String firstDifference(Metrics left, Metrics right) {
    List<Event.Step> a = left.of(Event.Step.class);
    List<Event.Step> b = right.of(Event.Step.class);
    int common = Math.min(a.size(), b.size());
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

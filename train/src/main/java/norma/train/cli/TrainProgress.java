package norma.train.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import norma.models.CostModel;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.metrics.Event;
import norma.train.report.RunReport;
import norma.train.files.ShellText;
import norma.train.run.Environment;
import norma.train.run.Evaluation;
import norma.train.run.Session;
import norma.train.run.TrainObserver;

/// Shows a training run: a start block, one progress line, evaluations, a summary.
final class TrainProgress implements TrainObserver {
  /// Between two progress lines where there is no terminal.
  private static final double PLAIN_SECONDS = 10;

  /// Share of the training's own arithmetic from which on an evaluation is worth a word.
  private static final double COSTLY = 0.1;

  private final Console console;
  private final Path configFile;
  private final List<String> settings;
  private final int resumedAt;
  private int steps;
  private int logEvery;
  private int evalEvery;
  private long steppedNanos;
  private double stepMillis;
  private boolean evaluated;
  private double lastShown = Double.NEGATIVE_INFINITY;
  private double trainingSeconds;
  private long tokens;

  /// @param resumedAt step of the checkpoint that the run goes on from, or -1
  TrainProgress(Console console, Path configFile, List<String> settings, int resumedAt) {
    this.console = console;
    this.configFile = configFile;
    this.settings = settings;
    this.resumedAt = resumedAt;
  }

  @Override
  public void started(Session session, CostModel cost, Path folder) {
    RunConfig config = session.config();
    steps = config.train().steps();
    logEvery = Math.max(1, config.train().logEvery());
    evalEvery = config.train().evalEvery();
    console.text(console.bold("norma " + Environment.version() + "  train  " + configFile
        + (settings.isEmpty() ? "" : "  " + String.join(" ", settings))));
    sections(config).forEach((section, text) -> console.line("  %-8s %s", section, text));
    console.text("");
    layerTable(cost);
    console.text("");
    console.line("corpus   %s: %,d characters, %d distinct; %,d to train, %,d to validate", session.corpus().source(),
        session.corpus().codePoints().length, session.vocabulary().size(), session.split().train().length,
        session.split().validation().length);
    console.line(
        "model    %,d parameters (%,d without positions); weight decay on %,d of them, none on %,d vectors and scalars",
        cost.parameters(), cost.parameters() - cost.positions(), cost.decayed(), cost.parameters() - cost.decayed());
    console.line("backend  %s", session.backend().description());
    console.line("         %s", session.backendReason());
    console.line("output   %s", folder);
    evaluationCost(Evaluation.Cost.of(session, cost));
    if (resumedAt >= 0) {
      console.line("resumed  after step %d of %d", resumedAt, steps);
    }
    console.text("");
  }

  /// Where evaluations take a good part of the time.
  private void evaluationCost(Evaluation.Cost cost) {
    if (evalEvery > 0 && cost.steps() > COSTLY * evalEvery) {
      console.line("evaluate %,d characters every %d steps: the arithmetic of about %,.0f steps each time%s",
          cost.tokens(),
          evalEvery, cost.steps(), cost.estimate() ? "" : "; train.eval_tokens bounds it");
    }
  }

  /// What each layer costs; blocks that cost the same share a row.
  private void layerTable(CostModel cost) {
    Map<String, List<Map.Entry<String, CostModel.Layer>>> groups = cost.layers().entrySet().stream()
        .collect(Collectors.groupingBy(entry -> entry.getKey().replaceFirst("^blocks\\.\\d+\\.", "block "),
            LinkedHashMap::new, Collectors.toList()));
    console
        .text(console.dim(String.format(Locale.ROOT, "  %-18s %8s %12s %14s %14s %12s", "layer", "count", "parameters",
            "forward FLOP", "backward FLOP", "kept bytes")));
    groups.forEach((name, layers) -> console.line("  %-18s %8d %,12d %14s %14s %12s", name, layers.size(),
        layers.stream().mapToLong(layer -> layer.getValue().parameters()).sum(),
        Console.metric(layers.stream().mapToDouble(layer -> layer.getValue().cost().forwardFlops()).sum()),
        Console.metric(layers.stream().mapToDouble(layer -> layer.getValue().cost().backwardFlops()).sum()),
        Console.metric(layers.stream().mapToLong(layer -> layer.getValue().cost().savedBytes()).sum())));
    double forward = cost.layers().values().stream().mapToDouble(layer -> layer.cost().forwardFlops()).sum();
    console.line("  %-18s %8s %,12d %14s %14s %12s   for %,d tokens", "one batch", "", cost.parameters(),
        Console.metric(forward), Console.metric(cost.flops() - forward), Console.metric(cost.savedBytes()),
        cost.tokens());
  }

  /// The resolved configuration, a section a line, without slots that are empty in all blocks.
  private static Map<String, String> sections(RunConfig config) {
    Map<String, String> sections = new LinkedHashMap<>();
    Map<String, String> flat = RunConfigWriter.flatten(config);
    flat.entrySet().removeIf(e -> e.getKey().matches("model\\.norm\\.(?!blocks\\.).*") && e.getValue().equals("none"));
    flat.forEach((path, value) -> {
      int dot = path.indexOf('.');
      String section = dot < 0 ? "run" : path.startsWith("model.norm.") ? "norm" : path.substring(0, dot);
      String key = dot < 0 ? path : path.startsWith("model.norm.") ? path.substring(11) : path.substring(dot + 1);
      sections.merge(section, key + " " + value, (before, more) -> before + ", " + more);
    });
    return sections;
  }

  @Override
  public void stepped(Event.Step step) {
    steppedNanos = System.nanoTime();
    stepMillis = step.stepMillis();
    trainingSeconds = step.elapsedSeconds();
    tokens = step.tokens();
    if (console.terminal()
        ? step.step() == 1 || step.step() % logEvery == 0
        : step.step() == 1 || step.step() == steps || step.elapsedSeconds() - lastShown >= PLAIN_SECONDS) {
      lastShown = step.elapsedSeconds();
      double left = step.elapsedSeconds() / step.step() * (steps - step.step());
      String text = String.format(Locale.ROOT,
          "step %d/%d  loss %.4f  lr %.2e  |g| %.2f  %.1f ms  %,.0f tokens/s  %s  ETA %s", step.step(), steps,
          step.loss(),
          step.lr(), step.gradNorm(), step.stepMillis(), step.tokensPerSecond(), Console.time(step.elapsedSeconds()),
          Console.time(left));
      if (console.terminal()) {
        console.status(text);
      } else {
        console.text(text);
      }
    }
  }

  @Override
  public void evaluated(Event.Eval eval, boolean best) {
    console.line("eval step %-6d train %.4f  validation%s %s  %.3f bits/char%s", eval.step(), eval.trainLoss(),
        estimate(eval.valTokens()), console.bold(String.format(Locale.ROOT, "%.4f", eval.valLoss())),
        eval.valBitsPerChar(), best ? "  best" : "");
    double millis = (System.nanoTime() - steppedNanos) / 1e6;
    if (!evaluated && millis > COSTLY * evalEvery * stepMillis && evalEvery > 0) { // small steps cost more than their arithmetic
      console.line("         the evaluation took %.1f s, as long as %,.0f steps", millis / 1e3, millis / stepMillis);
    }
    evaluated = true;
  }

  private static String estimate(long tokens) {
    return tokens == 0 ? "" : " (estimate)";
  }

  @Override
  public void sampled(Event.Sample sample) {
    console.text(console.dim("sample at step " + sample.step()));
    console.text(sample.text().strip().indent(2).stripTrailing());
  }

  @Override
  public void warned(String message) {
    console.warn(message);
  }

  @Override
  public void ended(Event.End end, Path folder, double seconds) {
    RunReport.write(folder, this::warned);
    if (end.reason().equals("diverged")) {
      return; // the error says it
    }
    console.text("");
    String speed = tokens == 0 // a resumed run that had no step left
        ? ""
        : String.format(Locale.ROOT, ", %,.0f tokens/s with evaluations", tokens / Math.max(trainingSeconds, 1e-9));
    console.line("%s at step %d after %s%s", end.reason(), end.step(), Console.time(seconds), speed);
    if (Double.isFinite(end.bestValLoss())) {
      String last = Double.isFinite(end.finalValLoss())
          ? String.format(Locale.ROOT, ", final %.4f", end.finalValLoss())
          : "";
      console.line("validation loss  best%s %s at step %d%s nats per character", estimate(end.bestValTokens()),
          console.bold(String.format(Locale.ROOT, "%.4f", end.bestValLoss())), end.bestStep(), last);
    }
    console.line("report           %s", folder.resolve("report.html"));
    console.line("next             norma %s %s", end.reason().equals("interrupted") ? "train --resume" : "sample",
        ShellText.of(folder.toString()));
  }
}

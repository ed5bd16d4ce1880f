package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import norma.models.CostModel;
import norma.train.config.RunConfig;
import norma.train.metrics.Event;
import norma.train.report.RunReport;
import norma.train.files.ShellText;
import norma.train.run.Session;
import norma.train.run.TrainObserver;
import norma.train.files.Errors;
import norma.train.watch.WatchServer;
import org.jspecify.annotations.Nullable;

/// Shows a training run: a start block, one progress line, evaluations, a summary.
final class TrainProgress implements TrainObserver {
  /// Between two progress lines where there is no terminal.
  private static final double PLAIN_SECONDS = 10;

  /// Steps and seconds of a start after which the JVM's compiler is mostly done, whichever is over first (docs/decisions/0003-start.md).
  private static final int WARM_UP_STEPS = 40;
  private static final double WARM_UP_SECONDS = 10;

  private final Console console;
  private final StartBlock block;
  private final boolean verbose;
  private final boolean watch;
  private final int resumedAt;
  private @Nullable WatchServer server;
  private Event.@Nullable Step first;
  private Event.@Nullable Step warm;
  private int steps;
  private int logEvery;
  private int evalEvery;
  private long steppedNanos;
  private double stepMillis;
  private boolean evaluated;
  private int shownStep;
  private double lastShown;
  private RunConfig.Token token = RunConfig.Token.CHAR;
  private long tokens;

  /// @param verbose   whether the complete start block is shown
  /// @param watch     whether the run is shown in a browser, too
  /// @param resumedAt step of the checkpoint that the run goes on from, or -1
  TrainProgress(Console console, StartBlock block, boolean verbose, boolean watch, int resumedAt) {
    this.console = console;
    this.block = block;
    this.verbose = verbose;
    this.watch = watch;
    this.resumedAt = resumedAt;
  }

  @Override
  public void started(Session session, CostModel cost, Path folder) {
    RunConfig config = session.config();
    steps = config.train().steps();
    logEvery = Math.max(1, config.train().logEvery());
    evalEvery = config.train().evalEvery();
    List<String> complete = block.complete(session, cost);
    List<String> shown = verbose ? complete : block.brief(session, cost);
    console.text(console.bold(shown.getFirst()));
    shown.stream().skip(1).forEach(console::text);
    token = config.data().token();
    console.line("output   %s: %,d steps of %,d %s", folder, steps, cost.tokens() * config.train().accumulate(),
        token.words());
    StartBlock.evaluation(session, cost).forEach(console::text);
    if (resumedAt >= 0) {
      console.line("resumed  after step %d of %d", resumedAt, steps);
    }
    if (watch) {
      try {
        server = new WatchServer(Address.of("--at", null), new WatchedWork(List.of(folder)));
        console.line("watch    %s", server.url());
      } catch (IOException e) {
        warned("the run cannot be watched: " + Errors.line(e));
      }
    }
    console.text("");
    keep(folder.resolve(StartBlock.FILE), complete);
  }

  private void keep(Path file, List<String> lines) {
    try {
      Files.writeString(file, String.join("\n", lines) + "\n");
    } catch (IOException e) {
      warned("cannot write " + file + ": " + Errors.line(e));
    }
  }

  @Override
  public void stepped(Event.Step step) {
    steppedNanos = System.nanoTime();
    stepMillis = step.stepMillis();
    if (step.tokens() <= tokens) { // the run went back
      first = null;
      warm = null;
      shownStep = 0;
    }
    tokens = step.tokens();
    first = first == null ? step : first;
    if (warm == null && (step.step() - first.step() >= WARM_UP_STEPS
        || step.elapsedSeconds() - first.elapsedSeconds() >= WARM_UP_SECONDS)) {
      warm = step;
    }
    if (shownStep == 0 || (console.terminal()
        ? step.step() / logEvery > shownStep / logEvery
        : step.step() == steps || step.elapsedSeconds() - lastShown >= PLAIN_SECONDS)) {
      shownStep = step.step();
      lastShown = step.elapsedSeconds();
      String text = String.format(Locale.ROOT,
          "step %d/%d  loss %.4f  lr %.2e  |g| %.2f  %.1f ms  %,.0f tokens/s  %s%s", step.step(), steps, step.loss(),
          step.lr(), step.gradNorm(), step.stepMillis(), step.tokensPerSecond(), Console.time(step.elapsedSeconds()),
          eta(step));
      if (console.terminal()) {
        console.status(text);
      } else {
        console.text(text);
      }
    }
  }

  /// The time left by the steps since the warm-up, whose steps take several times as long; nothing before.
  private String eta(Event.Step step) {
    if (warm == null || step.step() == warm.step()) {
      return "";
    }
    double each = (step.elapsedSeconds() - warm.elapsedSeconds()) / (step.step() - warm.step());
    return "  ETA " + Console.time(each * (steps - step.step()));
  }

  @Override
  public void evaluated(Event.Eval eval, boolean best) {
    console.line("eval step %-6d train %.4f  validation%s %s  %.3f bits/%s%s", eval.step(), eval.trainLoss(),
        estimate(eval.valTokens()), console.bold(String.format(Locale.ROOT, "%.4f", eval.valLoss())),
        eval.valBits(), token.word(), best ? "  best" : "");
    double millis = (System.nanoTime() - steppedNanos) / 1e6;
    if (!evaluated && stepMillis > 0 && millis > StartBlock.COSTLY * evalEvery * stepMillis && evalEvery > 0) { // small steps cost more than their arithmetic
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
    if (server != null) {
      server.close();
    }
    if (end.reason().equals("diverged")) {
      return; // the error says it
    }
    console.text("");
    String speed = tokens == 0 // a resumed run that had no step left
        ? ""
        : String.format(Locale.ROOT, ", %,.0f tokens/s with evaluations", tokens / Math.max(seconds, 1e-9));
    console.line("%s at step %d after %s%s", end.reason(), end.step(), Console.time(seconds), speed);
    if (Double.isFinite(end.bestValLoss())) {
      String last = Double.isFinite(end.finalValLoss())
          ? String.format(Locale.ROOT, ", final %.4f", end.finalValLoss())
          : "";
      console.line("validation loss  best%s %s at step %d%s nats per %s", estimate(end.bestValTokens()),
          console.bold(String.format(Locale.ROOT, "%.4f", end.bestValLoss())), end.bestStep(), last, token.word());
    }
    console.line("report           %s", folder.resolve("report.html"));
    console.line("next             %s %s %s", ShellText.norma(),
        end.reason().equals("interrupted") ? "train --resume" : "sample",
        ShellText.of(folder.toString()));
  }
}

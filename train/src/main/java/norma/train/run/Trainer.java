package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.models.CostModel;
import norma.optim.Schedule;
import norma.train.config.RunConfig;
import norma.train.report.Event;
import norma.train.report.MetricsLog;
import norma.train.report.RunReport;
import org.jspecify.annotations.Nullable;

/// The training loop, and the folder that it fills. Evaluation, probes, timing and sampling only look: with them on or off,
/// the weights are the same bit for bit.
public final class Trainer {
  /// 300 characters are enough to see words and lines; temperature and seed are nanoGPT's defaults.
  private static final Sampler.Settings SAMPLE = new Sampler.Settings(300, 0.8, 0, 1337);

  private final Session session;
  private final RunConfig.Train train;
  private final TrainObserver observer;
  private final AtomicBoolean stop;
  private final Path folder;
  private final MetricsLog metrics;
  private final TrainStep trainStep;
  private final Evaluation evaluation;
  private final @Nullable NormProbe probe;
  private final Sampler sampler;
  private final CostModel cost;
  private final LayerTimes layerTimes;
  private final StepRecorder recorder;
  private final Schedule schedule;
  private final long startNanos = System.nanoTime();

  private double bestLoss = Double.POSITIVE_INFINITY;
  private int bestStep;
  private double lastLoss = Double.NaN;
  private int lastEvaluated = -1;
  private int lastCheckpoint;

  /// @param session  fresh
  /// @param observer shows the progress
  /// @param stop     set from outside to end the run after the current step, with a checkpoint
  /// @throws RunException if the run folder cannot be created
  public Trainer(Session session, TrainObserver observer, AtomicBoolean stop) {
    RunConfig config = session.config();
    this.session = session;
    this.train = config.train();
    this.observer = observer;
    this.stop = stop;
    this.trainStep = new TrainStep(session);
    this.evaluation = new Evaluation(session);
    this.probe = train.normEvery() > 0 ? new NormProbe(session, trainStep) : null;
    this.sampler = new Sampler(session.language());
    this.cost = CostModel.of(session.model(), train.batch(), session.backend().dtype());
    this.layerTimes = new LayerTimes(cost, train.accumulate());
    this.recorder = new StepRecorder(session, StepRecorder.Listener.NONE);
    RunConfig.Optim optim = config.optim();
    this.schedule = new Schedule(optim.lr(), optim.minLr(), optim.warmupSteps(), optim.decaySteps(),
        optim.schedule() == RunConfig.Schedule.COSINE);
    this.folder = RunFolder.create(session, LocalDateTime.now(ZoneId.systemDefault())).path();
    this.metrics = new MetricsLog(folder);
  }

  /// Trains to the end.
  ///
  /// @return how it ended: `completed` or `interrupted`
  /// @throws DivergedException if the loss or a gradient is not finite
  /// @throws RunException      if a file cannot be written
  public Event.End run() {
    try {
      return loop();
    } catch (IOException e) {
      throw new RunException("cannot write to " + folder + ": " + Errors.line(e)
          + "; training stops, what was written before is kept; make room or choose another output.dir", e);
    }
  }

  private Event.End loop() throws IOException {
    metrics.append(new Event.Start(0, Map.of("config", "config.yaml", "environment", "environment.json")));
    observer.started(session, cost, folder);
    int step = 0;
    long stepNanos = 0;
    int stepsSinceLog = 0;
    while (step < train.steps() && !stop.get()) {
      step++;
      long start = System.nanoTime();
      boolean recorded = due(train.layersEvery(), step);
      StepObserver watching = recorded ? recorder : StepObserver.NONE;
      double lr = schedule.at(step);
      recorder.begin();
      TrainStep.Result result = trainStep.gradients(step, watching);
      if (!result.finite()) {
        throw diverged(step, result);
      }
      trainStep.update(result, lr, step, watching);
      stepNanos += System.nanoTime() - start;
      stepsSinceLog++;
      if (recorded) {
        metrics.append(new Event.Layers(step, layerTimes.add(recorder.end())));
      }
      Event.Step event = event(step, result, lr, stepNanos / 1e6 / stepsSinceLog);
      observer.stepped(event);
      if (step == 1 || due(train.logEvery(), step)) {
        metrics.append(event);
        stepNanos = 0;
        stepsSinceLog = 0;
      }
      observe(step);
    }
    return end(step);
  }

  private Event.Step event(int step, TrainStep.Result result, double lr, double stepMillis) {
    long tokensPerStep = cost.tokens() * train.accumulate();
    return new Event.Step(step, step * tokensPerStep, result.loss(), lr, result.gradientNorm(), stepMillis,
        tokensPerStep / stepMillis * 1e3, seconds());
  }

  /// Everything that looks at the weights after a step.
  private void observe(int step) throws IOException {
    if (due(train.evalEvery(), step)) {
      evaluate(step);
    }
    if (probe != null && due(train.normEvery(), step)) {
      metrics.append(probe.at(step, schedule.at(step)));
    }
    if (train.sampleEvery() > 0 && step % train.sampleEvery() == 0) {
      sample(step);
    }
    if (due(train.checkpointEvery(), step)) {
      checkpoint(step);
    }
  }

  /// Every so many steps and at the last; never where the interval is 0.
  private boolean due(int every, int step) {
    return every > 0 && (step % every == 0 || step == train.steps());
  }

  private void evaluate(int step) throws IOException {
    double training = evaluation.trainingEstimate(step);
    lastLoss = evaluation.validationLoss();
    lastEvaluated = step;
    boolean best = lastLoss < bestLoss;
    if (best) {
      bestLoss = lastLoss;
      bestStep = step;
    }
    Event.Eval eval = new Event.Eval(step, training, lastLoss, lastLoss / Math.log(2));
    metrics.append(eval);
    observer.evaluated(eval, best);
  }

  private String sample(int step) throws IOException {
    String prompt = sampler.defaultPrompt();
    Event.Sample sample = new Event.Sample(step, prompt + sampler.sample(prompt, SAMPLE));
    metrics.append(sample);
    observer.sampled(sample);
    return sample.text();
  }

  private void checkpoint(int step) throws IOException {
    if (step != lastCheckpoint) {
      Checkpoint.write(folder, step, session, train.keepCheckpoints());
      lastCheckpoint = step;
    }
  }

  private Event.End end(int step) throws IOException {
    boolean completed = step == train.steps();
    if (step > 0) {
      checkpoint(step);
    }
    if (completed) {
      if (train.evalEvery() == 0) {
        evaluate(step);
      }
      Files.writeString(folder.resolve("sample.txt"), sample(step) + "\n");
      if (train.layersEvery() > 0) {
        Files.writeString(folder.resolve("layers.csv"), LayerTimes.csv(layerTimes.medians()));
      }
    }
    Event.End end = endEvent(step, completed ? "completed" : "interrupted");
    metrics.append(end);
    RunReport.write(folder);
    observer.ended(end, folder, seconds());
    return end;
  }

  private Event.End endEvent(int step, String reason) {
    double finalLoss = lastEvaluated == step ? lastLoss : Double.NaN; // not that of an earlier step
    return new Event.End(step, reason, bestStep == 0 ? Double.NaN : bestLoss, bestStep, finalLoss);
  }

  private DivergedException diverged(int step, TrainStep.Result result) throws IOException {
    String firstBad = trainStep.firstBad(step);
    metrics.append(new Event.Diverged(step, firstBad));
    metrics.append(endEvent(step - 1, "diverged"));
    RunReport.write(folder);
    String what = Double.isFinite(result.loss())
        ? "the gradient norm is " + result.gradientNorm()
        : "the loss is " + result.loss();
    return new DivergedException("diverged at step " + step + ": " + what + "; first not finite: " + firstBad
        + "; try a lower optim.lr (now "
        + session.config().optim().lr() + "), a longer optim.warmup_steps or a smaller optim.clip_norm; see "
        + folder);
  }

  private double seconds() {
    return (System.nanoTime() - startNanos) / 1e9;
  }
}

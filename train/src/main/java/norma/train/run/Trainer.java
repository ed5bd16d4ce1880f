package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.models.CostModel;
import norma.optim.Schedule;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.Disk;
import norma.train.files.Errors;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.metrics.MetricsLog;
import norma.train.metrics.RunView;
import norma.train.metrics.TensorBoardLog;
import norma.train.files.ProcessLock;
import norma.train.files.ShellText;
import org.jspecify.annotations.Nullable;

/// The training loop, and the folder that it fills. Evaluation, probes, timing and sampling only look: with them on or off,
/// the weights are the same bit for bit. So are they whether a run is interrupted and resumed or not.
public final class Trainer {
  /// 300 characters are enough to see words and lines; temperature and seed are nanoGPT's defaults.
  private static final Sampler.Settings SAMPLE = new Sampler.Settings(300, 0.8, 0, 1337);

  private final Session session;
  private final Team team;
  private final RunConfig.Train train;
  private final TrainObserver observer;
  private final AtomicBoolean stop;
  private final Path folder;
  private final ProcessLock lock;
  private final MetricsLog metrics;
  private final TrainStep trainStep;
  private final Evaluation evaluation;
  private final @Nullable NormProbe probe;
  private final Sampler sampler;
  private final CostModel cost;
  private final LayerTimes layerTimes;
  private final StepRecorder recorder;
  private final Schedule schedule;
  private final Checkpointing checkpointing;
  private final double secondsBefore;
  private final long startNanos = System.nanoTime();

  private Progress progress;
  private int step; // that is taken, or was the last

  /// A new run.
  ///
  /// @param session  fresh
  /// @param observer shows the progress
  /// @param stop     set from outside to end the run after the current step, with a checkpoint
  /// @throws RunException if the run folder cannot be created
  public Trainer(Session session, TrainObserver observer, AtomicBoolean stop) {
    this(session, Team.NONE, observer, stop);
  }

  /// A new run, with others who compute some of its shards.
  public Trainer(Session session, Team team, TrainObserver observer, AtomicBoolean stop) {
    this(session, team, observer, stop, Disk.real());
  }

  Trainer(Session session, Team team, TrainObserver observer, AtomicBoolean stop, Disk disk) {
    this(session, team, observer, stop, disk,
        RunFolder.create(session, LocalDateTime.now(ZoneId.systemDefault()), disk), null);
  }

  /// A run that goes on.
  ///
  /// @param session of the resumption
  /// @throws RunException if its state does not fit, or the folder cannot be written
  public Trainer(Session session, Resumption resumption, Team team, TrainObserver observer, AtomicBoolean stop) {
    this(session, team, observer, stop, Disk.real(), resumption.folder(), resumption);
  }

  private Trainer(Session session, Team team, TrainObserver observer, AtomicBoolean stop, Disk disk,
      RunFolder runFolder,
      @Nullable Resumption resumption) {
    RunConfig config = session.config();
    this.session = session;
    this.team = team;
    this.train = config.train();
    this.observer = observer;
    this.stop = stop;
    this.folder = runFolder.path();
    this.lock = resumption == null ? runFolder.lock() : resumption.lock();
    try {
      this.trainStep = new TrainStep(session, team);
      this.evaluation = new Evaluation(session);
      this.sampler = new Sampler(session);
      this.cost = session.cost();
      this.layerTimes = new LayerTimes(cost, train.accumulate(), trainStep.updateFlops(), train.syncEvery());
      this.recorder = new StepRecorder(session);
      this.schedule = config.optim().rates();
      RunView view = config.output().tensorboard()
          ? new TensorBoardLog(folder, resumption == null ? 0 : resumption.step(), RunConfigWriter.yaml(config), disk,
              observer::warned)
          : RunView.NONE;
      this.metrics = new MetricsLog(folder, disk, observer::warned, view);
      this.probe = train.normEvery() > 0 ? new NormProbe(session, trainStep, view) : null;
      this.checkpointing = new Checkpointing(folder, session, trainStep.state(), metrics, disk, observer);
      this.progress = resumption == null ? Progress.START : checkpointing.resume(resumption);
    } catch (IOException e) {
      release();
      throw new RunException("cannot use " + folder + ": " + Errors.line(e), e);
    } catch (RuntimeException | Error e) { // a full GPU or heap, of which the process may live on
      release();
      throw e;
    }
    this.secondsBefore = progress.elapsedSeconds();
  }

  /// Trains to the end. What cannot be written on the way is a warning, and is tried again later.
  ///
  /// @return how it ended: `completed` or `interrupted`
  /// @throws DivergedException if the loss or a gradient is not finite, and going back is not wanted or did not help
  /// @throws RunException      if the last checkpoint or the log cannot be written
  public Event.End run() {
    try {
      if (metrics.length() == 0) {
        metrics.append(new Event.Start(0, Map.of("config", "config.yaml", "environment", "environment.json")));
      }
      progress = checkpointing.begin(progress);
      observer.started(session, cost, folder);
      for (;;) {
        try {
          loop();
          return end();
        } catch (DivergedException e) {
          progress = back(e);
        }
      }
    } finally {
      release();
    }
  }

  private void release() {
    try {
      lock.close();
    } catch (IOException e) {
      observer.warned("cannot give back the lock of " + folder + " before the process ends: " + Errors.line(e));
    }
  }

  private void loop() {
    var _ = team.exchanged(); // what it waited in steps that a rollback took back
    long stepNanos = 0;
    int stepsSinceLog = 0;
    while (progress.step() < train.steps() && !stop.get()) {
      step = progress.step() + train.syncEvery();
      long start = System.nanoTime();
      boolean recorded = due(train.layersEvery(), step);
      StepObserver watching = recorded ? recorder : StepObserver.NONE;
      double lr = learningRate(step);
      if (recorded) {
        session.backend().synchronize(); // a GPU still computes what was asked of it before
        recorder.begin();
      }
      TrainStep.Result result = trainStep.gradients(step, progress.lrFactor(), watching);
      if (!result.finite()) {
        throw DivergedException.of(Double.isFinite(result.loss())
            ? "the gradient norm is " + result.gradientNorm()
            : "the loss is " + result.loss(), trainStep.firstBad(step));
      }
      trainStep.update(result, lr, step, watching);
      if (recorded) {
        session.backend().synchronize();
      }
      progress = progress.at(step, seconds(), 0);
      stepNanos += System.nanoTime() - start;
      stepsSinceLog += train.syncEvery();
      if (recorded) {
        metrics.append(new Event.Layers(step, layerTimes.add(recorder.end(), trainStep.isWhole())));
      }
      Event.Step event = event(step, result, lr, stepNanos / 1e6 / stepsSinceLog);
      observer.stepped(event);
      if (step == train.syncEvery() || due(train.logEvery(), step)) {
        metrics.append(event);
        double seconds = stepNanos / 1e9;
        team.exchanged().ifPresent(exchange -> metrics.append(new Event.Team(step, exchange.processes(),
            exchange.waitSeconds() / seconds, exchange.communicationSeconds() / seconds)));
        stepNanos = 0;
        stepsSinceLog = 0;
      }
      observe(step);
    }
  }

  private double learningRate(int step) {
    return schedule.at(step) * progress.lrFactor();
  }

  private Event.Step event(int step, TrainStep.Result result, double lr, double stepMillis) {
    long tokensPerStep = cost.tokens() * train.accumulate();
    return new Event.Step(step, step * tokensPerStep, result.loss(), lr, result.gradientNorm(), stepMillis,
        tokensPerStep / stepMillis * 1e3, seconds());
  }

  /// Everything that looks at the weights after a step.
  private void observe(int step) {
    if (due(train.evalEvery(), step)) {
      evaluate(step);
    }
    if (probe != null && due(train.normEvery(), step)) {
      metrics.append(probe.at(step, learningRate(step)));
    }
    if (reached(train.sampleEvery(), step)) {
      sample(step);
    }
    boolean due = due(train.checkpointEvery(), step) || (train.checkpointEvery() > 0 && progress.isBest());
    if (due || checkpointing.again(step)) {
      progress = checkpointing.save(progress.at(step, seconds(), 0), due);
    }
  }

  /// Every so many steps and at the last; never where the interval is 0.
  private boolean due(int every, int step) {
    return reached(every, step) || (every > 0 && step == train.steps());
  }

  /// Whether a multiple of an interval lies among the last steps that were taken together.
  private boolean reached(int every, int step) {
    return every > 0 && step / every > (step - train.syncEvery()) / every;
  }

  private void evaluate(int step) {
    double training = evaluation.trainingEstimate(step);
    double loss = evaluation.watchedLoss();
    evaluation.requireFinite("training", training, step);
    evaluation.requireFinite("validation", loss, step);
    progress = progress.evaluated(step, loss);
    Event.Eval eval = new Event.Eval(step, training, loss, loss / Math.log(2), evaluation.estimateTokens());
    metrics.append(eval);
    observer.evaluated(eval, progress.isBest());
  }

  private String sample(int step) {
    String prompt = sampler.defaultPrompt();
    Event.Sample sample = new Event.Sample(step, prompt + sampler.sample(prompt, SAMPLE));
    metrics.append(sample);
    observer.sampled(sample);
    return sample.text();
  }

  private Event.End end() {
    step = progress.step();
    boolean completed = step == train.steps();
    double finalLoss = lastExact();
    if (step > 0) {
      checkpointing.saveLast(progress.at(step, seconds(), 0));
    }
    if (completed) {
      if (progress.lastEvaluated() != step) {
        evaluate(step);
      }
      finalLoss = evaluation.estimateTokens() == 0 ? progress.lastLoss() : evaluation.validationLoss();
      evaluation.requireFinite("validation", finalLoss, step);
      String sample = sample(step);
      write("sample.txt", file -> Files.writeString(file, sample + "\n"));
      if (train.layersEvery() > 0) {
        write("layers.csv", file -> Files.writeString(file, LayerTimes.csv(layers())));
      }
    }
    Event.End end = endEvent(completed ? "completed" : "interrupted", finalLoss);
    metrics.append(end);
    if (!metrics.flush()) {
      throw new RunException(folder + " has no complete metrics.jsonl: its last lines could not be written; make room, "
          + "then " + ShellText.norma() + " train --resume " + ShellText.of(folder.toString())
          + " repeats what is missing");
    }
    observer.ended(end, folder, seconds());
    return end;
  }

  /// Medians of this start; where it had no step left to time, what the log has last.
  private List<Event.Layer> layers() throws IOException {
    List<Event.Layer> medians = layerTimes.medians();
    return medians.isEmpty()
        ? Metrics.read(folder).last(Event.Layers.class).map(Event.Layers::layers).orElse(List.of())
        : medians;
  }

  private void write(String name, Disk.Content content) {
    try {
      content.to(folder.resolve(name));
    } catch (IOException e) {
      observer.warned("cannot write " + folder.resolve(name) + ": " + Errors.line(e));
    }
  }

  /// The exact validation loss of the weights as they are, if the last evaluation gave it.
  private double lastExact() {
    return progress.lastEvaluated() == progress.step() && evaluation.estimateTokens() == 0
        ? progress.lastLoss()
        : Double.NaN;
  }

  private Event.End endEvent(String reason, double finalLoss) {
    boolean evaluated = progress.bestStep() > 0;
    return new Event.End(progress.step(), reason, evaluated ? progress.bestLoss() : Double.NaN, progress.bestStep(),
        evaluated ? evaluation.estimateTokens() : 0, finalLoss);
  }

  /// A number of this step, or of what looked at the weights after it, is not finite.
  ///
  /// @return from where the run goes on
  /// @throws DivergedException if it does not
  private Progress back(DivergedException failure) {
    String firstBad = failure.firstBad();
    if (train.onNonfinite() == RunConfig.OnNonfinite.ROLLBACK && checkpointing.canRollBack(progress)) {
      Optional<Progress> back = checkpointing.rollBack(progress, step, firstBad);
      if (back.isPresent()) {
        return back.get();
      }
    }
    metrics.append(new Event.Diverged(step, firstBad));
    Event.End end = endEvent("diverged", lastExact());
    metrics.append(end);
    observer.ended(end, folder, seconds());
    throw new DivergedException("diverged at step " + step + ": " + failure.getMessage() + "; "
        + checkpointing.lastGood()
        + "; try a lower optim.lr (it began at " + session.config().optim().lr()
        + "), a longer optim.warmup_steps, " + (session.config().optim().clipNorm() == 0
            ? "optim.clip_norm=1 (now 0, which clips nothing)"
            : "a smaller optim.clip_norm")
        + (train.onNonfinite() == RunConfig.OnNonfinite.ROLLBACK ? "" : ", or train.on_nonfinite=rollback")
        + "; see " + folder);
  }

  private double seconds() {
    return secondsBefore + (System.nanoTime() - startNanos) / 1e9;
  }
}

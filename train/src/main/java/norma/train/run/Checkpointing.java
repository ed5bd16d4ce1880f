package norma.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import norma.autodiff.Parameter;
import norma.optim.Optimizer;
import norma.train.files.Disk;
import norma.train.files.Errors;
import norma.train.metrics.Event;
import norma.train.metrics.MetricsLog;
import norma.train.files.ShellText;
import org.jspecify.annotations.Nullable;

/// Saves a running training in checkpoints, and takes it back to one. The log and the checkpoint go together: the checkpoint
/// knows how long the log was, and going back to it cuts the log to that length.
final class Checkpointing {
  private static final double LOWER = 0.5;

  private final Path folder;
  private final Session session;
  private final List<Optimizer.State> moments;
  private final MetricsLog metrics;
  private final Disk disk;
  private final TrainObserver observer;
  private final CheckpointWriter writer;
  private int last; // step of the newest checkpoint
  private int tryAgain = -1;

  Checkpointing(Path folder, Session session, List<Optimizer.State> moments, MetricsLog metrics, Disk disk,
      TrainObserver observer) {
    this.folder = folder;
    this.session = session;
    this.moments = moments;
    this.metrics = metrics;
    this.disk = disk;
    this.observer = observer;
    this.writer = new CheckpointWriter(folder, session, moments, disk, observer::warned);
  }

  /// Puts everything where it was at a run's checkpoint; the session has the weights already.
  ///
  /// @return how far the run had come
  Progress resume(Resumption resumption) throws IOException {
    TrainingState state = resumption.state();
    Progress progress = Progress.START;
    if (state != null) {
      state.restore(session, moments);
      progress = state.progress();
    }
    resumption.loses().ifPresent(observer::warned);
    writer.setAsideAfter(progress.step());
    metrics.cut(progress.metricsBytes(), "resumed at step " + progress.step());
    if (!session.config().equals(resumption.folder().config(List.of()))) {
      resumption.folder().write(session.config(), disk);
    }
    return progress;
  }

  /// Called once the log has its first line.
  Progress begin(Progress progress) {
    last = progress.step();
    return progress.step() == 0 ? progress.anchored(0, 1, metrics.length()) : progress;
  }

  /// Whether a checkpoint that failed is to be tried again.
  boolean again(int step) {
    return tryAgain > 0 && step >= tryAgain;
  }

  /// Writes a checkpoint if there is none of this step. A failure is a warning; it is tried again after a tenth of the interval.
  ///
  /// @param due whether the configuration asks for one here, whatever happens to the run
  /// @return with what the checkpoint knows
  /// @throws DivergedException if a number in it is not finite; nothing is written then
  Progress save(Progress progress, boolean due) {
    try {
      return write(progress, due);
    } catch (IOException e) {
      tryAgain = progress.step() + Math.max(1, session.config().train().checkpointEvery() / 10);
      observer.warned("no checkpoint at step " + progress.step() + ": " + Errors.line(e) + "; training goes on, "
          + "the next attempt is at step " + tryAgain + "; " + lastGood());
      return progress;
    }
  }

  /// The same at the end of a run, where it must not fail.
  void saveLast(Progress progress) {
    try {
      metrics.flushOrFail();
      write(progress, false);
    } catch (IOException e) {
      throw new RunException("cannot write the checkpoint of step " + progress.step() + ": " + Errors.line(e) + "; "
          + lastGood() + "; make room, then " + ShellText.norma() + " train --resume " + ShellText.of(folder.toString())
          + " goes on from there", e);
    }
  }

  private Progress write(Progress progress, boolean due) throws IOException {
    if (progress.step() == last) {
      return progress;
    }
    String firstBad = FiniteCheck.firstBadArray(session.backend(), session.weights(), moments);
    if (firstBad != null) {
      throw DivergedException.of("weights or moments are not finite after the update", firstBad);
    }
    if (progress.step() == session.config().train().steps()) {
      metrics.flushOrFail(); // from a checkpoint at the end nothing would repeat the lines that wait
    }
    metrics.flush();
    metrics.sync();
    Progress saved = due
        ? progress.anchored(progress.rollbacks(), progress.lrFactor(), metrics.length())
        : progress.at(progress.step(), progress.elapsedSeconds(), metrics.length());
    writer.write(saved);
    last = saved.step();
    tryAgain = -1;
    return saved;
  }

  /// For people.
  String lastGood() {
    return last == 0 ? "there is no checkpoint yet" : "the checkpoint of step " + last + " is whole";
  }

  boolean canRollBack(Progress progress) {
    return progress.rollbacks() < Progress.MAX_ROLLBACKS;
  }

  /// Back to the last checkpoint that was due, or to the start if there is none, with a lower learning rate. Where no update was made
  /// since it, its weights are past help: then to the one before. Every step from there on is a function of the checkpoint, so
  /// a run that is killed before the next one comes to the same point and does the same again.
  ///
  /// @return where the run goes on; nothing if there is no such place
  Optional<Progress> rollBack(Progress failed, int failedStep, String firstBad) {
    try {
      metrics.flush();
      Progress to = placeBefore(failed);
      if (to == null) {
        return Optional.empty();
      }
      int rollbacks = failed.rollbacks() + 1;
      double factor = failed.lrFactor() * LOWER;
      writer.setAsideAfter(to.step()); // first: a checkpoint whose lines are cut off must not be resumed from
      metrics.cut(to.step() == failed.anchor() ? failed.anchorBytes() : to.metricsBytes(),
          "rolled back to step " + to.step());
      metrics.append(new Event.Rollback(to.step(), failedStep, firstBad, rollbacks, factor));
      observer.warned("step " + failedStep + " is not finite, first in " + firstBad + ": back to step " + to.step()
          + " with " + factor + " of the learning rate, attempt " + rollbacks + " of " + Progress.MAX_ROLLBACKS);
      last = to.step();
      return Optional.of(to.anchored(rollbacks, factor, metrics.length()));
    } catch (IOException e) {
      throw new RunException("cannot go back to the last checkpoint of " + folder + ": " + Errors.line(e), e);
    }
  }

  private @Nullable Progress placeBefore(Progress failed) throws IOException {
    boolean sameWeights = failed.step() == failed.anchor(); // no learning rate has been at work yet
    try {
      if (failed.anchor() == 0) {
        return sameWeights ? null : toStart();
      }
      Optional<Checkpoint> place = Checkpoint.lastDue(folder, sameWeights ? failed.anchor() - 1 : failed.anchor());
      return place.isPresent() ? toCheckpoint(place.get()) : null;
    } catch (RunException e) {
      observer.warned("cannot go back: " + e.getMessage());
      return null;
    }
  }

  private Progress toStart() throws IOException {
    Optional<Checkpoint> imported = Checkpoint.lastDue(folder, 0);
    if (imported.isPresent()) {
      return toCheckpoint(imported.get());
    }
    session.begin(session.config().train().initFrom().map(InitialWeights::checkpoint));
    for (Optimizer.State kept : moments) {
      for (Parameter parameter : kept.values().parameters()) { // one by one: as numbers of a double they may be more than the heap has
        session.backend().write(kept.values().of(parameter), new double[Math.toIntExact(parameter.size())]);
      }
    }
    return Progress.START;
  }

  private Progress toCheckpoint(Checkpoint checkpoint) throws IOException {
    checkpoint.load(session.backend(), session.weights());
    TrainingState state = checkpoint.state();
    state.restore(session, moments);
    return state.progress();
  }
}

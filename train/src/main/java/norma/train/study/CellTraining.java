package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.config.RunConfig;
import norma.train.data.DataException;
import norma.train.files.Errors;
import norma.train.files.Tree;
import norma.train.files.WholeFile;
import norma.train.metrics.Event;
import norma.train.run.Resumption;
import norma.train.run.RunException;
import norma.train.run.RunFolder;
import norma.train.run.Session;
import norma.train.run.Team;
import norma.train.run.TrainObserver;
import norma.train.run.Trainer;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/// Trains a run of a study to its end: on from the last checkpoint that an interrupted attempt has left, if it was made by this kind of
/// machine, this build and this backend, or else anew. The losses are those of a run without interruption either way.
///
/// @param session of the resumption
record CellTraining(Resumption resumption, Session session) implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(CellTraining.class);
  /// Beside the attempt: what it was made on. It goes with it once the run has ended.
  static final String MACHINE = "machine.txt";

  static Event.End run(RunConfig config, TrainObserver observer, AtomicBoolean stop) {
    Path runs = Path.of(config.output().dir());
    try (CellTraining begun = begun(runs)) {
      if (begun != null) {
        return new Trainer(begun.session, begun.resumption, Team.NONE, observer, stop).run();
      }
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
    try (Session session = Session.start(config, false)) {
      // Once it stands: what keeps a session from starting may have kept the attempt from going on.
      clear(runs, StudyWorker.machine(session.backend()).toString());
      return new Trainer(session, observer, stop).run();
    }
  }

  /// There is one attempt at a time: their names are times, and clocks go back.
  ///
  /// @throws RunException if another process goes on with one, as `norma train --resume` does
  private static void clear(Path runs, String machine) {
    try {
      for (Path attempt : Tree.list(runs).stream().filter(Files::isDirectory).toList()) {
        new RunFolder(attempt).lock().close();
      }
      Tree.delete(runs);
      Files.createDirectories(runs);
      WholeFile.write(runs.resolve(MACHINE), machine);
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
  }

  /// The attempt that was begun; null if nothing of it can be used.
  private static @Nullable CellTraining begun(Path runs) throws IOException {
    Path machine = runs.resolve(MACHINE);
    Optional<Path> newest = Tree.list(runs).stream().filter(Files::isDirectory).max(Comparator.naturalOrder());
    return newest.isEmpty() || !Files.exists(machine) ? null : open(newest.get(), Files.readString(machine));
  }

  /// @param machine what it was made on
  private static @Nullable CellTraining open(Path run, String machine) {
    try {
      Resumption resumption = Resumption.open(run, List.of());
      try {
        if (resumption.step() > 0 && !resumption.isDone()) {
          Session session = resumption.session(false);
          String here = StudyWorker.machine(session.backend()).toString();
          if (machine.equals(here)) {
            return new CellTraining(resumption, session);
          }
          session.close();
          LOG.warn("{} begins anew: it was made on {}, and here is {}", run, machine, here);
        }
      } catch (IOException | RuntimeException e) {
        resumption.close();
        throw e;
      }
      resumption.close();
    } catch (IOException | RunException | DataException | IllegalArgumentException e) {
      LOG.warn("{} begins anew: {}", run, e.getMessage());
    }
    return null;
  }

  @Override
  public void close() {
    session.close();
    resumption.close();
  }
}

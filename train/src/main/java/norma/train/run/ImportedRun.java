package norma.train.run;

import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Map;
import norma.train.config.RunConfig;
import norma.train.data.Vocabulary;
import norma.train.files.Disk;
import norma.train.files.Errors;
import norma.train.files.ProcessLock;
import norma.train.metrics.Event;
import norma.train.metrics.MetricsLog;
import norma.train.metrics.RunView;
import norma.weights.Safetensors.Tensor;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// A run that begins with weights from elsewhere: a folder as every run leaves it, with a checkpoint after no step.
///
/// @param config     with a text in the model's tokens; a relative path starts at the working directory
/// @param vocabulary of the tokens
/// @param file       that the tensors are from
/// @param tensors    by the names of the model's parameters
public record ImportedRun(RunConfig config, Vocabulary vocabulary, Path file, Map<String, Tensor> tensors) {
  private static final Logger LOG = LogManager.getLogger(ImportedRun.class);

  /// Creates the folder.
  ///
  /// @throws RunException if names or shapes are not those of the configuration, a number is not finite, or it cannot be written; nothing is left then
  public Path create(boolean debug) {
    return create(debug, Disk.real());
  }

  Path create(boolean debug, Disk disk) {
    try (Session session = Session.unset(config.withAbsolutePaths(), vocabulary, false, debug)) {
      Checkpoint.load(file, tensors, session.backend(), session.weights());
      RunFolder run = RunFolder.create(session, LocalDateTime.now(ZoneId.systemDefault()), disk);
      try (ProcessLock _ = run.lock()) {
        write(run.path(), session, disk, file.toAbsolutePath().normalize().toString());
      } catch (IOException e) {
        throw RunFolder.undone(run.path(), new RunException("cannot write " + run.path() + ": " + Errors.line(e), e));
      } catch (RuntimeException e) {
        throw RunFolder.undone(run.path(), e);
      }
      return run.path();
    }
  }

  private static void write(Path run, Session session, Disk disk, String file) throws IOException {
    MetricsLog log = new MetricsLog(run, disk, LOG::warn, RunView.NONE);
    log.append(
        new Event.Start(0, Map.of("config", "config.yaml", "environment", "environment.json", "imported", file)));
    log.flushOrFail();
    log.sync();
    Progress start = Progress.START.at(0, 0, log.length()).anchored(0, 1, log.length());
    new CheckpointWriter(run, session, new TrainStep(session, Team.NONE).state(), disk, LOG::warn).write(start);
    log.append(new Event.End(0, Event.End.IMPORTED, Double.NaN, 0, 0, Double.NaN));
    log.flushOrFail();
  }
}

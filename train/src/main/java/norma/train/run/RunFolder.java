package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigException;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.Json;
import norma.train.files.ProcessLock;
import norma.train.files.Disk;
import norma.train.files.Errors;
import norma.train.files.TimedFolder;
import norma.train.files.Tree;
import norma.train.metrics.Metrics;

/// The folder that a run leaves behind, `runs/<name>-<id>/`.
///
/// @param path the folder
public record RunFolder(Path path) {
  private static final String CONFIG = "config.yaml";
  private static final String ENVIRONMENT = "environment.json";

  /// Creates a new folder with the resolved configuration and the environment in it.
  ///
  /// @param now gives the folder its id
  /// @throws RunException if it cannot be written; nothing is left then
  static RunFolder create(Session session, LocalDateTime now, Disk disk) {
    RunConfig config = session.config();
    Path parent = Path.of(config.output().dir());
    try {
      disk.createFolders(parent);
      Path folder = TimedFolder.create(parent, config.name(), now, disk);
      RunFolder run = new RunFolder(folder);
      try {
        String environment = Environment.json(session);
        disk.replace(folder.resolve(ENVIRONMENT), file -> Files.writeString(file, environment));
        run.write(config, disk); // last: with it, the folder is a run's
        disk.sync(parent);
      } catch (IOException e) {
        throw undone(folder, e);
      }
      return run;
    } catch (IOException e) {
      throw new RunException("cannot create a run folder in " + parent + ": " + Errors.line(e)
          + "; output.dir chooses another place", e);
    }
  }

  /// Deletes what a failed attempt has begun.
  static <E extends Exception> E undone(Path folder, E failure) {
    try {
      Tree.delete(folder);
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
    return failure;
  }

  /// Takes the right to train here.
  ///
  /// @throws RunException if another process has it
  public ProcessLock lock() {
    Path file = path.resolve("lock");
    try {
      ProcessLock lock = ProcessLock.take(file);
      if (lock == null) {
        OptionalLong owner = ProcessLock.owner(file);
        throw new RunException(path + " is being trained by another process"
            + (owner.isPresent() ? " (" + owner.getAsLong() + ")" : "")
            + "; wait for it, or stop it with Ctrl-C there");
      }
      return lock;
    } catch (IOException e) {
      throw new RunException("cannot lock " + path + ": " + Errors.line(e), e);
    }
  }

  /// Writes the run's configuration, or replaces it.
  void write(RunConfig config, Disk disk) throws IOException {
    disk.replace(path.resolve(CONFIG), file -> Files.writeString(file, RunConfigWriter.yaml(config)));
  }

  /// The folder of a checkpoint's run; any other path is itself.
  static Path holding(Path path) {
    Path all = path.toAbsolutePath().normalize().getParent();
    Path run = all == null || !all.endsWith(Checkpoint.ALL) ? null : all.getParent();
    if (run == null || !Files.exists(run.resolve(CONFIG)) || Files.exists(path.resolve(ENVIRONMENT))) {
      return path; // the last: a run whose output.dir is `checkpoints`
    }
    Path plain = path.normalize();
    return plain.isAbsolute() || plain.getNameCount() < 3 ? run : plain.subpath(0, plain.getNameCount() - 2);
  }

  /// A run that may not have written anything but its configuration yet.
  ///
  /// @param path its folder, or that of one of its checkpoints
  /// @throws RunException if it is not one
  static RunFolder started(Path path) {
    Path run = holding(path);
    if (!Files.isDirectory(run)) {
      throw new RunException(
          run + " is not a folder; expected a run's, such as runs/char-cpu-20260101-120000, or one in "
              + "its checkpoints/");
    }
    if (!Files.exists(run.resolve(CONFIG))) {
      throw new RunException(run + " is not a run folder: it has no " + CONFIG
          + "; a study's, which norma report takes too, has study.json");
    }
    return new RunFolder(run);
  }

  /// A run with a log.
  ///
  /// @param path its folder, or that of one of its checkpoints
  /// @throws RunException if it is not one
  public static RunFolder open(Path path) {
    RunFolder run = started(path);
    if (!Files.exists(run.path.resolve(Metrics.FILE))) {
      throw new RunException(run.path + " is not a run folder: it has no " + Metrics.FILE);
    }
    return run;
  }

  /// Checks that a session has the validation text that the run had.
  ///
  /// @throws RunException if it changed since
  public void requireSameText(Session session) {
    if (!environment(Comparability.VALIDATION).equals(session.validationSha256())) {
      throw new RunException(
          session.corpus().source() + " is not the text that the run was validated on: it changed since; "
              + "norma eval RUN data.corpus=FILE evaluates another text");
    }
  }

  /// What `environment.json` says under a name; empty if nothing.
  ///
  /// @throws RunException if there is no such file, or it is damaged
  String environment(String name) {
    if (!Files.exists(path.resolve(ENVIRONMENT))) {
      throw new RunException(path.resolve(ENVIRONMENT) + ": no such file");
    }
    return environment().getOrDefault(name, "");
  }

  /// What `environment.json` says; nothing if there is none.
  public Map<String, String> environment() {
    try {
      return Json.texts(path.resolve(ENVIRONMENT));
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
  }

  /// The file with its configuration.
  public Path configFile() {
    return path.resolve(CONFIG);
  }

  /// The run's configuration, with changes.
  ///
  /// @throws RunException if it has norms of its own that are not on the class path
  public RunConfig config(List<Assignment> assignments) {
    try {
      return new ConfigReader(NormTypes.all()).read(path.resolve(CONFIG), assignments);
    } catch (ConfigException e) {
      String missing = OwnNorms.missing(environment());
      throw missing.isEmpty() ? e : new RunException(path + " " + missing, e);
    }
  }
}

package norma.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.config.Assignment;
import norma.train.config.ConfigKey;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.config.RunConfigWriter.Difference;
import norma.train.files.Json;
import norma.train.files.ProcessLock;
import norma.train.files.Errors;
import norma.train.metrics.Metrics;
import norma.train.metrics.MetricsLog;
import norma.train.run.TrainingState.Conditions;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/// A run that goes on: its folder, locked, and the checkpoint that it goes on from. Without any checkpoint it begins anew in the same
/// folder. Later checkpoints are set aside, and what the log has after this one goes to `metrics.discarded.jsonl`.
public final class Resumption implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(Resumption.class);

  private final RunFolder folder;
  private final ProcessLock lock;
  private final @Nullable Checkpoint checkpoint;
  private final @Nullable TrainingState state;
  private final RunConfig config;

  private Resumption(SavedRun run, ProcessLock lock, List<Assignment> assignments) {
    this.folder = run.folder();
    this.lock = lock;
    this.checkpoint = run.find().orElse(null);
    if (checkpoint != null && !checkpoint.hasItsName()) {
      throw new RunException(
          checkpoint.folder() + " was set aside, and " + Metrics.FILE + " has no longer the lines that "
              + "led to it; sample, eval and inspect can read it, a run can go on from those named step-...");
    }
    this.state = checkpoint == null ? null : checkpoint.state();
    this.config = folder.config(assignments).withAbsolutePaths();
    requireSameMathematics(checkpoint == null ? folder.config(List.of()) : checkpoint.config());
  }

  /// Says what the run loses by going on from here; nothing where it loses nothing that anyone would miss.
  Optional<String> loses() {
    List<Integer> later = Checkpoint.losses(folder.path(), RunConfig.Train.MAX_STEPS, (_, _) -> {}).keySet().stream()
        .map(Checkpoint::stepOf).filter(step -> step > step()).toList();
    if (!later.isEmpty()) {
      return Optional.of(folder.path() + " goes on after step " + step() + ": its checkpoints of steps "
          + later.stream().map(String::valueOf).collect(Collectors.joining(", "))
          + " are set aside as checkpoints/aside-step-..., and what the log has after that step goes to "
          + MetricsLog.DISCARDED);
    }
    return checkpoint == null && hasSteps(folder.path().resolve(Metrics.FILE))
        ? Optional.of(folder.path() + " has steps in its log and no checkpoint: it begins anew; what it had goes to "
            + MetricsLog.DISCARDED)
        : Optional.empty();
  }

  private static boolean hasSteps(Path log) {
    if (!Files.exists(log)) {
      return false;
    }
    try (Stream<String> lines = Files.lines(log, StandardCharsets.ISO_8859_1)) { // it may be larger than the heap
      return lines.anyMatch(line -> line.contains("{\"event\":\"step\","));
    } catch (IOException | UncheckedIOException e) {
      throw new RunException(Errors.line(e), e);
    }
  }

  /// Locks a run and reads where it stands.
  ///
  /// @param run         its folder, or that of one of its checkpoints
  /// @param assignments settings that change
  /// @throws RunException             if another process trains there, or no checkpoint is whole
  /// @throws IllegalArgumentException if a setting would change what is computed
  public static Resumption open(Path run, List<Assignment> assignments) {
    return open(SavedRun.of(run, null), assignments);
  }

  /// The same from a checkpoint that may be an older one.
  public static Resumption open(SavedRun run, List<Assignment> assignments) {
    ProcessLock lock = run.folder().lock();
    try {
      return new Resumption(run, lock, assignments);
    } catch (RuntimeException e) {
      close(lock);
      throw e;
    }
  }

  /// A key that is resumable leaves every loss the same, but where a rollback goes to is a checkpoint. Where the text lies may change too, if it is the same text; which backend
  /// and how many threads, if they compute the same ([Conditions]).
  private void requireSameMathematics(RunConfig before) {
    for (Difference difference : RunConfigWriter.differences(before, config)) {
      if (ConfigKey.find(difference.path()).filter(ConfigKey::resumable).isEmpty()) {
        throw new IllegalArgumentException(difference.path() + " is " + shown(difference.right())
            + ", but this run has " + shown(difference.left())
            + "; a resumed run computes what it would have: start a new run to change it");
      }
    }
    if (config.train().steps() < step()) {
      throw new IllegalArgumentException("train.steps is " + config.train().steps() + ", but this run has taken "
          + step() + "; expected at least that");
    }
  }

  private static String shown(String value) {
    return value.isEmpty() ? "nothing" : value;
  }

  /// The steps that it has taken.
  public int step() {
    return checkpoint == null ? 0 : checkpoint.step();
  }

  /// Whether all its steps are taken and what follows them is written.
  public boolean isDone() throws IOException {
    return step() == config.train().steps() && Metrics.read(folder.path()).state().equals("completed");
  }

  /// A session with the weights that it goes on from.
  ///
  /// @throws RunException if the text or the machine's way of computing is another
  public Session session(boolean debug) {
    Conditions before = state == null ? null : state.conditions();
    String text = before == null ? folder.environment("corpus_sha256") : before.corpusSha256();
    if (!Session.corpus(config).sha256().equals(text)) {
      throw new RunException("data.corpus is not the text that " + folder.path()
          + " was trained on: it changed since; a resumed run needs the same bytes (SHA-256 "
          + Json.printable(text) + ")");
    }
    Session session = checkpoint == null
        ? Session.start(config, debug)
        : checkpoint.session(config, true, debug);
    try {
      if (before == null) {
        InitialWeights.requireSame(folder, session);
      } else {
        requireSameConditions(before, Conditions.of(session), config.train().sequences());
      }
      warnOfOtherMachine(session);
      return session;
    } catch (RuntimeException e) {
      session.close();
      throw e;
    }
  }

  /// @param sequences of a step, of which a shard has one at least
  private static void requireSameConditions(Conditions before, Conditions now, int sequences) {
    if (!before.backend().equals(now.backend())) {
      throw new RunException("runtime.backend is " + now.backend() + " here, but this run has " + before.backend()
          + ", which rounds differently; runtime.backend=" + before.backend() + " goes on with it");
    }
    if (Math.min(before.shards(), sequences) != Math.min(now.shards(), sequences)) {
      throw new RunException("a batch has " + now.shards() + " shards here, but this run has " + before.shards()
          + ", which adds up differently; runtime.shards=" + before.shards() + " goes on with it");
    }
  }

  /// Another processor or another Norma may round differently.
  private void warnOfOtherMachine(Session session) {
    Map<String, String> here = Map.of("cpu", Machine.cpu(), Comparability.GPU, session.backend().gpu(), "norma_version",
        Environment.version(), "commit", Environment.commit());
    try {
      here.forEach((name, now) -> {
        String before = folder.environment(name);
        if (!before.isEmpty() && !before.equals(now)) {
          LOG.warn("{} was {} and is {}: losses may differ in their last digits", name, Json.printable(before), now);
        }
      });
    } catch (RunException e) {
      LOG.warn(e.getMessage());
    }
  }

  RunFolder folder() {
    return folder;
  }

  ProcessLock lock() {
    return lock;
  }

  @Nullable
  TrainingState state() {
    return state;
  }

  @Override
  public void close() {
    close(lock);
  }

  private static void close(ProcessLock lock) {
    try {
      lock.close();
    } catch (IOException e) {
      LOG.debug("the lock ends with the process", e);
    }
  }
}

package norma.train.run;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import norma.train.config.RunConfig;
import norma.train.files.Json;
import org.jspecify.annotations.Nullable;

/// What a command line means by a run: its folder, or that of one of its checkpoints, and `--checkpoint`. Every command that reads a
/// run's weights finds them by this.
public final class SavedRun {
  private static final String LAST = "last";
  private static final String BEST = "best";
  private static final Pattern WHICH = Pattern.compile(LAST + "|" + BEST + "|[0-9]{1,9}");

  private final RunFolder folder;
  private final @Nullable Path itself; // a checkpoint's own folder
  private final String which;

  private SavedRun(RunFolder folder, @Nullable Path itself, String which) {
    this.folder = folder;
    this.itself = itself;
    this.which = which;
  }

  /// @param argument   a run's folder, or a checkpoint's in it
  /// @param checkpoint `best`, `last` or a step; without, a checkpoint's own folder, or the last
  /// @throws RunException             if there is no such run
  /// @throws IllegalArgumentException if the two contradict each other
  public static SavedRun of(Path argument, @Nullable String checkpoint) {
    RunFolder folder = RunFolder.started(argument);
    boolean itself = !RunFolder.holding(argument).equals(argument);
    if (itself && checkpoint != null) {
      throw new IllegalArgumentException(
          argument + " is a checkpoint already; --checkpoint " + Json.printable(checkpoint) + " goes with its run, "
              + folder.path());
    }
    String which = checkpoint == null ? LAST : checkpoint;
    if (!WHICH.matcher(which).matches()) {
      throw new IllegalArgumentException(
          "--checkpoint is " + Json.printable(which) + "; expected best, last, or a step such as 2000");
    }
    return new SavedRun(folder, itself ? argument : null, which);
  }

  /// The run's folder.
  public RunFolder folder() {
    return folder;
  }

  /// The checkpoint that is meant.
  ///
  /// @throws RunException that says which there are, if this one is not there or is damaged
  public Checkpoint checkpoint() {
    return find().orElseThrow(() -> new RunException(
        folder.path() + " has no checkpoint: train.checkpoint_every decides when one is written"));
  }

  /// The same; nothing where the newest is meant and the run has none at all.
  Optional<Checkpoint> find() {
    if (itself != null) {
      return Optional.of(opened(itself));
    }
    return switch (which) {
      case LAST -> Checkpoint.newest(folder.path());
      case BEST -> Optional.of(opened(Checkpoint.best(losses())
          .orElseThrow(
              () -> new RunException("no checkpoint of " + folder.path() + " has a validation loss, by which the "
                  + "best is chosen; " + there()))));
      default -> Optional.of(opened(
          folder.path().resolve(Checkpoint.ALL).resolve(Checkpoint.nameOf(Integer.parseInt(which)))));
    };
  }

  private Checkpoint opened(Path path) {
    if (!Files.exists(path.resolve(Manifest.FILE))) {
      throw new RunException((Files.exists(path)
          ? path + " is incomplete, without " + Manifest.FILE
          : "there is no checkpoint " + path) + "; " + there());
    }
    try {
      return Checkpoint.verified(path);
    } catch (RunException e) {
      throw new RunException(e.getMessage() + "; " + there(), e);
    }
  }

  private Map<Path, Double> losses() {
    return Checkpoint.losses(folder.path(), RunConfig.Train.MAX_STEPS, (_, _) -> {}); // damaged ones are no choice
  }

  /// For people: the steps of the checkpoints, and which is the best.
  private String there() {
    Map<Path, Double> losses = losses();
    Path best = Checkpoint.best(losses).orElse(null);
    return losses.isEmpty()
        ? folder.path() + " has no checkpoint"
        : losses.keySet().stream().map(path -> Checkpoint.stepOf(path) + (path.equals(best) ? " (best)" : ""))
            .collect(Collectors.joining(", ", folder.path() + " has those of steps ", ""));
  }
}

package norma.train.cli;

import java.nio.file.Path;
import norma.train.run.SavedRun;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The run, and which of its checkpoints: the same for every command that reads weights.
class RunArgument {
  static final String CHECKPOINT = "best (lowest validation loss), last (default: the newest that is whole), or a step such as 2000.";

  static final String RUN = "A run's folder, the beginning of its name, or last for the newest; or a checkpoint's folder: runs/X/checkpoints/step-0002000.";

  @Parameters(index = "0", paramLabel = "RUN", description = RUN)
  private Path run;

  @Option(names = "--checkpoint", paramLabel = "WHICH", description = CHECKPOINT)
  private @Nullable String checkpoint;

  SavedRun saved() {
    return SavedRun.of(StoredWork.run(run), checkpoint);
  }
}

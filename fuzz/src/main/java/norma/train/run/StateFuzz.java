package norma.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import norma.fuzz.Input;

/// A checkpoint's `state`, up to the optimizer's moments: what was read, written and read again is the same.
public final class StateFuzz {
  private static final Input INPUT = new Input(Checkpoint.STATE, 2000);
  private static final SmallRun RUN = new SmallRun();

  private StateFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> {
      TrainingState state = TrainingState.read(file);
      state.restore(RUN.session(), RUN.moments());
      return state;
    }, RunException.class).ifPresent(state -> {
      Path first = write("first", state.progress());
      try {
        TrainingState again = TrainingState.read(first);
        Input.require(again.progress().equals(state.progress()), "written and read again, the progress is another");
        again.restore(RUN.session(), RUN.moments());
        Path second = write("second", again.progress());
        Input.require(Files.mismatch(first, second) < 0, "written and read again, the numbers are others");
        Files.delete(second);
        Files.delete(first);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  private static Path write(String name, Progress progress) {
    Path file = INPUT.folder().resolve(name);
    try {
      TrainingState.write(file, progress, RUN.session(), RUN.moments());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }
}

package norma.train.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import norma.train.files.ShellText;
import norma.train.files.WholeFile;
import norma.train.metrics.TensorBoardLog;
import norma.train.run.SavedRun;

/// A run's log for TensorBoard, where the run did not write it itself (`output.tensorboard`).
final class EventFile implements Exporter {
  @Override
  public String write(SavedRun run, Path to) throws IOException {
    byte[] bytes = TensorBoardLog.of(run.folder().path(), Files.readString(run.folder().configFile()));
    WholeFile.write(to, file -> Files.write(file, bytes));
    return "tensorboard --logdir " + ShellText.of(Objects.requireNonNull(to.toAbsolutePath().getParent()).toString());
  }
}

package norma.train.export;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import norma.train.files.ShellText;
import norma.train.files.WholeFile;
import norma.train.metrics.TensorBoardLog;
import norma.train.run.SavedRun;
import org.jspecify.annotations.Nullable;

/// The forms in which a run leaves Norma, named as `norma export --to` takes them.
public enum ExportFormat {
  /// One file for ONNX Runtime and whatever else computes ONNX.
  onnx("model.onnx"),
  /// A folder for the Python library `transformers`.
  hf("hf"),
  /// An event file of its curves for TensorBoard.
  tensorboard(TensorBoardLog.name(0)),
  /// A script for Weights & Biases.
  wandb("to_wandb.py"),
  /// A script for MLflow.
  mlflow("to_mlflow.py"),
  /// A script for Trackio.
  trackio("to_trackio.py");

  /// Where exports lie in a run's folder.
  private static final String FOLDER = "export";

  private final String file;

  ExportFormat(String file) {
    this.file = file;
  }

  /// What was written, and what to do with it.
  ///
  /// @param path its place
  /// @param next a command, or what opens it
  public record Exported(Path path, String next) {}

  /// Writes a run in this form.
  ///
  /// @param place where to; the usual one, `RUN/export/FILE`, if there is none
  /// @throws IOException              if it cannot be written
  /// @throws IllegalArgumentException if this form cannot hold the run
  public Exported export(SavedRun run, @Nullable Path place) throws IOException {
    Path to = place == null ? run.folder().path().resolve(FOLDER).resolve(file) : place;
    Path folder = to.toAbsolutePath().getParent();
    if (folder != null) { // the root has none, and is refused below
      Files.createDirectories(folder);
    }
    return new Exported(to, exporter().write(run, to));
  }

  private Exporter exporter() {
    return switch (this) {
      case onnx -> new OnnxModel();
      case hf -> new HfExport();
      case tensorboard -> ExportFormat::eventFile;
      case wandb -> TrackerScript.WANDB;
      case mlflow -> TrackerScript.MLFLOW;
      case trackio -> TrackerScript.TRACKIO;
    };
  }

  /// The log of a run that did not write this itself (`output.tensorboard`).
  private static String eventFile(SavedRun run, Path to) throws IOException {
    byte[] bytes = TensorBoardLog.of(run.folder().path(), Files.readString(run.folder().configFile()));
    WholeFile.write(to, file -> Files.write(file, bytes));
    return "tensorboard --logdir " + ShellText.of(Objects.requireNonNull(to.toAbsolutePath().getParent()).toString());
  }
}

package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import norma.train.export.ExportFormat;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `norma export`.
@Command(name = "export", mixinStandardHelpOptions = true, sortOptions = false, description = "Writes a run in a form that another tool reads.", footer = {
    "",
    "Without --out it lies in the run's folder, export/. A file that is there already is replaced, a folder only if it is empty." })
final class ExportCommand implements Callable<Integer> {
  @Mixin
  private RunArgument run = new RunArgument();

  @Option(names = "--to", required = true, paramLabel = "FORMAT", description = "onnx: the model as one file; hf: a folder for the Python library transformers; tensorboard: an event file of the curves; wandb, mlflow, trackio: a Python script that sends the curves there.")
  private ExportFormat format;

  @Option(names = "--out", paramLabel = "PATH", description = "Where it goes, instead of its usual place.")
  private @Nullable Path out;

  @Override
  public Integer call() throws IOException {
    ExportFormat.Exported exported = format.export(run.saved(), out);
    Console console = new Console();
    console.line("export   %s", exported.path());
    console.line("next     %s", exported.next());
    return 0;
  }
}

package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import norma.train.files.Tree;

/// Runs the commands on the smallest model; the launcher records its class cache from that.
final class ClassCacheRecording {
  private ClassCacheRecording() {}

  /// @param arguments where to put the run
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments[0], "runs");
    int code = Main.run("--help");
    code += Main.run("train", "configs/tiny.yaml", "runtime.backend=cpu", "model.layers=1", "model.context=8",
        "train.steps=2", "train.batch=2", "data.val_fraction=0.001", "output.dir=" + folder);
    String run = Tree.list(folder).getFirst().toString();
    code += Main.run("compare", run, run);
    code += Main.run("report", run);
    System.exit(code);
  }
}

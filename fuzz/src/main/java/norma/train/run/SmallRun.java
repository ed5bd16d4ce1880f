package norma.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.nn.NormTypes;
import norma.optim.Optimizer;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.files.Disk;

/// A training of a few hundred numbers, in float64: its state has every kind of tensor. Where Norma's checkpoints are read, for what only
/// its own package can reach.
public final class SmallRun {
  private static final List<String> SETTINGS = List.of("model.layers=1", "model.heads=1", "model.width=4",
      "model.context=4", "model.mlp_ratio=1", "model.norm.all=dyt", "runtime.backend=nd4j", "runtime.precision=fp64",
      "train.batch=2");

  private final Session session;
  private final List<Optimizer.State> moments;

  SmallRun() {
    try {
      Path text = Files.createTempFile("norma-fuzz-", ".txt");
      text.toFile().deleteOnExit();
      Files.writeString(text, "abcdefgh\n".repeat(20));
      List<String> settings = new ArrayList<>(SETTINGS);
      settings.add("data.corpus='" + text + "'");
      RunConfig config = new ConfigReader(NormTypes.all()).read("fuzz.yaml", "", Assignment.parse(settings));
      session = Session.start(config, false);
      moments = new TrainStep(session).state();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Session session() {
    return session;
  }

  List<Optimizer.State> moments() {
    return moments;
  }

  /// Writes its checkpoint of step 3.
  ///
  /// @param folder of a run
  /// @return the checkpoint's folder
  public static Path checkpoint(Path folder) throws IOException {
    SmallRun run = new SmallRun();
    return new CheckpointWriter(folder, run.session, run.moments, Disk.real(), warning -> {})
        .write(Progress.START.evaluated(3, 2.5).at(3, 1.5, 700).anchored(1, 0.5, 700));
  }
}

package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.Random;
import norma.models.Slot;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.Json;

/// Studies that no training has made: every run has ended, with everything that a run can record.
final class StudyFixture {
  private static final List<String> LAYERS = List.of("tok_emb", "final", "head", "optimizer");

  private StudyFixture() {}

  /// Works off a study with invented numbers: losses fall by the number of the variant, the last seed of a variant named `bad` diverges.
  static StudyFolder of(Path file, Path path, int steps) throws IOException {
    StudyFolder folder = new StudyFolder(StudyReader.read(file, List.of()), path);
    for (Study.Cell cell : folder.cells()) {
      write(folder, cell, steps);
    }
    for (Study.Cell cell : folder.cells()) { // what tuning has chosen now
      if (folder.result(cell) == null) {
        write(folder, cell, steps);
      }
    }
    return folder;
  }

  /// One run of it.
  static void write(StudyFolder folder, Study.Cell cell, int steps) throws IOException {
    int variant = folder.study().variants().indexOf(cell.variant());
    Random random = new Random(1000L * variant + cell.seed());
    double offset = 0.02 * variant + 0.01 * random.nextGaussian() + 0.02 * cell.seed();
    String name = cell.variant().name() + "-s" + cell.seed() + "-20260101-120000";
    Path run = folder.runs(cell).resolve(name);
    Files.createDirectories(run);
    List<String> lines = new ArrayList<>(List.of("{'event':'start'}"));
    for (int step = 10; step <= steps; step += 10) {
      lines.add("{'event':'step','step':" + step + ",'tokens':" + step * 768L + ",'loss':" + rounded(loss(step, offset))
          + ",'lr':0.001,'grad_norm':0.51234,'step_ms':12.4,'tokens_per_s':60000.0,'elapsed_s':"
          + rounded(step * 0.0127)
          + "}");
      if (step % 50 == 0) {
        lines.add(
            "{'event':'eval','step':" + step + ",'train_loss':2.1,'val_loss':" + rounded(loss(step, offset)) + "}");
        lines.add(norm(cell.config(), step, random));
        lines.add(layers(cell.config(), step, random));
      }
    }
    boolean bad = cell.variant().name().startsWith("bad")
        && cell.seed() == folder.study().seeds().getLast();
    lines.add(bad
        ? "{'event':'diverged','step':" + steps + ",'first_bad':'blocks.1.mlp'}"
        : String.format(Locale.ROOT,
            "{'event':'end','step':%d,'reason':'completed','best_val_loss':%.5f,'best_step':%d,"
                + "'final_val_loss':%.5f}",
            steps, loss(steps, offset), steps, loss(steps, offset)));
    Files.writeString(run.resolve("metrics.jsonl"), String.join("\n", lines).replace('\'', '"') + "\n");
    Files.writeString(run.resolve("config.yaml"),
        RunConfigWriter.yaml(cell.config().placed(name, folder.runs(cell), OptionalInt.of(1))));
    folder.write(cell,
        Json.record(Json.parse(String.format(Locale.ROOT,
            """
                {"cell": "%s", "status": "%s", "folder": "%s", "best_val_loss": %s, "best_step": %d, "final_val_loss": %s, "steps": %d,
                 "seconds": 25, "tokens_per_s": 60000, "fingerprint": {"cpu": "one"}, "error": ""}
                """,
            cell.id(), bad ? "diverged" : "completed", folder.path().relativize(run), bad ? null : loss(steps, offset),
            steps, bad ? null : loss(steps, offset), steps)), CellResult.class));
  }

  private static double loss(int step, double offset) {
    return 1.62 + offset + 2.55 * Math.exp(-step / 300.0);
  }

  private static String norm(RunConfig config, int step, Random random) {
    List<String> slots = new ArrayList<>();
    for (int block = 0; block < config.model().layers(); block++) {
      slots.add(slot("blocks." + block + ".attn.pre", config.model().norm().of(block, Slot.ATTN_PRE).type(),
          Math.pow(4, block - 2), step, random));
      slots.add(slot("blocks." + block + ".mlp.pre", config.model().norm().of(block, Slot.MLP_PRE).type(),
          Math.pow(4, block - 1.5), step, random));
    }
    slots.add(slot("final", config.model().norm().of(Slot.FINAL).type(), 20, step, random));
    slots.removeIf(String::isEmpty);
    return "{'event':'norm','step':" + step + ",'slots':[" + String.join(",", slots) + "],'max_attention_logit':"
        + rounded(3 + step * 0.004 + 0.3 * random.nextGaussian()) + ",'log_z':" + rounded(4.1 + step * 1e-4) + "}";
  }

  private static String slot(String name, String type, double std, int step, Random random) {
    double grown = std * (1 + step / 500.0) * Math.exp(0.1 * random.nextGaussian());
    String scalars = switch (type) {
      case "dyt", "derf" -> "'alpha':" + rounded(0.5 + 0.2 / grown) + ",'saturation':"
          + rounded(Math.min(0.97, grown / 10)) + ",";
      case "dyisru" ->
        "'beta':" + rounded(4 - 0.2 / grown) + ",'saturation':" + rounded(Math.min(0.97, grown / 12)) + ",";
      default -> "";
    };
    return type.equals("none")
        ? ""
        : "{'slot':'" + name + "','type':'" + type + "'," + scalars + "'inv_std':" + rounded(1 / grown) + ",'in_rms':"
            + rounded(grown * 1.02) + ",'in_absmax':" + rounded(grown * 6) + ",'in_kurtosis':" + rounded(1 + grown / 4)
            + "}";
  }

  private static String layers(RunConfig config, int step, Random random) {
    List<String> layers = new ArrayList<>();
    for (int block = 0; block < config.model().layers(); block++) {
      layers.add(layer("blocks." + block + ".attn.pre", 0.1, random));
      layers.add(layer("blocks." + block + ".attn", 3.2, random));
      layers.add(layer("blocks." + block + ".mlp.pre", 0.1, random));
      layers.add(layer("blocks." + block + ".mlp", 3.9, random));
    }
    LAYERS.forEach(layer -> layers.add(layer(layer, 0.4, random)));
    return "{'event':'layers','step':" + step + ",'layers':[" + String.join(",", layers) + "]}";
  }

  private static String layer(String name, double millis, Random random) {
    double forward = millis / 3 * (1 + 0.1 * random.nextDouble());
    return "{'layer':'" + name + "','forward_ms':" + rounded(forward) + ",'backward_ms':" + rounded(2 * forward)
        + ",'tokens_per_s':" + Math.round(768e3 / (3 * forward)) + "}";
  }

  /// To five digits behind the point.
  private static double rounded(double value) {
    return Math.round(value * 1e5) / 1e5;
  }
}

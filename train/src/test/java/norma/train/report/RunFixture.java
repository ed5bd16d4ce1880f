package norma.train.report;

import norma.train.metrics.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// Run folders that no training has made: one with everything that a run can leave, one with the least.
public final class RunFixture {
  static final String CONFIG = """
      name: char-cpu-dyt
      data: {corpus: "builtin:dickens", val_fraction: 0.1}
      model:
        layers: 4
        heads: 4
        width: 128
        context: 64
        norm: {all: dyt}   # <b>not markup</b>
      optim: {lr: 1e-3, min_lr: 1e-4, schedule: cosine, warmup_steps: 100, decay_steps: 2000}
      train: {steps: 2000, batch: 12, seed: 1337}
      """;

  private RunFixture() {}

  /// 2,000 steps of a model with 4 blocks and DyT in its slots, evaluated and probed every 250.
  public static void full(Path folder) throws IOException {
    Random random = new Random(7);
    List<String> lines = new ArrayList<>();
    lines.add("{'event':'start','time':'2026-01-01T00:00:00Z','parameters':804096}");
    for (int step = 1; step <= 2000; step++) {
      if (step == 1 || step % 10 == 0) {
        lines.add(step(step, random));
      }
      if (step % 250 == 0) {
        double val = 1.75 + 2.45 * Math.exp(-step / 330.0) + (step > 1600 ? (step - 1600) * 6e-5 : 0);
        lines.add(String.format(Locale.ROOT,
            "{'event':'eval','step':%d,'train_loss':%.4f,'val_loss':%.4f,'val_bits':%.4f}", step,
            val - 0.06, val, val / Math.log(2)));
        lines.add(norm(step));
      }
      if (step % 1000 == 0) {
        lines.add(layers(step));
        lines.add("{'event':'sample','step':" + step
            + ",'text':'\\n\\nThe old man shook his head, and </script><script>alert(1)</script> went out\\nof the shop & away.'}");
      }
    }
    lines.add(
        "{'event':'end','step':2000,'reason':'completed','best_val_loss':1.7712,'best_step':1750,'final_val_loss':1.7797}");
    write(folder, lines);
    Files.writeString(folder.resolve("config.yaml"), CONFIG);
    Files.writeString(folder.resolve("environment.json"), json(
        """
            {'version':'0.1.0','commit':'0123abc','jdk':'25','cpu':'A CPU','cores':2,'backend':'cpu',
             'kernels':['linear','dyt'],'threads':2,'corpus_sha256':'70b924ea4d22d24d8650660ddddd29fc5c07eafc5803a904e6d1184f50ac4ed7'}
            """));
  }

  /// A run that has only begun.
  static void minimal(Path folder) throws IOException {
    write(folder, List.of("{'event':'start'}", "{'event':'step','step':1,'loss':4.17}"));
  }

  static void write(Path folder, List<String> lines) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(Metrics.FILE), json(String.join("\n", lines) + "\n"));
  }

  /// JSON written with single quotes.
  static String json(String text) {
    return text.replace('\'', '"');
  }

  private static String step(int step, Random random) {
    double loss = 1.62 + 2.55 * Math.exp(-step / 300.0) + 0.07 * random.nextGaussian();
    double lr = step < 100 ? 1e-3 * step / 100 : 1e-4 + 9e-4 * 0.5 * (1 + Math.cos(Math.PI * (step - 100) / 1900));
    double millis = 12.4 + 0.5 * Math.abs(random.nextGaussian()) + (step == 1 ? 180 : 0);
    return String.format(Locale.ROOT,
        "{'event':'step','step':%d,'tokens':%d,'loss':%.5f,'lr':%.6g,'grad_norm':%.4f,'step_ms':%.3f,"
            + "'tokens_per_s':%.0f,'elapsed_s':%.3f}",
        step, step * 768L, loss, lr,
        0.5 + 2 * Math.exp(-step / 80.0) + 0.1 * random.nextDouble(), millis, 768e3 / millis, 0.2 + step * 0.0127);
  }

  private static String norm(int step) {
    List<String> slots = new ArrayList<>();
    for (int block = 0; block < 4; block++) {
      for (String sublayer : List.of("attn", "mlp")) {
        slots.add(slot("blocks." + block + "." + sublayer + ".pre", step,
            1 + block * 0.4 + (sublayer.equals("mlp") ? 0.2 : 0)));
      }
    }
    slots.add(slot("final", step, 3));
    return String.format(Locale.ROOT, "{'event':'norm','step':%d,'slots':[%s],'max_attention_logit':%.2f,'log_z':%.3f,"
        + "'update_ratio':%.2e}",
        step,
        String.join(",", slots), 3 + step * 0.004, 4.1 + step * 1e-4, 3e-3 * (1 - step / 2500.0));
  }

  private static String slot(String name, int step, double std) {
    double grown = std * (1 + step / 1500.0);
    return String.format(Locale.ROOT,
        "{'slot':'%s','type':'dyt','alpha':%.4f,'inv_std':%.4f,'saturation':%.4f,'in_rms':%.4f,'in_absmax':%.3f,"
            + "'in_kurtosis':%.3f,'in_outliers':%.2e,'out_rms':%.4f,'out_absmax':%.3f,'out_grad_rms':%.4f,"
            + "'update_ratio':%.2e}",
        name, 0.5 + 0.25 * (1 / grown - 0.5) * Math.min(1, step / 800.0), 1 / grown,
        0.02 * grown, grown * 1.02, grown * 6, 3 + grown, 1e-5 * grown, Math.tanh(0.5 * grown), 0.98,
        0.02 / grown, 1.2e-3 * (1 - step / 2500.0));
  }

  private static String layers(int step) {
    List<String> layers = new ArrayList<>(List.of(layer("embedding", 0.08, 0.2, 0)));
    for (int block = 0; block < 4; block++) {
      layers.add(layer("blocks." + block + ".attn", 0.95, 2.1, 0.4));
      layers.add(layer("blocks." + block + ".mlp", 1.12, 2.35, 0.55));
    }
    layers.add(layer("final", 0.05, 0.09, 0));
    layers.add(layer("lm_head", 0.14, 0.29, 0.04));
    return "{'event':'layers','step':" + step + ",'layers':[" + String.join(",", layers) + "]}";
  }

  private static String layer(String name, double forward, double backward, double gflop) {
    return String.format(Locale.ROOT,
        "{'layer':'%s','forward_ms':%.3f,'backward_ms':%.3f,'tokens_per_s':%.0f,'gflops':%.1f}", name, forward,
        backward, 768e3 / (forward + backward), gflop * 1e3 / (forward + backward));
  }
}

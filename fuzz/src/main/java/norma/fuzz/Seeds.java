package norma.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.run.SmallRun;
import norma.train.study.StudyFile;
import norma.train.study.StudyFolder;
import norma.train.study.StudyReader;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;

/// Writes what the fuzzer starts from: sound files of every kind.
final class Seeds {
  private static final List<String> METRICS = List.of("{'event':'start','step':0,'backend':'cpu'}",
      "{'event':'eval','step':2147483647,'train_loss':1e308,'val_loss':-1e308,'val_bits':4.9e-324}",
      "{'event':'step','step':1,'tokens':768,'loss':4.5,'lr':1e-4,'grad_norm':0.9,'step_ms':12.8,'tokens_per_s':60000,'elapsed_s':0.2}",
      "{'event':'step','step':2,'tokens':1536,'loss':null,'lr':1e-4,'grad_norm':null,'elapsed_s':0.4}",
      "{'event':'eval','step':2,'train_loss':3.1,'val_loss':3.2,'val_bits':4.6}",
      "{'event':'norm','step':2,'slots':[{'slot':'blocks.0.attn.pre','type':'dyt','alpha':0.5,'inv_std':2,'saturation':0.1,'in_rms':1,'in_absmax':4,'in_kurtosis':1.5}],'max_attention_logit':1.5,'log_z':4}",
      "{'event':'layers','step':2,'layers':[{'layer':'blocks.0.attn','forward_ms':1,'backward_ms':2,'tokens_per_s':5,'gflops':9}]}",
      "{'event':'sample','step':2,'text':'Once\\nupon'}", "{'event':'diverged','step':3,'first_bad':'blocks.0.mlp'}",
      "{'event':'end','step':2,'reason':'completed','best_val_loss':3.2,'best_step':2,'final_val_loss':3.2}");
  /// Every function and every kind of name.
  private static final List<String> FORMULAS = List.of("weight * (x - mean(x)) / std(x, eps) + bias",
      "weight * width^0.5 * x / sqrt(beta + x^2) + bias", "weight * erf(alpha * x - 0.1) + tanh(a * x) * b",
      "(weight + tanh(sum(x * b)) * a) * x / rms(x, 1e-6)",
      "weight / mean(weight) * atan(alpha * x / rms(x - alpha, 1e-3))",
      "weight * clamp(x, -1, 1) + alpha * var(x * b)", "log(1 + exp(alpha * x)) * sin(b * x) * cos(x)",
      "max(x, alpha) * min(x, b) + relu(x) - sign(x) * maxabs(x)",
      "softsign(x) + isru(x) * sigmoid(-x) + silu(gelu(x))",
      "softplus(alpha * x) * x^-2.5 + abs(x)^1.5", "((((((((x))))))))",
      "x / (1 + abs(x * ((((((((x^2)^2)^2)^2)^2)^2)^2)^2)) * (((((alpha^2)^2)^2)^2)^2)^2",
      "weight * x / 0 + 1e300 * x");
  private static final String CONFIG = """
      data: {corpus: {url: "https://example.org/a.txt", sha256: "%s"}, val_fraction: 0.1}
      model: {layers: 2, norm: {all: {type: dyt, alpha: 0.8}, qk: rmsnorm, blocks: [{of: "0-1", attn.pre: layernorm}]}}
      optim: {lr: 1e-3, betas: [0.9, 0.99], schedule: constant, groups: [{of: "*.alpha", lr_factor: 30, weight_decay: 0}]}
      runtime: {threads: 2, precision: fp32}
      """
      .formatted("ab".repeat(32));

  private Seeds() {}

  /// @param arguments the folder to write to, and Norma's home folder
  public static void main(String[] arguments) throws IOException {
    Path to = Path.of(arguments[0]);
    Path configs = Path.of(arguments[1], "configs");
    try (Stream<Path> files = Files.walk(configs)) {
      for (Path file : files.filter(path -> path.toString().endsWith(".yaml")).toList()) {
        write(to, "ConfigFuzz", Files.readAllBytes(file));
      }
    }
    write(to, "ConfigFuzz", CONFIG.getBytes(StandardCharsets.UTF_8));
    write(to, "ConfigFuzz", RunConfigWriter.yaml(RunConfig.DEFAULT).getBytes(StandardCharsets.UTF_8));
    write(to, "AssignmentFuzz", """
        model.norm.all=dyisru
        model.norm.attn.pre={type: dyt, alpha: 0.8}
        model.norm.blocks=[{of: "0-1", mlp.pre: rmsnorm}]
        optim.lr=3e-4
        data.corpus="builtin:macbeth"
        """.getBytes(StandardCharsets.UTF_8));
    safetensors(to);
    for (String text : List.of("abcdefgh\n".repeat(10), "\uFEFFöde\r\n\u2028 \uD83D\uDE00 Würde ".repeat(8))) {
      write(to, "CorpusFuzz", text.getBytes(StandardCharsets.UTF_8));
    }
    write(to, "VocabularyFuzz",
        "[\"\\n\",\" \",\"a\",\"b\",\"\u00E9\",\"\\uD83D\\uDE00\"]".getBytes(StandardCharsets.UTF_8));
    String metrics = String.join("\n", METRICS).replace('\'', '"') + "\n";
    for (String target : List.of("MetricsFuzz", "ReportFuzz")) {
      write(to, target, metrics.getBytes(StandardCharsets.UTF_8));
      for (String line : metrics.lines().toList()) {
        write(to, target, line.getBytes(StandardCharsets.UTF_8));
      }
    }
    for (String target : List.of("FormulaCodeFuzz", "FormulaSourceFuzz")) {
      for (String formula : FORMULAS) {
        write(to, target, formula.getBytes(StandardCharsets.UTF_8));
      }
    }
    Path checkpoint = SmallRun.checkpoint(Files.createTempDirectory("norma-seed"));
    write(to, "StateFuzz", Files.readAllBytes(checkpoint.resolve("state")));
    write(to, "ManifestFuzz", Files.readAllBytes(checkpoint.resolve("manifest.json")));
    Path study = Files.createTempDirectory("norma-seed");
    StudyFile.write(new StudyFolder(StudyReader.read(configs.resolve("studies/norms-quick.yaml"), List.of()), study),
        "norma study norms-quick");
    write(to, "StudyFileFuzz", Files.readAllBytes(study.resolve("study.json")));
  }

  private static void safetensors(Path to) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("tok_emb.weight", new Tensor(new int[]{ 3, 2 }, new float[]{ 1, -2, 3, Float.NaN, 0, -0f }));
    tensors.put("embedding_scale", new Tensor(new int[0], new float[]{ 11.3f }));
    tensors.put("empty", new Tensor(new int[]{ 0, 4 }, new float[0]));
    Path file = Files.createTempDirectory("norma-seed").resolve("seed.safetensors");
    Safetensors.write(file, tensors, Map.of("step", "5"));
    write(to, "SafetensorsFuzz", Files.readAllBytes(file));
    byte[] header = "{\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F16\",\"shape\":[1,1],\"data_offsets\":[4,6]}} "
        .getBytes(StandardCharsets.UTF_8);
    write(to, "SafetensorsFuzz", ByteBuffer.allocate(8 + header.length + 6).order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length).put(header).putShort((short) 0x3F80).putShort((short) 1).putShort((short) 0x3C00)
        .array());
  }

  private static void write(Path to, String target, byte[] seed) throws IOException {
    Path folder = Files.createDirectories(to.resolve(target));
    String[] before = folder.toFile().list();
    Files.write(folder.resolve("seed-" + (before == null ? 0 : before.length)), seed);
  }
}

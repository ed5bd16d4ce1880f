package norma.train.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import norma.models.NormSlots;
import norma.nn.NormSpec;
import norma.train.cli.Outcome;
import norma.train.config.RunConfig;
import norma.train.files.Json;
import norma.train.files.Tree;
import norma.train.files.WholeFolder;
import norma.train.run.Logits;
import norma.weights.Safetensors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class HfExportTest {
  /// Between them they have every part that a model can have.
  private static final Map<String, List<String>> MODELS = Map.of("gpt2", List.of(), "biased", List.of(
      "model.bias=true", "model.norm.all={type: layernorm, eps: 1e-3}", "model.tie_embeddings=false",
      "model.activation='" + Gpt2.ACTIVATIONS.get("gelu_new") + "'"), "rotary",
      List.of("model.positions=rotary", "model.kv_heads=2", "model.mlp=gated", "model.bias=true",
          "model.activation='x * isru(x + 1)'", "model.embedding_scale=learnable", "model.tie_embeddings=false",
          "model.logits='15 * tanh(x / 15)'",
          "model.residual={skip: 1 / sqrt(depth), branch: {start: 0.5, per: channel, positive: true}}",
          "model.norm={all: dyisru, attn: {v: rmsnorm, inner: isru, branch: rmsnorm_depth, "
              + "post: {y: 'x / (1 + abs(lambda * x)) * width^0.1', lambda: 0.5}}, mlp: {inner: seednorm, branch: l1norm, "
              + "post: hardtanh}, qk: rmsnorm_depth, embedding: derf, final: layernorm, blocks: [{of: '1', "
              + "attn.pre: layernorm, mlp.post: none}]}"),
      "bytes", List.of("data.token=byte", "model.embedding_scale=fixed", "model.positions=none", "model.dropout=0.1",
          "model.norm.all=dyt", "model.norm.final=softsign"));
  private static final int[] IDS = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8 };

  @TempDir
  private static Path folder;
  private static final Map<String, Path> RUNS = new LinkedHashMap<>();

  @BeforeAll
  static void trainAndExport() throws IOException {
    Path text = Files.writeString(folder.resolve("text.txt"), "The quick brown fox, jumping over 13 lazy dogs;\n"
        .repeat(30));
    for (Map.Entry<String, List<String>> model : MODELS.entrySet()) {
      List<String> command = new ArrayList<>(List.of("train", "data.corpus='" + text + "'", "output.dir='"
          + folder.resolve(model.getKey()) + "'", "model.layers=2", "model.heads=4", "model.width=16",
          "model.context=20", "train.steps=15", "train.batch=2", "train.eval_batches=1", "optim.warmup_steps=0",
          "optim.lr=0.03"));
      command.addAll(model.getValue());
      Outcome.ok(command);
      RUNS.put(model.getKey(), Tree.list(folder.resolve(model.getKey())).getFirst());
      Outcome.ok("export", run(model.getKey()).toString(), "--to", "hf");
    }
  }

  private static Outcome export(String model, String... options) {
    List<String> command = new ArrayList<>(List.of("export", String.valueOf(RUNS.get(model)), "--to", "hf"));
    command.addAll(List.of(options));
    return Outcome.of(command);
  }

  private static Path run(String model) {
    return Objects.requireNonNull(RUNS.get(model));
  }

  private static Path exported(String model) {
    return run(model).resolve("export/hf");
  }

  /// The first python3 on the path that has PyTorch.
  private static Path python() throws IOException, InterruptedException {
    for (String place : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      Path python = Path.of(place, "python3");
      if (Files.isExecutable(python)
          && new ProcessBuilder(python.toString(), "-c", "import torch").start().waitFor() == 0) {
        return python;
      }
    }
    return Path.of("");
  }

  @Test
  void pythonComputesTheSameLogitsWhereItHasTorch() throws Exception {
    Path python = python();
    assumeTrue(python.isAbsolute(), "no python3 on the path has torch (Debian: python3-torch)");
    Path script = folder.resolve("hf_logits.py");
    try (var in = HfExportTest.class.getResourceAsStream("hf_logits.py")) {
      Files.write(script, Objects.requireNonNull(in).readAllBytes());
    }
    Path out = folder.resolve("logits");
    List<String> command = new ArrayList<>(
        List.of(python.toString(), script.toString(), out.toString(), Arrays.toString(IDS)));
    RUNS.keySet().forEach(model -> command.add(exported(model).toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("HF_HOME", folder.resolve("hf").toString());
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    FloatBuffer theirs = ByteBuffer.wrap(Files.readAllBytes(out)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    for (Path run : RUNS.values()) {
      double[] ours = Logits.of(run, IDS);
      double most = Arrays.stream(ours).map(value -> Math.abs(value - theirs.get())).max().orElseThrow();
      assertThat(most).as(run.toString()).isLessThan(1e-5);
    }
    assertThat(theirs.hasRemaining()).isFalse();
  }

  @Test
  void theFilesOfPythonCompile() throws Exception {
    List<String> command = new ArrayList<>(List.of("python3", "-m", "py_compile"));
    for (String model : List.of("rotary", "bytes")) {
      command.add(exported(model).resolve(ModelingFile.NAME).toString());
    }
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("PYTHONPYCACHEPREFIX", folder.resolve("cache").toString());
      Process process = builder.start();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor()).as(said).isZero();
    } catch (IOException e) {
      assumeTrue(false, "there is no python3: " + e.getMessage());
    }
  }

  /// The state_dict of `GPT2LMHeadModel` as the library lists it, less the head that is the embedding.
  @Test
  void tensorsOfAGpt2AreThoseOfTheLibrary() throws Exception {
    Map<String, String> expected = new TreeMap<>(Map.of("transformer.wte.weight", "[32, 16]", "transformer.wpe.weight",
        "[20, 16]", "transformer.ln_f.weight", "[16]", "transformer.ln_f.bias", "[16]"));
    for (String block : List.of("transformer.h.0.", "transformer.h.1.")) {
      Map.of("ln_1.weight", "[16]", "ln_1.bias", "[16]", "attn.c_attn.weight", "[16, 48]", "attn.c_attn.bias", "[48]",
          "attn.c_proj.weight", "[16, 16]", "attn.c_proj.bias", "[16]").forEach(
              (name, shape) -> expected.put(block + name, shape));
      Map.of("ln_2.weight", "[16]", "ln_2.bias", "[16]", "mlp.c_fc.weight", "[16, 64]", "mlp.c_fc.bias", "[64]",
          "mlp.c_proj.weight", "[64, 16]", "mlp.c_proj.bias", "[16]").forEach(
              (name, shape) -> expected.put(block + name, shape));
    }
    assertThat(shapes("gpt2")).isEqualTo(expected);
    expected.put("lm_head.weight", "[32, 16]");
    assertThat(shapes("biased")).isEqualTo(expected);
    assertThat(Json.read(exported("gpt2").resolve("config.json")).path("architectures").get(0).stringValue())
        .isEqualTo("GPT2LMHeadModel");
    JsonNode config = Json.read(exported("biased").resolve("config.json"));
    assertThat(config.path("activation_function").stringValue()).isEqualTo("gelu_new");
    assertThat(config.path("layer_norm_epsilon").doubleValue()).isEqualTo(1e-3);
  }

  private static Map<String, String> shapes(String model) throws IOException {
    Map<String, String> shapes = new TreeMap<>();
    Safetensors.read(exported(model).resolve("model.safetensors"))
        .forEach((name, tensor) -> shapes.put(name, Arrays.toString(tensor.shape())));
    return shapes;
  }

  @Test
  void aFileOfPythonHasThePartsOfItsModelAndNoOthers() throws Exception {
    assertThat(exported("gpt2").resolve(ModelingFile.NAME)).doesNotExist();
    String all = Files.readString(exported("rotary").resolve(ModelingFile.NAME));
    assertThat(all).contains("def rotated(x)", "class Add(", "def cap(x)", "def isru(u)", "self.up = ",
        "self.skip = (1.0, 0.7071067811865475)[block]", "(Dyisru, Layernorm)[block](WIDTH)",
        "self.branch = (Rmsnorm, RmsnormDepth)[block](WIDTH)", "F.softplus(self.branch) * u",
        "\"key\": (Rmsnorm, RmsnormDepth)[block](HEAD_WIDTH)",
        "self._parameters[\"lambda\"] = nn.Parameter(torch.empty(()))", "self.embedding_scale", "self.lm_head");
    String few = Files.readString(exported("bytes").resolve(ModelingFile.NAME));
    assertThat(few).contains("class Dyt(", "x * math.sqrt(WIDTH)", "DROPOUT = 0.1").doesNotContain("#?", "{{",
        "rotated",
        "class Add", "cap(", "isru", "self.up", "self.qk ", "repeat_interleave", "pos_emb", "lm_head", "self.v",
        "branch");
    assertThat(Safetensors.read(exported("rotary").resolve("model.safetensors")).keySet())
        .isEqualTo(Safetensors.read(checkpoint("rotary")).keySet());
  }

  private static Path checkpoint(String model) {
    return run(model).resolve("checkpoints/step-0000015/model.safetensors");
  }

  @Test
  void whatIsThereIsLeftAndWhatCannotBeExportedIsOneLine() throws Exception {
    Path config = exported("gpt2").resolve("config.json");
    String before = Files.readString(config);
    export("gpt2").refused(3, exported("gpt2") + ": the folder is not empty; expected a new one");
    assertThat(config).hasContent(before);
    Path file = Files.writeString(folder.resolve("file"), "");
    export("gpt2", "--out", file.toString()).refused(3, "a file with this name is in the way");
    export("gpt2", "--out", file.resolve("x").toString()).refused(3, "a file with this name is in the way");
    export("gpt2", "--out", "/").refused(3, "norma: /: the folder is not empty; expected a new one");
    Outcome.of("export", run("gpt2").toString(), "--to", "wandb", "--out", "/")
        .refused(3, "norma: /: it is a folder; expected a file's name");
    Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    assertThat(export("gpt2", "--out", elsewhere.toString()).code()).isZero();
    assertThat(elsewhere.resolve("model.safetensors")).hasSameBinaryContentAs(exported("gpt2").resolve(
        "model.safetensors"));
    assertThatThrownBy(() -> ModelingFile.of(RunConfig.DEFAULT.model().with(NormSlots.all(
        NormSpec.of("gatednorm"), 4)), 5)).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("slot blocks.0.attn.pre has gatednorm, a Java type that is no formula: it cannot be written in "
            + "Python; expected norms that are formulas");
  }

  @Test
  void nothingIsLeftOfAFolderThatCouldNotBeWritten() throws Exception {
    Path place = Files.createDirectories(folder.resolve("full"));
    assertThatThrownBy(() -> WholeFolder.write(place.resolve("hf"), inner -> {
      Files.writeString(inner.resolve("config.json"), "{}");
      throw new IOException("No space left on device");
    })).hasMessage(place.resolve("hf") + ": No space left on device");
    assertThat(place).isEmptyDirectory();
  }
}

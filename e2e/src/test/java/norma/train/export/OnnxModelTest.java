package norma.train.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Parameter;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.models.Slot;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.ops.Reshape;
import norma.train.cli.Outcome;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.files.Json;
import norma.train.files.Protobuf;
import norma.train.files.Tree;
import norma.train.run.Session;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// ONNX Runtime computes an exported model as Norma does.
class OnnxModelTest {
  private static final OrtEnvironment ORT = OnnxRuntime.start();
  private static final int CONTEXT = 8;
  private static final List<String> SMALL = List.of("model.layers=1", "model.width=16", "model.heads=4",
      "model.context=" + CONTEXT, "runtime.threads=1", "data.corpus='builtin:macbeth'");

  @TempDir
  private Path folder;

  /// A model whose every weight is far from its start.
  private static Session model(String... settings) {
    Session session = Session.start(
        new ConfigReader(NormTypes.all()).read("test", "", Assignment.parse(with(SMALL, settings))), true);
    Random random = new Random(1);
    for (Parameter parameter : session.weights().parameters()) {
      session.backend().write(session.weights().of(parameter), random.doubles(parameter.size(), -0.5, 0.5)
          .map(noise -> parameter.initial().mean() + noise).toArray());
    }
    return session;
  }

  private static List<String> with(List<String> settings, String... more) {
    List<String> all = new ArrayList<>(settings);
    all.addAll(List.of(more));
    return all;
  }

  private static Protobuf exported(Session session) {
    return OnnxModel.model(OnnxModel.graph(session), Map.of());
  }

  /// @return (B, T, V)
  private static float[][][] logits(OrtSession onnx, int[] ids, int batch) throws OrtException {
    LongBuffer numbers = LongBuffer.wrap(Arrays.stream(ids).asLongStream().toArray());
    try (OnnxTensor input = OnnxTensor.createTensor(ORT, numbers, new long[]{ batch, ids.length / batch });
        OrtSession.Result result = onnx.run(Map.of("ids", input))) {
      return (float[][][]) result.get("logits").orElseThrow().getValue();
    }
  }

  /// @return (B * T * V)
  private static double[] logits(Session session, int[] ids, int batch) {
    Array input = session.backend().allocate(DType.INT32, batch, ids.length / batch);
    session.backend().write(input, ids);
    try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, null)) {
      return session.backend().read(session.model().logits(tape, input).value());
    }
  }

  private static void assertSameLogits(String... settings) throws OrtException {
    try (Session session = model(settings); OrtSession onnx = ORT.createSession(exported(session).toByteArray())) {
      for (int[] shape : new int[][]{ { 3, CONTEXT }, { 1, CONTEXT }, { 3, 3 }, { 1, 1 } }) {
        int[] ids = new Random(1).ints((long) shape[0] * shape[1], 0, session.vocabulary().size()).toArray();
        double[] expected = logits(session, ids, shape[0]);
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        double worst = 0;
        int i = 0;
        for (float[][] sequence : logits(onnx, ids, shape[0])) {
          assertThat(sequence).hasDimensions(shape[1], session.vocabulary().size());
          for (float[] place : sequence) {
            for (float logit : place) {
              worst = Math.max(worst, Math.abs(logit - expected[i++]));
            }
          }
        }
        assertThat(i).isEqualTo(expected.length);
        assertThat(largest).isGreaterThan(0.1);
        assertThat(worst / Math.max(1, largest)).isLessThan(1e-5);
      }
    }
  }

  static Stream<String> types() {
    return NormTypes.all().stream().map(NormType::name).filter(name -> !name.equals("hard_tanh"));
  }

  @ParameterizedTest
  @MethodSource("types")
  void everyNormInEverySlot(String type) throws OrtException {
    assertSameLogits(Stream.concat(Stream.of("model.bias=true"),
        Arrays.stream(Slot.values()).map(slot -> "model.norm." + slot.path() + "=" + type)).toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "model.positions=rotary; model.kv_heads=2; model.mlp=gated; model.activation=silu; model.bias=true",
      "model.positions=none; model.kv_heads=1; model.tie_embeddings=false; model.activation=relu2",
      "model.positions=rotary; model.embedding_scale=fixed; model.logits=3 * tanh(x / 3); model.activation=none",
      "model.embedding_scale=learnable; model.residual={skip: (2 * layers)^0.25, branch: {start: 1, per: channel}}",
      "model.residual.branch={start: 0.5}; model.mlp=gated; model.activation=relu; model.dropout=0.2; model.layers=2",
      "model.activation=x * sigmoid(1.7 * x); model.norm.blocks=[{of: 0, attn.pre: none}]; data.token=byte" })
  void everyPartOfAModel(String settings) throws OrtException {
    assertSameLogits(settings.split("; ", -1));
  }

  @Test
  void anOperationOfAUsersIsRefusedByItsSlot() {
    try (Session session = model("model.norm.mlp.pre=hard_tanh")) {
      assertThatThrownBy(() -> exported(session)).isInstanceOf(IllegalArgumentException.class)
          .hasMessageStartingWith(
              "blocks.0.mlp.pre is example.HardTanh$Op, an operation in Java that ONNX cannot hold");
    }
  }

  /// Whose graph would compute for one batch size alone.
  @Test
  void aShapeWithoutBatchAndTimeIsRefused() {
    try (Session session = model()) {
      OnnxOps ops = new OnnxOps(new OnnxGraph("one"), session.backend(), CONTEXT);
      try (
          Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, ops)) {
        Tensor x = tape.constant(session.backend().allocate(DType.FLOAT32, 2, 3, 4));
        tape.apply("mine", new Reshape(List.of(2, 3, 2, 2)), x);
        assertThatThrownBy(() -> tape.apply("mine", new Reshape(List.of(6, 4)), x))
            .hasMessageStartingWith("mine makes ")
            .hasMessageContaining("an array of shape [6, 4]; expected batch and time");
      }
    }
  }

  @Test
  void whatIsTooLargeForOneFileIsRefused() {
    OnnxModel.requireSize(Integer.MAX_VALUE);
    assertThatThrownBy(() -> OnnxModel.requireSize(3L << 30)).hasMessage(
        "the model has 3.2 GB in float32, and an ONNX file holds at most 2; expected a smaller model");
  }

  /// With nothing but the file: characters, context and greedy choice are those of `norma sample`.
  @Test
  void theFileAloneContinuesAText() throws Exception {
    Outcome.ok(with(with(List.of("train", "configs/tiny.yaml"), SMALL.toArray(String[]::new)),
        "model.width=32", "model.context=40", "train.steps=150", "train.batch=16", "optim.type=muon", "optim.lr=0.01",
        "optim.decay_steps=150", "train.eval_every=0", "train.layers_every=0", "train.norm_every=0",
        "output.dir='" + folder + "'"));
    Path run = Tree.list(folder).getFirst();
    assertThat(Outcome.ok("export", run.toString(), "--to", "onnx"))
        .contains("export   " + run.resolve("export/model.onnx"));
    String prompt = "Macbeth. ";
    Outcome sample = Outcome.of("sample", run.toString(), "--prompt", prompt, "--tokens", "30", "--temperature", "0");
    try (OrtSession onnx = ORT.createSession(run.resolve("export/model.onnx").toString())) {
      Map<String, String> facts = onnx.getMetadata().getCustomMetadata();
      List<String> vocabulary = Json.parse(facts.getOrDefault("vocabulary", "")).valueStream()
          .map(JsonNode::stringValue).toList();
      String text = greedy(onnx, vocabulary, prompt, 30);
      assertThat(text.substring(prompt.length()).chars().distinct()).hasSizeGreaterThan(3);
      assertThat(sample.out()).isEqualTo(text + "\n");
      assertThat(facts).containsEntry("context", "40").containsEntry("steps", "150")
          .containsEntry("run", String.valueOf(run.getFileName()))
          .containsKeys("config_sha256", "weights_sha256");
      assertThat(onnx.getMetadata().getDescription()).contains("at most 40 tokens");
    }
  }

  private static String greedy(OrtSession onnx, List<String> vocabulary, String prompt, int tokens)
      throws OrtException {
    StringBuilder text = new StringBuilder(prompt);
    for (int i = 0; i < tokens; i++) {
      int[] ids = text.codePoints().map(character -> vocabulary.indexOf(Character.toString(character))).toArray();
      float[] last = logits(onnx, ids, 1)[0][ids.length - 1];
      int best = 0;
      for (int id = 1; id < last.length; id++) {
        best = last[id] > last[best] ? id : best;
      }
      text.append(vocabulary.get(best));
    }
    return text.toString();
  }
}

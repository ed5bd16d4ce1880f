package norma.train.export;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.train.config.Assignment;
import norma.train.config.RunConfig;
import norma.train.files.Protobuf;
import norma.train.files.Sha256;
import norma.train.files.WholeFile;
import norma.train.run.Checkpoint;
import norma.train.run.Environment;
import norma.train.run.LanguageModel;
import norma.train.run.RunFolder;
import norma.train.run.SavedRun;

/// A checkpoint as one ONNX file: `ids` (batch, time) go in, `logits` (batch, time, vocabulary) come out. Its graph is what one
/// forward pass of four tokens shows.
final class OnnxModel implements Exporter {
  private static final int IR_VERSION = 11; // the first one with opset 23, of ONNX 1.18
  private static final int OPSET = 23; // the first one with Attention and RotaryEmbedding

  /// Four tokens can be computed wherever one is; what the run computed with, a GPU perhaps, need not be here.
  private static final List<Assignment> ANYWHERE = Assignment
      .parse(List.of("runtime.backend=auto", "runtime.precision=fp32"));

  @Override
  public String write(SavedRun run, Path to) throws IOException {
    WholeFile.probe(to); // before a large model is read
    Checkpoint checkpoint = run.checkpoint();
    RunConfig config = run.folder().config(ANYWHERE);
    Map<String, String> facts = facts(run.folder(), checkpoint, config.model().context());
    try (LanguageModel language = checkpoint.languageModel(config, false)) {
      Protobuf model = model(graph(language), facts);
      requireSize(model.length());
      WholeFile.write(to, file -> {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
          model.write(out);
        }
      });
    }
    return "onnxruntime computes it, netron.app shows it; docs/export.md has an example";
  }

  /// A message of protobuf can be longer, but no reader of ONNX takes it.
  static void requireSize(long bytes) {
    if (bytes > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(String.format(Locale.ROOT,
          "the model has %.1f GB in float32, and an ONNX file holds at most 2; expected a smaller model", bytes / 1e9));
    }
  }

  static Protobuf graph(LanguageModel language) {
    int context = language.config().model().context();
    OnnxGraph graph = new OnnxGraph(language.config().name());
    graph.input(OnnxOps.IDS, "batch", "time");
    OnnxOps ops = new OnnxOps(graph, language.backend(), context);
    Array ids = language.backend().allocate(DType.INT32, 2, Math.min(2, context));
    try (Tape tape = new Tape(language.kernels(), language.weights(), null, Pass.EVALUATION, ops)) {
      String logits = ops.name(language.model().logits(tape, ids));
      graph.output("logits", logits, "batch", "time", Integer.toString(language.vocabulary().size()));
    }
    return graph.message();
  }

  /// What one needs to use the model, and to find out later which one it is.
  private static Map<String, String> facts(RunFolder run, Checkpoint checkpoint, int context)
      throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("vocabulary", checkpoint.vocabulary().json());
    facts.put("context", Integer.toString(context));
    facts.put("run", String.valueOf(run.path().toAbsolutePath().normalize().getFileName()));
    facts.put("steps", Integer.toString(checkpoint.step()));
    facts.put("config_sha256", Sha256.of(run.configFile()));
    facts.put("weights_sha256", checkpoint.sha256());
    return facts;
  }

  /// `ModelProto` of onnx.proto.
  static Protobuf model(Protobuf graph, Map<String, String> facts) {
    Protobuf model = new Protobuf().integer(1, IR_VERSION).text(2, "norma").text(3, Environment.version())
        .text(6, doc(facts)).message(8, new Protobuf().integer(2, OPSET)).message(7, graph);
    facts.forEach((key, value) -> model.message(14, new Protobuf().text(1, key).text(2, value)));
    return model;
  }

  private static String doc(Map<String, String> facts) {
    return """
        A GPT trained by Norma: %s after %s steps.
        Input: ids (batch, time) int64, at most %s tokens.
        Output: logits (batch, time, vocabulary) float32; those of a place score the token after it.
        Metadata: "vocabulary" is JSON, the characters in the order of their ids, or "bytes", whose ids are their values.
        """
        .formatted(facts.get("run"), facts.get("steps"), facts.get("context"));
  }
}

package norma.train.export;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.models.BlockName;
import norma.models.GptConfig;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.GptConfig.Residual;
import norma.nn.NormSettings;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.weights.Safetensors.Tensor;
import org.jspecify.annotations.Nullable;

/// GPT-2 as the Python library `transformers` has it: which models are one, and what their tensors are called there. nanoGPT has the same names,
/// with matrices (out, in) as Norma has them; those of `transformers`, but for the embeddings, are (in, out).
final class Gpt2 {
  /// What `activation_function` calls an activation.
  static final Map<String, String> ACTIVATIONS = Map.of("gelu", "gelu", "relu", "relu", "silu", "silu", "gelu_new",
      "0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x^3)))"); // Hendrycks, Gimpel, arXiv:1606.08415, section 2

  /// Layers of a block, and of the model, by Norma's names.
  private static final Map<String, String> LAYERS = Map.of("attn.pre", "ln_1", "attn.qkv", "attn.c_attn", "attn.proj",
      "attn.c_proj", "mlp.pre", "ln_2", "mlp.fc", "mlp.c_fc", "mlp.proj", "mlp.c_proj", "tok_emb", "wte", "pos_emb",
      "wpe", "final", "ln_f");
  private static final Set<String> MATRICES = Set.of("attn.qkv", "attn.proj", "mlp.fc", "mlp.proj");
  private static final Pattern NAME = Pattern.compile("(?:h\\.(\\d{1,4})\\.)?(.+)(\\.(?:weight|bias))");
  static final String HEAD = "lm_head.weight";

  private Gpt2() {}

  /// The name that `activation_function` has for an activation; empty if none.
  static Optional<String> activation(Activation activation) {
    return ACTIVATIONS.entrySet().stream().filter(entry -> entry.getValue().equals(activation.text()))
        .map(Map.Entry::getKey).findFirst();
  }

  /// Whether a model is one.
  static boolean is(GptConfig config) {
    return config.positions() == Positions.LEARNED && config.keyHeads() == config.heads()
        && config.mlp() == MlpType.PLAIN && config.embeddingScale() == EmbeddingScale.NONE
        && config.residual().equals(Residual.SUM) && config.logits().equals(Activation.NONE)
        && activation(config.activation()).isPresent() && eps(config).isPresent();
  }

  /// The one eps of its LayerNorms; empty where other norms stand, or these elsewhere.
  static Optional<Double> eps(GptConfig config) {
    List<NormSpec> usual = slots(config, true).toList();
    boolean layernorms = usual.stream().allMatch(spec -> spec.type().equals("layernorm"))
        && slots(config, false).allMatch(spec -> spec.type().equals("none"));
    List<Double> eps = layernorms
        ? usual.stream().map(spec -> NormSettings.of(NormTypes.type(spec, ""), spec, config.bias()).number("eps"))
            .distinct().toList()
        : List.of();
    return eps.size() == 1 ? Optional.of(eps.getFirst()) : Optional.empty();
  }

  private static Stream<NormSpec> slots(GptConfig config, boolean usual) {
    return Stream.concat(Stream.of(config.norm().outside()), config.norm().blocks().stream())
        .flatMap(slots -> slots.entrySet().stream()).filter(slot -> slot.getKey().usual() == usual)
        .map(Map.Entry::getValue);
  }

  /// `config.json`.
  ///
  /// @param vocabulary V
  static Map<String, Object> json(GptConfig config, int vocabulary) {
    Map<String, Object> json = new HashMap<>();
    json.put("architectures", List.of("GPT2LMHeadModel"));
    json.put("model_type", "gpt2");
    json.put("vocab_size", vocabulary);
    json.put("n_positions", config.context());
    json.put("n_embd", config.width());
    json.put("n_layer", config.layers());
    json.put("n_head", config.heads());
    json.put("n_inner", config.hidden());
    json.put("activation_function", activation(config.activation()).orElseThrow());
    json.put("layer_norm_epsilon", eps(config).orElseThrow());
    for (String dropout : List.of("resid_pdrop", "embd_pdrop", "attn_pdrop")) {
      json.put(dropout, config.dropout());
    }
    json.put("initializer_range", config.init().std().at(config.width()));
    json.put("tie_word_embeddings", config.tieEmbeddings());
    json.put("bos_token_id", null); // else the library has those of OpenAI's vocabulary
    json.put("eos_token_id", null);
    return json;
  }

  /// Norma's tensors by GPT-2's names, with zeros for the biases that the model does not have.
  static Map<String, Tensor> tensors(GptConfig config, Map<String, Tensor> norma) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    norma.forEach((name, tensor) -> {
      int dot = name.lastIndexOf('.');
      String layer = name.substring(0, dot);
      boolean matrix = isTurned(name);
      tensors.put(name(name), matrix ? transposed(tensor) : tensor);
      boolean biased = matrix || tensor.shape().length == 1;
      if (biased && name.endsWith(".weight") && !norma.containsKey(layer + ".bias")) {
        int out = tensor.shape()[0];
        tensors.put(name(layer + ".bias"), new Tensor(new int[]{ out }, new float[out]));
      }
    });
    return tensors;
  }

  /// GPT-2's name of a parameter, `transformer.h.0.attn.c_attn.weight` of `blocks.0.attn.qkv.weight`.
  static String name(String norma) {
    if (norma.equals(HEAD)) {
      return HEAD;
    }
    int dot = norma.lastIndexOf('.');
    BlockName layer = BlockName.of(norma.substring(0, dot));
    return "transformer." + (layer.block() < 0 ? "" : "h." + layer.block() + ".") + LAYERS.get(layer.path())
        + norma.substring(dot);
  }

  /// Norma's name of a tensor, of `h.0.attn.c_attn.weight`; null if GPT-2 has none of this name.
  static @Nullable String norma(String name) {
    if (name.equals(HEAD)) {
      return HEAD;
    }
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      return null;
    }
    String block = parts.group(1);
    return LAYERS.entrySet().stream()
        .filter(layer -> layer.getValue().equals(parts.group(2)) && layer.getKey().contains(".") == (block != null))
        .map(layer -> new BlockName(layer.getKey(), block == null ? -1 : Integer.parseInt(block)) + parts.group(3))
        .findFirst().orElse(null);
  }

  /// Whether `transformers` has it (in, out).
  static boolean isTurned(String norma) {
    return norma.endsWith(".weight")
        && MATRICES.contains(BlockName.of(norma.substring(0, norma.lastIndexOf('.'))).path());
  }

  /// (a, b) to (b, a).
  static Tensor transposed(Tensor tensor) {
    int rows = tensor.shape()[0];
    int columns = tensor.shape()[1];
    float[] data = new float[tensor.data().length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        data[column * rows + row] = tensor.data()[row * columns + column];
      }
    }
    return new Tensor(new int[]{ columns, rows }, data);
  }
}

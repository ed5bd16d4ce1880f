package norma.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import norma.models.GptConfig;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.NormSlots;
import norma.models.Slot;
import norma.nn.NormSpec;
import norma.nn.NormType;
import norma.nn.NormTypes;

/// A small GPT with one norm type: what varies between the compared models.
///
/// @param type           norm type
/// @param slots          where it stands
/// @param settings       of every slot
/// @param layers         number of blocks
/// @param bias           `model.bias`
/// @param tied           `model.tie_embeddings`
/// @param embeddingScale `model.embedding_scale`
/// @param attention      keys of the attention
/// @param blocks         keys of the rest of a block, and of the logits
record ParityCase(String type, Slots slots, Map<String, Object> settings, int layers, boolean bias, boolean tied,
    EmbeddingScale embeddingScale, Attention attention, Blocks blocks) {
  static final int VOCABULARY = 13;
  static final int BATCH = 2;
  static final int CONTEXT = 9;
  static final int WIDTH = 24;
  static final int MLP_RATIO = 4;
  static final List<String> TYPES = NormTypes.all().stream().map(NormType::name).toList();
  private static final Set<String> INVARIANT = Set.of("layernorm", "rmsnorm", "rmsnorm_plain", "rmsnorm_depth",
      "l1norm",
      "bhyt", "gatednorm");

  /// Where the norm stands; every other slot is empty.
  enum Slots {
    /// `attn.pre`, `mlp.pre` and `final`, as in GPT-2.
    PRE,
    /// `attn.branch` and `mlp.branch`.
    BRANCH,
    /// `attn.post` and `mlp.post`, as in the Transformer of 2017.
    POST,
    /// `attn.v`, `attn.inner` and `mlp.inner`.
    INNER,
    /// Everywhere, `qk` and `embedding` too.
    ALL
  }

  /// What the attention is like.
  ///
  /// @param heads     `model.heads`
  /// @param kvHeads   `model.kv_heads`
  /// @param positions `model.positions`
  record Attention(int heads, int kvHeads, Positions positions) {
    /// GPT-2's.
    static final Attention USUAL = new Attention(3, 3, Positions.LEARNED);
    /// All others.
    static final List<Attention> OTHERS = List.of(new Attention(3, 3, Positions.NONE),
        new Attention(3, 3, Positions.ROTARY), new Attention(3, 1, Positions.LEARNED),
        new Attention(4, 2, Positions.ROTARY));
  }

  /// What the rest of a block is like, and the logits.
  ///
  /// @param mlp        `model.mlp`
  /// @param activation `model.activation`
  /// @param skip       `model.residual.skip`
  /// @param branch     where `model.residual.branch` starts if it is learned, else nothing
  /// @param logits     `model.logits`
  record Blocks(MlpType mlp, String activation, String skip, List<Double> branch, String logits) {
    /// GPT-2's.
    static final Blocks USUAL = new Blocks(MlpType.PLAIN, "gelu", "1", List.of(), "none");
    /// SwiGLU with DeepNorm's factor and a soft cap, GEGLU with a learned branch, and a plain one with a formula.
    static final List<Blocks> OTHERS = List.of(
        new Blocks(MlpType.GATED, "silu", "(2 * layers)^0.25", List.of(), "3 * tanh(x / 3)"),
        new Blocks(MlpType.GATED, "gelu", "1", List.of(0.5), "none"),
        new Blocks(MlpType.PLAIN, "softsign(x)^2", "0.5 + 1 / depth", List.of(0.0), "5 * softsign(x / 5)"));
  }

  /// The wanted scale, or a fixed one: before a norm that divides by the size of its input a learnable one's gradient is nothing but eps
  /// and rounding.
  static EmbeddingScale scale(String type, Slots slots, EmbeddingScale wanted) {
    boolean invariant = slots == Slots.ALL && INVARIANT.contains(type);
    return invariant && wanted == EmbeddingScale.LEARNABLE ? EmbeddingScale.FIXED : wanted;
  }

  /// The model.
  GptConfig config() {
    List<String> keys = List.of("layers=" + layers, "heads=" + attention.heads, "kv_heads=" + attention.kvHeads,
        "positions=" + attention.positions.name().toLowerCase(Locale.ROOT), "width=" + WIDTH, "context=" + CONTEXT,
        "mlp_ratio=" + MLP_RATIO, "bias=" + bias, "tie_embeddings=" + tied,
        "embedding_scale=" + embeddingScale.name().toLowerCase(Locale.ROOT),
        "mlp=" + blocks.mlp.name().toLowerCase(Locale.ROOT), "activation=" + blocks.activation,
        "residual.skip=" + blocks.skip, "logits=" + blocks.logits,
        "residual.branch=" + (blocks.branch.isEmpty() ? "1" : "{start: " + blocks.branch.getFirst() + "}"));
    return StepServer.config(keys.stream().map("model."::concat).toList()).model().with(normSlots());
  }

  private NormSlots normSlots() {
    NormSpec norm = new NormSpec(type, settings);
    return switch (slots) {
      case PRE -> NormSlots.all(norm, layers);
      case BRANCH -> NormSlots.in(Stream.of(Slot.ATTN_BRANCH, Slot.MLP_BRANCH), norm, layers);
      case POST -> NormSlots.in(Stream.of(Slot.ATTN_POST, Slot.MLP_POST), norm, layers);
      case INNER -> NormSlots.in(Stream.of(Slot.ATTN_V, Slot.ATTN_INNER, Slot.MLP_INNER), norm, layers);
      case ALL -> NormSlots.everywhere(norm, layers);
    };
  }

  @Override
  public String toString() {
    return type + (settings.isEmpty() ? "" : " " + settings) + ", slots " + slots + (bias ? ", bias" : ", no bias")
        + (tied ? ", tied" : ", untied") + ", embedding scale " + embeddingScale
        + (attention.equals(Attention.USUAL) ? "" : ", " + attention)
        + (blocks.equals(Blocks.USUAL) ? "" : ", " + blocks);
  }
}

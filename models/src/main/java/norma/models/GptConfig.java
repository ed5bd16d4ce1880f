package norma.models;

import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.formula.Formula;

/// The architecture of a GPT-2 style decoder, complete and consistent.
public record GptConfig(@Key(value = "4", range = "[1, 1024]", does = "blocks") int layers,
    @Key(value = "4", range = "[1, 65536]", does = "attention heads H; divides width") int heads,
    @Key(value = "heads", range = "[1, 65536]", does = "heads of keys and values, shared by neighbouring heads; divides heads; heads: as many") OptionalInt kvHeads,
    @Key(value = "128", range = "[1, 65536]", does = "channels C") int width,
    @Key(value = "64", range = "[1, 1048576]", does = "tokens T that one prediction can see") int context,
    @Key(value = "learned", does = "learned: an embedding of each place; rotary: queries and keys turn; none: nothing") Positions positions,
    @Key(value = "4", range = "[1, 64]", does = "hidden width of the MLP / width") int mlpRatio,
    @Key(value = "false", does = "whether linear layers and normalization slots have a bias") boolean bias,
    @Key(value = "0.0", range = "[0, 1)", does = "probability after the embedding, on attention weights and on sublayer outputs") double dropout,
    @Key(value = "gelu", does = "of the MLP: gelu, relu, relu2, silu, or a formula of x") Activation activation,
    @Key(value = "true", does = "whether the head shares the token embedding's weight") boolean tieEmbeddings,
    @Key(value = "none", does = "factor after the embedding; fixed: sqrt(width); learnable: starts there") EmbeddingScale embeddingScale,
    @Key(does = "slots, each with a type of norma norms, {type: dyt, alpha: 0.8}, or {y: FORMULA}") NormSlots norm) {

  /// Activation function of the MLP: one of [#NAMES], or a formula in x.
  ///
  /// @param text `gelu` is the exact one, x Phi(x), and `silu` x sigmoid(x) (Hendrycks and Gimpel, arXiv:1606.08415); `relu2` is relu(x)^2
  ///             (So et al., arXiv:2109.08668)
  public record Activation(String text) {
    /// Those with a name.
    public static final List<String> NAMES = List.of("gelu", "relu", "relu2", "silu");
    private static final String OTHER = "activation";
    /// Last parts of the names that layers of activations have.
    public static final List<String> LAYERS = Stream.concat(NAMES.stream(), Stream.of(OTHER)).toList();
    /// The default.
    public static final Activation GELU = new Activation("gelu");

    /// @throws IllegalArgumentException with the place of what is wrong
    public Activation {
      formula(text, false);
    }

    /// Last part of its layer's name.
    public String layer() {
      return NAMES.contains(text) ? text : OTHER;
    }

    /// As a formula.
    ///
    /// @param bias whether it is one of `x + bias`
    public Formula formula(boolean bias) {
      return formula(text, bias);
    }

    private static Formula formula(String text, boolean bias) {
      return Formula.activation(text.equals("relu2") ? "relu(x)^2" : NAMES.contains(text) ? text + "(x)" : text, bias);
    }
  }

  /// How the model knows the order of tokens.
  public enum Positions {
    /// An embedding of each position, added to the token's (GPT-2).
    LEARNED,
    /// Queries and keys turn by angles that grow with the position (Su et al., arXiv:2104.09864).
    ROTARY,
    /// Not at all but by the causal mask (Kazemnejad et al., arXiv:2305.19466).
    NONE
  }

  /// Factor applied to the embedding; DyT's language models need one (arXiv:2503.10622).
  public enum EmbeddingScale {
    /// No factor.
    NONE,
    /// sqrt(width), constant.
    FIXED,
    /// A learnable scalar that starts at sqrt(width).
    LEARNABLE
  }

  public GptConfig {
    if (width % heads != 0) {
      throw new IllegalArgumentException("model.heads is " + heads + ", which does not divide model.width " + width);
    }
    if (heads % kvHeads.orElse(heads) != 0) {
      throw new IllegalArgumentException(
          "model.kv_heads is " + kvHeads.getAsInt() + ", which does not divide model.heads " + heads);
    }
    if (positions == Positions.ROTARY && width / heads % 2 != 0) {
      throw new IllegalArgumentException(
          "model.positions is rotary, which turns pairs of channels, but a head has model.width / "
              + "model.heads = " + width / heads + "; expected an even number");
    }
    if (norm.blocks().size() != layers) {
      throw new IllegalArgumentException(
          "model.norm describes " + norm.blocks().size() + " blocks, model.layers is " + layers);
    }
  }

  /// The same with other normalizations.
  public GptConfig with(NormSlots slots) {
    return new GptConfig(layers, heads, kvHeads, width, context, positions, mlpRatio, bias, dropout, activation,
        tieEmbeddings,
        embeddingScale, slots);
  }

  /// Heads of keys and values, K.
  public int keyHeads() {
    return kvHeads.orElse(heads);
  }

  /// Channels of one head, D.
  public int headWidth() {
    return width / heads;
  }
}

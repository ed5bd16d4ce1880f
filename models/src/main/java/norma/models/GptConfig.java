package norma.models;

import java.util.List;
import java.util.stream.Stream;
import norma.formula.Formula;

/// The architecture of a GPT-2 style decoder. Defaults and ranges belong to the configuration reader; this record holds
/// a complete and consistent set.
///
/// @param layers         number of blocks
/// @param heads          attention heads H; divides `width`
/// @param width          channels C
/// @param context        the longest sequence T
/// @param mlpRatio       hidden width of the MLP over `width`
/// @param bias           whether linear layers and normalization slots have a bias
/// @param dropout        probability in [0, 1), after the embedding, on attention weights and on sublayer outputs
/// @param activation     of the MLP
/// @param tieEmbeddings  whether the head shares the token embedding's weight
/// @param embeddingScale factor after the embedding
/// @param norm           the normalization slots
public record GptConfig(int layers, int heads, int width, int context, int mlpRatio, boolean bias, double dropout,
    Activation activation, boolean tieEmbeddings, EmbeddingScale embeddingScale, NormSlots norm) {

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
    if (norm.blocks().size() != layers) {
      throw new IllegalArgumentException(
          "model.norm describes " + norm.blocks().size() + " blocks, model.layers is " + layers);
    }
  }

  /// The same with other normalizations.
  public GptConfig with(NormSlots slots) {
    return new GptConfig(layers, heads, width, context, mlpRatio, bias, dropout, activation, tieEmbeddings,
        embeddingScale, slots);
  }

  /// Channels of one head, D.
  public int headWidth() {
    return width / heads;
  }
}

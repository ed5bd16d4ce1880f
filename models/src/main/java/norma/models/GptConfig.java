package norma.models;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.autodiff.Parameter.Initial;
import norma.formula.Formula;
import norma.nn.Learnable;

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
    @Key(value = "gelu", does = "of the MLP: gelu, none, relu, relu2, silu, or a formula of x") Activation activation,
    @Key(value = "plain", does = "plain: proj(activation(fc(x))); gated: proj(activation(fc(x)) * up(x)) with 2/3 of the hidden width") MlpType mlp,
    @Key(value = "true", does = "whether the head shares the token embedding's weight") boolean tieEmbeddings,
    @Key(value = "none", does = "factor after the embedding; fixed: sqrt(width); learnable: starts there") EmbeddingScale embeddingScale,
    @Key(does = "x = skip * x + branch * sublayer(x); each a number, a formula of depth and layers, or learned, {start: 1}") Residual residual,
    @Key(value = "none", does = "formula of x on the logits before the loss, such as 30 * tanh(x / 30)") Activation logits,
    @Key(does = "normal distributions that weights are drawn from") Init init,
    @Key(does = "slots, each with a type of norma norms, {type: dyt, alpha: 0.8}, or {y: FORMULA}") NormSlots norm) {

  /// A function of every element by itself: one of [#NAMES], or a formula in x.
  ///
  /// @param text `none` is x, `gelu` is the exact one, x Phi(x), and `silu` x sigmoid(x) (Hendrycks and Gimpel, arXiv:1606.08415); `relu2` is relu(x)^2
  ///             (So et al., arXiv:2109.08668)
  public record Activation(String text) {
    /// Those with a name.
    public static final List<String> NAMES = List.of("gelu", "none", "relu", "relu2", "silu");
    private static final String OTHER = "activation";
    /// The function that changes nothing.
    public static final Activation NONE = new Activation("none");
    /// Last parts of the names that layers of activations have.
    public static final List<String> LAYERS = Stream.concat(NAMES.stream(), Stream.of(OTHER)).toList();
    /// The default.
    public static final Activation GELU = new Activation("gelu");

    /// @throws IllegalArgumentException with the place of what is wrong
    public Activation {
      Formula.activation(formula(text), false);
    }

    /// Last part of its layer's name.
    public String layer() {
      return NAMES.contains(text) ? text : OTHER;
    }

    /// As a formula of x.
    public String formula() {
      return formula(text);
    }

    private static String formula(String text) {
      return switch (text) {
        case "none" -> "x";
        case "relu2" -> "relu(x)^2";
        default -> NAMES.contains(text) ? text + "(x)" : text;
      };
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

  /// What the MLP computes between its first products and its last one.
  public enum MlpType {
    /// `activation(fc(x))`.
    PLAIN,
    /// `activation(fc(x)) * up(x)` (Shazeer, arXiv:2002.05202).
    GATED
  }

  /// Factors of the residual add, `skip x + branch sublayer(x)`. DeepNorm's skip is `(2 * layers)^0.25` (Wang et al., arXiv:2203.00555),
  /// ReZero's branch is learned from 0 (Bachlechner et al., arXiv:2003.04887), LayerScale's for each channel (Touvron et al.,
  /// arXiv:2103.17239).
  public record Residual(
      @Key(value = "1", does = "of what goes around a sublayer; DeepNorm: (2 * layers)^0.25") Factor skip,
      @Key(value = "1", does = "of the sublayer's output; ReZero: {start: 0}") Factor branch) {

    /// A sum.
    public static final Residual SUM = new Residual(new Expression("1"), new Expression("1"));

    private void check(int layers) {
      check("skip", skip, layers);
      check("branch", branch, layers);
    }

    /// A path whose factor is 0 would carry nothing, forward or backward.
    private static void check(String name, Factor factor, int layers) {
      if (factor instanceof Factor.Learned(var learned) && learned.positive() && learned.start() <= 0) {
        throw new IllegalArgumentException("model.residual." + name + " is positive and starts at " + learned.start()
            + "; expected more than 0");
      }
      for (int depth = 1; depth <= layers && factor instanceof Expression constant; depth++) {
        String at = "model.residual." + name + " is " + constant.text + " in block " + (depth - 1) + ": ";
        double value = constant.value(at, Expression.inBlock(depth, layers));
        if (value == 0 || !(Math.abs(value) <= Float.MAX_VALUE)) {
          throw new IllegalArgumentException(at + "its value is " + value + "; expected another number than 0");
        }
      }
    }
  }

  /// One factor of the residual add.
  public sealed interface Factor {
    /// A number for each block and sublayer that is learned, or a vector (C).
    record Learned(Learnable start) implements Factor {}
  }

  /// A number that stays.
  ///
  /// @param text a number, or a formula of numbers that the model has: `depth`, 1 in the first block, and `layers` for a factor, `width` for
  ///             initial weights
  public record Expression(String text) implements Factor {
    /// Its value as a factor of a block.
    ///
    /// @param depth  1 for the first block
    /// @param layers all blocks
    public double at(int depth, int layers) {
      return Formula.number(text, inBlock(depth, layers));
    }

    /// Its value as a deviation of initial weights.
    public double at(int width) {
      return Formula.number(text, ofWidth(width));
    }

    private static Map<String, Double> inBlock(int depth, int layers) {
      return Map.of("depth", (double) depth, "layers", (double) layers);
    }

    private static Map<String, Double> ofWidth(int width) {
      return Map.of("width", (double) width);
    }

    /// @param at begins the message of what is wrong
    private double value(String at, Map<String, Double> names) {
      try {
        return Formula.number(text, names);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(at + e.getMessage(), e);
      }
    }
  }

  /// How weights start: normally distributed around 0.
  public record Init(
      @Key(value = "0.02", does = "standard deviation of matrices, or a formula: 1 / sqrt(width); GPT-2's is 0.02") Expression std,
      @Key(value = "scaled", does = "matrices before a residual add; scaled: std / sqrt(2 * layers), as GPT-2; plain: std") ResidualInit residual) {

    /// GPT-2's.
    public static final Init GPT2 = new Init(new Expression("0.02"), ResidualInit.SCALED);
    private static final int LARGEST = 10;

    private void check(int width) {
      String at = "model.init.std is " + std.text + ": ";
      double value = std.value(at, Expression.ofWidth(width));
      if (!(value > 0 && value <= LARGEST)) {
        throw new IllegalArgumentException(
            at + "its value is " + value + "; expected a number above 0 and at most " + LARGEST);
      }
    }

    /// Of a matrix.
    Initial matrix(int width) {
      return Initial.normal(std.at(width));
    }

    /// Of a matrix whose product is added to the residual stream.
    Initial beforeAdd(int width, int layers) {
      return residual == ResidualInit.SCALED ? Initial.normal(std.at(width) / Math.sqrt(2 * layers)) : matrix(width);
    }
  }

  /// Whether matrices before a residual add start smaller (Radford et al., 2019, section 2.3).
  public enum ResidualInit {
    /// By the square root of the number of residual adds.
    SCALED,
    /// As all others.
    PLAIN
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
    residual.check(layers);
    init.check(width);
  }

  /// The same with other normalizations.
  public GptConfig with(NormSlots slots) {
    return new GptConfig(layers, heads, kvHeads, width, context, positions, mlpRatio, bias, dropout, activation,
        mlp, tieEmbeddings, embeddingScale, residual, logits, init, slots);
  }

  /// Hidden width of the MLP. A gated one has three matrices in the place of two, and 2/3 of the width, so that it has as many parameters;
  /// rounded to a multiple of 8, at which rows of bfloat16 begin at 16 bytes, as tensor cores want them.
  public int hidden() {
    int plain = mlpRatio * width;
    return mlp == MlpType.PLAIN ? plain : Math.max(8, 8 * Math.round(plain / 12f));
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

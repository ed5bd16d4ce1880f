package norma.models;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.array.Array;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.formula.Formula;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.Positions;
import norma.nn.Dropout;
import norma.nn.Linear;
import norma.ops.CrossEntropy;
import norma.ops.Embedding;
import norma.ops.FormulaOp;
import norma.ops.LinearOp;
import org.jspecify.annotations.Nullable;

/// A GPT-2 style decoder (Radford et al., 2019): positions, causal self-attention, an MLP, and a normalization of
/// choice in every slot. It holds names and structure; the numbers are in a [norma.autodiff.ParameterBuffer].
public final class Gpt {
  private final GptConfig config;
  private final Scope scope = Scope.root();
  private final Parameter tokEmb;
  private final List<Parameter> tables; // of tokens, and of positions if these are learned
  private final @Nullable FormulaOp embeddingScale;
  private final List<Parameter> learnedScale; // of the embedding, if it is learned
  private final NormSlot embeddingNorm;
  private final Dropout dropout;
  private final List<Block> blocks = new ArrayList<>();
  private final NormSlot finalNorm;
  private final @Nullable Linear head;
  private final FormulaOp cap;

  /// @param vocabulary number of tokens V
  public Gpt(GptConfig config, int vocabulary) {
    this.config = config;
    int width = config.width();
    Initial initial = config.init().matrix(width);
    tokEmb = scope.child("tok_emb").parameter("weight", initial, vocabulary, width);
    tables = config.positions() == Positions.LEARNED
        ? List.of(tokEmb, scope.child("pos_emb").parameter("weight", initial, config.context(), width))
        : List.of(tokEmb);
    learnedScale = config.embeddingScale() == EmbeddingScale.LEARNABLE
        ? List.of(scope.parameter("embedding_scale", Initial.constant(Math.sqrt(width))))
        : List.of();
    embeddingScale = switch (config.embeddingScale()) {
      case NONE -> null;
      case FIXED -> new FormulaOp(Formula.of("sqrt(width) * x", List.of(), Map.of(), false));
      case LEARNABLE -> new FormulaOp(
          Formula.of("scale * x", List.of(new Formula.Parameter("scale", false, false)), Map.of(), false));
    };
    embeddingNorm = new NormSlot(config.norm().of(Slot.EMBEDDING), scope.child(Slot.EMBEDDING.path()), width,
        config.bias());
    dropout = new Dropout("tok_emb.dropout", "tok_emb", config.dropout());
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new Block(config, i, scope.child("blocks." + i)));
    }
    finalNorm = new NormSlot(config.norm().of(Slot.FINAL), scope.child(Slot.FINAL.path()), width, config.bias());
    head = config.tieEmbeddings()
        ? null
        : new Linear("head", scope.child("lm_head"), width, vocabulary, false, initial);
    cap = new FormulaOp(Formula.activation(config.logits().formula(), false));
  }

  /// Scores of every next token. A pass may be over some tokens of one sequence, after those that its cache has.
  ///
  /// @param ids (B, T) INT32, T at most the context
  /// @return (B, T, V)
  public Tensor logits(Tape tape, Array ids) {
    Embedding embedding = new Embedding(tape.pass().firstToken());
    Tensor x = tape.apply("tok_emb", embedding, tables, tape.constant(ids)); // (B, T, C)
    x = embeddingScale == null ? x : tape.apply("embedding_scale", embeddingScale, learnedScale, x);
    x = dropout.forward(tape, embeddingNorm.forward(tape, x));
    for (Block block : blocks) {
      x = block.forward(tape, x);
    }
    x = finalNorm.forward(tape, x);
    Tensor logits = head == null
        ? tape.apply("head", new LinearOp(), List.of(tokEmb), x)
        : head.forward(tape, x); // (B, T, V)
    return config.logits().equals(Activation.NONE) ? logits : tape.apply("logits", cap, logits);
  }

  /// Cross-entropy of the next tokens in nats, summed over positions and multiplied by `scale`.
  ///
  /// @param ids     (B, T) INT32
  /// @param targets (B, T) INT32, the token after each
  /// @param scale   1 / (number of positions in the whole batch) for the mean
  public Tensor loss(Tape tape, Array ids, Array targets, double scale) {
    return tape.apply("loss", new CrossEntropy(scale, tape.differentiates()), logits(tape, ids),
        tape.constant(targets));
  }

  /// All parameters, in the order of the model.
  public List<Parameter> parameters() {
    return scope.parameters();
  }

  /// The parameters with a row for each token, (V, C).
  public List<Parameter> perToken() {
    return head == null ? List.of(tokEmb) : List.of(tokEmb, head.weight());
  }

  /// All normalization slots that are not empty, in the order of the model.
  public List<NormSlot> slots() {
    return Stream.of(Stream.of(embeddingNorm), blocks.stream().flatMap(Block::slots), Stream.of(finalNorm))
        .flatMap(slots -> slots).filter(slot -> !slot.isEmpty()).toList();
  }

  /// The architecture.
  public GptConfig config() {
    return config;
  }
}

package norma.models;

import java.util.Arrays;
import java.util.List;

/// A place for a normalization. Whatever lists slots derives from this list: configuration, model, `norma config`.
public enum Slot {
  ATTN_PRE("attn.pre", true, "before the attention (GPT-2)"), //
  ATTN_V("attn.v", false, "on the values, per head (arXiv:2503.04598)"), //
  ATTN_INNER("attn.inner", false, "on the joined heads, before the output projection (arXiv:2210.06423)"), //
  ATTN_BRANCH("attn.branch", false, "on the attention's output, before the residual add"), //
  ATTN_POST("attn.post", false, "after the attention's residual add (the 2017 Transformer)"), //
  MLP_PRE("mlp.pre", true, "before the MLP (GPT-2)"), //
  MLP_INNER("mlp.inner", false, "after the activation, before the second product (arXiv:2210.06423)"), //
  MLP_BRANCH("mlp.branch", false, "on the MLP's output, before the residual add"), //
  MLP_POST("mlp.post", false, "after the MLP's residual add (the 2017 Transformer)"), //
  FINAL("final", true, "before the head"), //
  QK("qk", false, "on queries and keys, per head (arXiv:2010.04245)"), //
  EMBEDDING("embedding", false, "after the embedding sum");

  private final String path;
  private final boolean usual;
  private final String where;

  Slot(String path, boolean usual, String where) {
    this.path = path;
    this.usual = usual;
    this.where = where;
  }

  /// Its name in the configuration, and in a block's scope: `attn.pre`, `final`.
  public String path() {
    return path;
  }

  /// Where it stands, half a sentence with its source.
  public String where() {
    return where;
  }

  /// `attn` or `mlp`; empty for a slot outside of the blocks.
  public String sublayer() {
    return path.substring(0, Math.max(0, path.indexOf('.')));
  }

  /// Its name within the sublayer, `pre`.
  public String place() {
    return path.substring(path.indexOf('.') + 1);
  }

  /// Whether it is one of GPT-2's, which `all` is the shorthand for.
  public boolean usual() {
    return usual;
  }

  /// Slots of a sublayer; the empty name stands for those outside of the blocks.
  public static List<Slot> of(String sublayer) {
    return Arrays.stream(values()).filter(slot -> slot.sublayer().equals(sublayer)).toList();
  }

  /// `attn` and `mlp`.
  public static List<String> sublayers() {
    return Arrays.stream(values()).map(Slot::sublayer).filter(name -> !name.isEmpty()).distinct().toList();
  }

  /// Whether the model has it once, or shares it between all blocks.
  boolean outside() {
    return sublayer().isEmpty();
  }
}

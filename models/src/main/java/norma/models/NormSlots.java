package norma.models;

import java.util.Collections;
import java.util.List;
import norma.nn.NormSpec;

/// Which normalization stands in which slot, resolved: one entry for each block.
///
/// @param embedding after the embedding sum
/// @param qk        on queries and keys, per head
/// @param finalNorm before the head (`final` in the configuration)
/// @param blocks    slots of each block, first block first
public record NormSlots(NormSpec embedding, NormSpec qk, NormSpec finalNorm, List<Block> blocks) {

  public NormSlots {
    blocks = List.copyOf(blocks);
  }

  /// The slots of one block.
  public record Block(Sublayer attn, Sublayer mlp) {}

  /// The slots of one sublayer.
  ///
  /// @param pre    before the sublayer (GPT-2)
  /// @param branch on its output, before the residual add
  /// @param post   after the residual add (the 2017 Transformer)
  public record Sublayer(NormSpec pre, NormSpec branch, NormSpec post) {

    /// Only a `pre` slot.
    public static Sublayer pre(NormSpec pre) {
      return new Sublayer(pre, NormSpec.NONE, NormSpec.NONE);
    }
  }

  /// The GPT-2 arrangement with one type: `attn.pre`, `mlp.pre` and `final`.
  public static NormSlots all(NormSpec spec, int layers) {
    Block block = new Block(Sublayer.pre(spec), Sublayer.pre(spec));
    return new NormSlots(NormSpec.NONE, NormSpec.NONE, spec, Collections.nCopies(layers, block));
  }
}

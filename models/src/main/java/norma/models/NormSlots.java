package norma.models;

import java.util.ArrayList;
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

    private Sublayer with(String place, NormSpec spec) {
      return switch (place) {
        case "pre" -> new Sublayer(spec, branch, post);
        case "branch" -> new Sublayer(pre, spec, post);
        case "post" -> new Sublayer(pre, branch, spec);
        default -> throw new IllegalArgumentException("no place " + place + " in a sublayer");
      };
    }

    /// Only a `pre` slot.
    public static Sublayer pre(NormSpec pre) {
      return new Sublayer(pre, NormSpec.NONE, NormSpec.NONE);
    }
  }

  /// The same with another normalization in one slot.
  ///
  /// @param slot as probes name it: `final`, `embedding`, `blocks.2.attn.pre`, ...
  /// @throws IllegalArgumentException if there is no such slot; queries and keys have one for all blocks and cannot be named
  public NormSlots with(String slot, NormSpec spec) {
    String[] words = slot.split("\\.", -1);
    if (slot.equals("final")) {
      return new NormSlots(embedding, qk, spec, blocks);
    }
    if (slot.equals("embedding")) {
      return new NormSlots(spec, qk, finalNorm, blocks);
    }
    if (words.length != 4 || !words[0].equals("blocks") || !words[1].matches("\\d{1,4}")
        || Integer.parseInt(words[1]) >= blocks.size()) {
      throw new IllegalArgumentException("no slot " + slot);
    }
    int index = Integer.parseInt(words[1]);
    Block block = blocks.get(index);
    List<Block> changed = new ArrayList<>(blocks);
    changed.set(index, switch (words[2]) {
      case "attn" -> new Block(block.attn.with(words[3], spec), block.mlp);
      case "mlp" -> new Block(block.attn, block.mlp.with(words[3], spec));
      default -> throw new IllegalArgumentException("no slot " + slot);
    });
    return new NormSlots(embedding, qk, finalNorm, changed);
  }

  /// The GPT-2 arrangement with one type: `attn.pre`, `mlp.pre` and `final`.
  public static NormSlots all(NormSpec spec, int layers) {
    Block block = new Block(Sublayer.pre(spec), Sublayer.pre(spec));
    return new NormSlots(NormSpec.NONE, NormSpec.NONE, spec, Collections.nCopies(layers, block));
  }
}

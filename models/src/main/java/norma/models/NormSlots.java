package norma.models;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import norma.nn.NormSpec;

/// Which normalization stands in which slot, resolved.
///
/// @param outside slots outside of the blocks, and `qk`, which all blocks share; those that are not given are empty
/// @param blocks  slots of each block, first block first; those that are not given are empty
public record NormSlots(Map<Slot, NormSpec> outside, List<Map<Slot, NormSpec>> blocks) {

  /// A place for a normalization. What lists slots derives from this list: configuration, model, documentation's table.
  public enum Slot {
    /// Before the attention (GPT-2).
    ATTN_PRE("attn.pre", true),
    /// On the values of each head, beside [#QK] (arXiv:2503.04598).
    ATTN_V("attn.v", false),
    /// On the heads' outputs together, before the output projection (arXiv:2210.06423).
    ATTN_INNER("attn.inner", false),
    /// On the attention's output, before the residual add.
    ATTN_BRANCH("attn.branch", false),
    /// After the residual add (the 2017 Transformer).
    ATTN_POST("attn.post", false),
    /// Before the MLP (GPT-2).
    MLP_PRE("mlp.pre", true),
    /// After the activation, before the second product (arXiv:2210.06423).
    MLP_INNER("mlp.inner", false),
    /// On the MLP's output, before the residual add.
    MLP_BRANCH("mlp.branch", false),
    /// After the residual add (the 2017 Transformer).
    MLP_POST("mlp.post", false),
    /// Before the head.
    FINAL("final", true),
    /// On the queries and keys of each head (arXiv:2010.04245).
    QK("qk", false),
    /// After the embedding sum.
    EMBEDDING("embedding", false);

    private final String path;
    private final boolean usual;

    Slot(String path, boolean usual) {
      this.path = path;
      this.usual = usual;
    }

    /// Its name in the configuration, and in a block's scope: `attn.pre`, `final`.
    public String path() {
      return path;
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

    /// Slots of a sublayer; of the empty name those outside of the blocks.
    public static List<Slot> of(String sublayer) {
      return Arrays.stream(values()).filter(slot -> slot.sublayer().equals(sublayer)).toList();
    }

    /// `attn` and `mlp`.
    public static List<String> sublayers() {
      return Arrays.stream(values()).map(Slot::sublayer).filter(name -> !name.isEmpty()).distinct().toList();
    }

    private boolean outside() {
      return sublayer().isEmpty();
    }
  }

  public NormSlots {
    outside = complete(outside, true);
    blocks = blocks.stream().map(block -> complete(block, false)).toList();
  }

  private static Map<Slot, NormSpec> complete(Map<Slot, NormSpec> given, boolean outside) {
    Map<Slot, NormSpec> all = new EnumMap<>(Slot.class);
    for (Slot slot : Slot.values()) {
      if (slot.outside() == outside) {
        all.put(slot, given.getOrDefault(slot, NormSpec.NONE));
      } else if (given.containsKey(slot)) {
        throw new IllegalArgumentException(
            "slot " + slot.path + (outside ? " is in" : " is outside of") + " the blocks");
      }
    }
    return Collections.unmodifiableMap(all);
  }

  /// What stands in a slot outside of the blocks.
  public NormSpec of(Slot slot) {
    return Objects.requireNonNull(outside.get(slot), slot.path);
  }

  /// What stands in a slot of a block.
  public NormSpec of(int block, Slot slot) {
    return Objects.requireNonNull(blocks.get(block).get(slot), slot.path);
  }

  /// The same with another normalization in one slot.
  ///
  /// @param name as probes name it: `final`, `embedding`, `blocks.2.attn.pre`, ...
  /// @throws IllegalArgumentException if there is no such slot; queries and keys have one for all blocks and cannot be named
  public NormSlots with(String name, NormSpec spec) {
    String[] words = name.split("\\.", 3);
    boolean inBlock = words.length == 3 && words[0].equals("blocks") && words[1].matches("\\d{1,4}")
        && Integer.parseInt(words[1]) < blocks.size();
    String path = inBlock ? words[2] : name;
    Slot slot = Arrays.stream(Slot.values()).filter(s -> s.path.equals(path) && s.outside() != inBlock && s != Slot.QK)
        .findFirst().orElseThrow(() -> new IllegalArgumentException("no slot " + name));
    if (!inBlock) {
      return new NormSlots(with(outside, slot, spec), blocks);
    }
    List<Map<Slot, NormSpec>> changed = new ArrayList<>(blocks);
    changed.set(Integer.parseInt(words[1]), with(blocks.get(Integer.parseInt(words[1])), slot, spec));
    return new NormSlots(outside, changed);
  }

  private static Map<Slot, NormSpec> with(Map<Slot, NormSpec> slots, Slot slot, NormSpec spec) {
    Map<Slot, NormSpec> changed = new EnumMap<>(slots);
    changed.put(slot, spec);
    return changed;
  }

  /// One type in some slots, in all blocks.
  public static NormSlots in(Stream<Slot> slots, NormSpec spec, int layers) {
    Map<Slot, NormSpec> outside = new EnumMap<>(Slot.class);
    Map<Slot, NormSpec> block = new EnumMap<>(Slot.class);
    slots.forEach(slot -> (slot.outside() ? outside : block).put(slot, spec));
    return new NormSlots(outside, Collections.nCopies(layers, block));
  }

  /// The GPT-2 arrangement with one type: `attn.pre`, `mlp.pre` and `final`.
  public static NormSlots all(NormSpec spec, int layers) {
    return in(Arrays.stream(Slot.values()).filter(Slot::usual), spec, layers);
  }

  /// One type in every slot.
  public static NormSlots everywhere(NormSpec spec, int layers) {
    return in(Arrays.stream(Slot.values()), spec, layers);
  }
}

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
            "slot " + slot.path() + (outside ? " is in" : " is outside of") + " the blocks");
      }
    }
    return Collections.unmodifiableMap(all);
  }

  /// What stands in a slot outside of the blocks.
  public NormSpec of(Slot slot) {
    return Objects.requireNonNull(outside.get(slot), slot.path());
  }

  /// What stands in a slot of a block.
  public NormSpec of(int block, Slot slot) {
    return Objects.requireNonNull(blocks.get(block).get(slot), slot.path());
  }

  /// The same with another normalization in one slot.
  ///
  /// @param name as probes name it: `final`, `embedding`, `blocks.2.attn.pre`, ...
  /// @throws IllegalArgumentException if there is no such slot; queries and keys have one for all blocks and cannot be named
  public NormSlots with(String name, NormSpec spec) {
    BlockName at = BlockName.of(name);
    Slot slot = Arrays.stream(Slot.values())
        .filter(s -> s != Slot.QK && s.path().equals(at.path()) && s.outside() == at.block() < 0).findFirst()
        .filter(_ -> at.block() < blocks.size()).orElseThrow(() -> new IllegalArgumentException("no slot " + name));
    if (slot.outside()) {
      return new NormSlots(with(outside, slot, spec), blocks);
    }
    List<Map<Slot, NormSpec>> changed = new ArrayList<>(blocks);
    changed.set(at.block(), with(blocks.get(at.block()), slot, spec));
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

package norma.train.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.models.NormSlots;
import norma.models.Slot;
import norma.nn.Learnable;
import norma.nn.NormSpec;

/// Normalization slots as a file has them: what most blocks have in common, and the blocks that differ.
///
/// @param common     every slot
/// @param exceptions by block, the slots in which it differs
record NormLayout(Map<Slot, NormSpec> common, Map<Integer, Map<Slot, NormSpec>> exceptions) {
  /// The slots that `all` is the shorthand for.
  static final List<Slot> USUAL = Arrays.stream(Slot.values()).filter(Slot::usual).toList();

  static NormLayout of(NormSlots norm) {
    Map<Slot, NormSpec> common = new EnumMap<>(norm.outside());
    norm.blocks().getFirst().keySet().forEach(slot -> common.put(slot,
        mostFrequent(IntStream.range(0, norm.blocks().size()).mapToObj(i -> norm.of(i, slot)).toList())));
    Map<Integer, Map<Slot, NormSpec>> exceptions = new TreeMap<>();
    for (int i = 0; i < norm.blocks().size(); i++) {
      Map<Slot, NormSpec> differing = new EnumMap<>(norm.blocks().get(i));
      differing.entrySet().removeIf(slot -> slot.getValue().equals(common.get(slot.getKey())));
      if (!differing.isEmpty()) {
        exceptions.put(i, differing);
      }
    }
    return new NormLayout(common, exceptions);
  }

  /// The keys of `model.norm` but `blocks`, as shortly as stays exact: `all` where it says it.
  Map<String, String> entries() {
    Map<Slot, NormSpec> slots = new EnumMap<>(common);
    slots.entrySet().removeIf(slot -> !slot.getKey().usual() && slot.getValue().equals(NormSpec.NONE));
    Map<String, String> entries = new LinkedHashMap<>();
    if (USUAL.stream().map(slots::get).distinct().count() == 1) {
      entries.put("all", text(Objects.requireNonNull(slots.get(Slot.FINAL))));
      slots.keySet().removeAll(USUAL);
    }
    Map<String, List<String>> sublayers = new LinkedHashMap<>();
    slots.forEach((slot, spec) -> {
      if (slot.sublayer().isEmpty()) {
        entries.put(slot.path(), text(spec));
      } else {
        sublayers.computeIfAbsent(slot.sublayer(), _ -> new ArrayList<>()).add(slot.place() + ": " + text(spec));
        entries.put(slot.sublayer(), "{" + String.join(", ", sublayers.get(slot.sublayer())) + "}");
      }
    });
    return entries;
  }

  /// The lines of `blocks`, `{of: "0-1,3", attn.pre: layernorm}`.
  List<String> blocks() {
    Map<String, SortedSet<Integer>> blocks = new LinkedHashMap<>();
    exceptions.forEach((block, slots) -> {
      List<String> texts = new ArrayList<>();
      slots.forEach((slot, spec) -> texts.add(slot.path() + ": " + text(spec)));
      blocks.computeIfAbsent(String.join(", ", texts), _ -> new TreeSet<>()).add(block);
    });
    return blocks.entrySet().stream()
        .map(line -> "{of: \"" + Range.spans(line.getValue()) + "\", " + line.getKey() + "}")
        .toList();
  }

  /// A slot's value: `dyt`, or `{type: dyt, alpha: 0.8}`.
  static String text(NormSpec spec) {
    StringBuilder text = new StringBuilder(YamlText.of(spec.type()));
    if (spec.settings().isEmpty()) {
      return spec.isFormula() ? "{y: " + text + "}" : text.toString();
    }
    text.insert(0, spec.isFormula() ? "{y: " : "{type: ");
    spec.settings().forEach((name, value) -> text.append(", ").append(name).append(": ").append(switch (value) {
      case Learnable learnable -> text(learnable);
      default -> YamlText.of(value);
    }));
    return text.append('}').toString();
  }

  private static String text(Learnable l) {
    return l.equals(Learnable.from(l.start())) ? YamlText.of(l.start()) : mapping(l);
  }

  /// The same with its words, `{start: 0.5}`.
  static String mapping(Learnable l) {
    String start = YamlText.of(l.start());
    return "{" + (l.fixed() ? "fixed: " : "start: ") + start + (l.perChannel() ? ", per: channel" : "")
        + (l.positive() ? ", positive: true" : "") + (l.decay() ? ", decay: true" : "") + "}";
  }

  /// The first of those that occur most often.
  private static NormSpec mostFrequent(List<NormSpec> specs) {
    return specs.stream()
        .collect(Collectors.groupingBy(Function.identity(), LinkedHashMap::new, Collectors.counting()))
        .entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }
}

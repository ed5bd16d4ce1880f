package norma.train.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.autodiff.Scope;
import norma.models.NormSlots;
import norma.models.Slot;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.nn.Setting;
import org.jspecify.annotations.Nullable;

/// Reads `model.norm`: shorthand, slots, overrides of blocks.
final class NormReader {
  private static final Pattern OF = Pattern.compile("[0-9]{1,9}(-[0-9]{1,9})?(, ?[0-9]{1,9}(-[0-9]{1,9})?)*");

  private static final String FORMULA = "a formula such as \"weight * tanh(alpha * x)\"";

  /// The keys that it reads.
  static final List<ConfigKey> KEYS = Stream.of(
      Stream.of(ConfigKey.norm("all", NormSpec.class, "layernorm", "attn.pre, mlp.pre and final at once")),
      Arrays.stream(Slot.values()).map(slot -> ConfigKey.norm(slot.path(), NormSpec.class,
          slot.usual() ? "layernorm" : "none", slot.where())),
      Stream.of(ConfigKey.norm("blocks", List.class, "[]",
          "single blocks, later lines win: [{of: \"0-1\", attn.pre: rmsnorm}]")))
      .flatMap(keys -> keys).toList();

  private final Map<String, List<Setting>> settings = new TreeMap<>();

  NormReader(List<NormType> types) {
    settings.put("none", List.of());
    for (NormType type : types) {
      settings.put(type.name(), type.settings());
    }
  }

  NormSlots read(Section norm, int layers) {
    Node all = norm.node("all");
    NormSpec usual = all == null ? NormSpec.of(KEYS.getFirst().start()) : spec(all, norm.path("all"));
    Map<Slot, NormSpec> given = new EnumMap<>(Slot.class);
    nested(norm, given);
    Slot.of("").forEach(slot -> put(given, slot, norm, slot.path()));
    List<Node> overrides = norm.list("blocks");
    norm.finish();
    NormSlots slots = NormSlots.all(usual, 1);
    Map<Slot, NormSpec> outside = new EnumMap<>(slots.outside());
    Map<Slot, NormSpec> block = new EnumMap<>(slots.blocks().getFirst());
    given.forEach((slot, spec) -> (slot.sublayer().isEmpty() ? outside : block).put(slot, spec));
    List<Map<Slot, NormSpec>> blocks = new ArrayList<>(Collections.nCopies(layers, block));
    for (int i = 0; i < overrides.size(); i++) {
      override(overrides.get(i), norm.path("blocks[" + i + "]"), blocks);
    }
    return new NormSlots(outside, blocks);
  }

  private NormSpec spec(Node node, String path) {
    NormSpec spec = unchecked(node, path);
    if (spec.isFormula() && node instanceof Node.Mapping mapping && mapping.get("y") != null) {
      try {
        NormTypes.create(spec, Scope.root(), 2, false);
      } catch (IllegalArgumentException e) {
        throw new Section(mapping, path).error(mapping.get("y"), "y", String.valueOf(e.getMessage()));
      }
    }
    return spec;
  }

  /// A slot whose formula, if it is one, nobody has parsed.
  NormSpec unchecked(Node node, String path) {
    return switch (node) {
      case Node.Scalar _ -> NormSpec.of(type(node, path));
      case Node.Mapping mapping -> {
        Section section = new Section(mapping, path);
        Node formula = section.node("y");
        if (formula != null) {
          yield formula(formula, mapping, section);
        }
        Node name = section.node("type");
        if (name == null) {
          throw section.error("a slot needs its type, for example {type: dyt, alpha: 0.8}");
        }
        String type = type(name, section.path("type"));
        yield new NormSpec(type, given(mapping, section, type));
      }
      case Node.Sequence _ -> throw ConfigException.of(node, path, "a list; expected a norm type, or {type: ...}");
    };
  }

  /// A formula of the slot's own: `{y: "weight * tanh(alpha * x)", alpha: 0.5}`.
  private static NormSpec formula(Node node, Node.Mapping mapping, Section section) {
    String text = Section.text(node, section.path("y"), FORMULA);
    Map<String, Object> settings = new LinkedHashMap<>();
    mapping.entries().forEach((key, entry) -> {
      if (entry.value() instanceof Node.Mapping) {
        settings.put(key, learnable(key, section.section(key)));
      } else if (key.equals("bias")) {
        settings.put(key, section.flag(key, false));
      } else if (!key.equals("y")) {
        settings.put(key, Learnable.from(section.number(key, 0, Range.FINITE)));
      }
    });
    NormSpec spec = new NormSpec(text, settings);
    if (!spec.isFormula()) {
      throw section.error(node, "y", node.describe() + " is no formula of x; expected " + FORMULA);
    }
    return spec;
  }

  /// What a name of a formula stands for, `{start: 0.5, per: channel}`.
  static Learnable learnable(String key, Section section) {
    boolean fixed = section.node("fixed") != null;
    double start = section.number(fixed ? "fixed" : "start", key.equals("weight") ? 1 : 0, Range.FINITE);
    if (!fixed && section.node("start") == null && !key.equals("weight") && !key.equals("bias")) {
      throw section.error("a parameter needs its start, for example {start: 0.5, per: channel}");
    }
    boolean perChannel = !section.choice("per", "", List.of("channel")).isEmpty();
    Learnable learnable = new Learnable(start, perChannel, fixed, section.flag("positive", false),
        section.flag("decay", false));
    section.finish();
    return learnable;
  }

  private String type(Node node, String path) {
    String known = String.join(", ", settings.keySet());
    String type = Section.text(node, path, "a norm type: " + known);
    if (!settings.containsKey(type)) {
      throw ConfigException.of(node, path, "unknown norm type '" + YamlText.shorten(type) + "'"
          + Nearest.advice("", type, settings.keySet(), "Known: "));
    }
    return type;
  }

  private Map<String, Object> given(Node.Mapping mapping, Section section, String type) {
    Map<String, Setting> valid = new LinkedHashMap<>();
    for (Setting setting : settings.getOrDefault(type, List.of())) {
      valid.put(setting.name(), setting);
    }
    Map<String, Object> given = new LinkedHashMap<>();
    mapping.entries().forEach((key, entry) -> {
      if (!key.equals("type")) {
        Setting setting = valid.get(key);
        if (setting == null) {
          throw ConfigException.of(entry.keyAt(), entry.value(), section.path(YamlText.shorten(key)),
              type + " has no such setting" + Nearest.advice("", key, valid.keySet(),
                  valid.isEmpty() ? "It has none" : "Settings of " + type + ": "));
        }
        given.put(key, switch (setting) {
          case Setting.Number number ->
            section.number(key, number.value(), number.positive() ? Range.POSITIVE : Range.FINITE);
          case Setting.Count count -> section.integer(key, count.value(), Range.whole(1, count.max()));
          case Setting.Flag flag -> section.flag(key, flag.value());
          case Setting.Choice choice -> section.choice(key, choice.value(), choice.choices());
        });
      }
    });
    return given;
  }

  /// One line of `blocks`: `{of: "0-1", attn.pre: layernorm}`, also with nested keys `{of: 3, attn: {pre: layernorm}}`.
  private void override(Node node, String path, List<Map<Slot, NormSpec>> blocks) {
    if (!(node instanceof Node.Mapping mapping)) {
      throw ConfigException.of(node, path, node.describe() + "; expected {of: \"0-1\", attn.pre: layernorm}");
    }
    Section section = new Section(mapping, path);
    BitSet of = layers(section.node("of"), section, blocks.size());
    Map<Slot, NormSpec> slots = new EnumMap<>(Slot.class);
    Slot.sublayers().stream().flatMap(name -> Slot.of(name).stream())
        .forEach(slot -> put(slots, slot, section, slot.path()));
    nested(section, slots);
    section.finish();
    of.stream().forEach(i -> {
      Map<Slot, NormSpec> block = new EnumMap<>(blocks.get(i));
      block.putAll(slots);
      blocks.set(i, block);
    });
  }

  /// Slots of the sublayers, `attn: {pre: layernorm}`.
  private void nested(Section section, Map<Slot, NormSpec> slots) {
    for (String sublayer : Slot.sublayers()) {
      Section nested = section.section(sublayer);
      Slot.of(sublayer).forEach(slot -> put(slots, slot, nested, slot.place()));
      nested.finish();
    }
  }

  private void put(Map<Slot, NormSpec> slots, Slot slot, Section section, String key) {
    Node node = section.node(key);
    if (node != null && slots.put(slot, spec(node, section.path(key))) != null) {
      throw ConfigException.of(node, section.path(key), "the slot is given twice, dotted and nested");
    }
  }

  private static BitSet layers(@Nullable Node of, Section section, int layers) {
    if (of == null) {
      throw section.error("'of' is missing; expected the blocks it holds for, such as of: \"0-1\"");
    }
    if (!(of instanceof Node.Scalar scalar) || !OF.matcher(scalar.text()).matches()) {
      throw section.error(of, "of", of.describe() + " is not a set of blocks; expected \"3\", \"0-1\" or \"0,2,5-7\"");
    }
    BitSet chosen = new BitSet();
    for (String part : scalar.text().split(", ?", -1)) {
      int dash = part.indexOf('-');
      int first = Integer.parseInt(dash < 0 ? part : part.substring(0, dash));
      int last = Integer.parseInt(part.substring(dash + 1));
      if (last >= layers) {
        throw section.error(of, "of",
            last + " is not a block; model.layers is " + layers + ", expected 0 to " + (layers - 1));
      }
      if (first > last) {
        throw section.error(of, "of", part + " runs backwards; expected " + last + "-" + first);
      }
      chosen.set(first, last + 1);
    }
    return chosen;
  }
}

package norma.train.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import norma.models.BlockName;
import norma.models.NormSlots;
import norma.models.Slot;

/// Writes a complete configuration: as YAML that reads back equal, with what its keys do, and as a flat list for comparisons.
public final class RunConfigWriter {
  private static final String NORM = "model.norm.";
  private static final List<String> SHORTHAND = NormLayout.USUAL.stream().map(slot -> NORM + slot.path()).toList();
  /// Where comments begin and end.
  private static final int COMMENT = 30;
  private static final int WIDTH = 120;

  private RunConfigWriter() {}

  /// One path at which two configurations differ.
  public record Difference(String path, String left, String right) {}

  /// All keys, in the order of the documentation. Slots are written as shortly as stays exact: `{all: dyt}` if that says
  /// it, else slot by slot with overrides of blocks.
  public static String yaml(RunConfig config) {
    StringBuilder yaml = new StringBuilder();
    yaml(ConfigKey.ROOT, config, "", yaml);
    return yaml.toString();
  }

  private static void yaml(List<ConfigKey> keys, Record group, String indent, StringBuilder yaml) {
    for (ConfigKey key : keys) {
      Object value = key.in(group);
      String name = indent + key.name() + ":";
      if (value instanceof NormSlots norm) {
        NormLayout layout = NormLayout.of(norm);
        yaml.append(name).append('\n');
        layout.entries()
            .forEach((slot, text) -> yaml.append("    ").append(slot).append(": ").append(text).append('\n'));
        yaml.append(layout.blocks().isEmpty() ? "" : "    blocks:\n");
        layout.blocks().forEach(block -> yaml.append("      - ").append(block).append('\n'));
      } else if (key.isGroup()) {
        yaml(key.keys(), (Record) value, indent + "  ", yaml.append(name).append('\n'));
      } else {
        yaml.append(name).append(' ').append(key.text(value)).append('\n');
      }
    }
  }

  /// The defaults of all keys as YAML, with what each does: what `configs/char-cpu.yaml` has.
  public static String documented() {
    StringBuilder yaml = new StringBuilder("""
        # The default of every key: nanoGPT's shakespeare-char settings for a CPU. A file says only what it changes.
        # On the command line: norma train optim.lr=3e-4; norma config KEY says what a key accepts.

        """);
    documented(ConfigKey.ROOT, "", yaml);
    return yaml.toString();
  }

  private static void documented(List<ConfigKey> keys, String indent, StringBuilder yaml) {
    for (ConfigKey key : keys) {
      if (key.isGroup()) {
        yaml.append(indent.isEmpty() ? "\n" : "").append(commented(indent + key.name() + ":", key.does()));
        documented(key.type() == NormSlots.class ? key.values().toList() : key.keys(), indent + "  ", yaml);
      } else if (key.path().startsWith(NORM) && !key.name().equals("all")) {
        String slot = key.path().substring(NORM.length());
        String entry = slot.contains(".")
            ? slot.replace(".", ": {") + ": " + key.start() + "}"
            : slot + ": " + key.start();
        yaml.append(commented(indent + "# " + entry, key.does()));
      } else {
        yaml.append(commented(indent + key.name() + ": " + key.start(), key.does()));
      }
    }
  }

  /// A line, and further ones where the comment is long.
  private static String commented(String line, String comment) {
    StringBuilder lines = new StringBuilder(line);
    int column = line.length();
    String gap = " ".repeat(Math.max(2, COMMENT - column)) + "# ";
    for (String word : comment.split(" ", -1)) {
      if (column + gap.length() + word.length() > WIDTH) {
        lines.append('\n');
        column = 0;
        gap = " ".repeat(COMMENT) + "# ";
      }
      lines.append(gap).append(word);
      column += gap.length() + word.length();
      gap = " ";
    }
    return lines.append('\n').toString();
  }

  /// Dotted path to value, as YAML text. Of the slots of the blocks: `model.norm.attn.pre` is what most blocks have,
  /// `model.norm.blocks.3.attn.pre` what another block has instead.
  public static Map<String, String> flatten(RunConfig config) {
    Map<String, String> flat = new LinkedHashMap<>();
    flatten(ConfigKey.ROOT, config, flat);
    return flat;
  }

  private static void flatten(List<ConfigKey> keys, Record group, Map<String, String> flat) {
    for (ConfigKey key : keys) {
      Object value = key.in(group);
      if (value instanceof NormSlots norm) {
        NormLayout layout = NormLayout.of(norm);
        layout.common().forEach((slot, spec) -> flat.put(NORM + slot.path(), NormLayout.text(spec)));
        layout.exceptions().forEach((block, slots) -> slots.forEach(
            (slot, spec) -> flat.put(NORM + new BlockName(slot.path(), block), NormLayout.text(spec))));
      } else if (key.isGroup()) {
        flatten(key.keys(), (Record) value, flat);
      } else {
        flat.put(key.path(), key.text(value));
      }
    }
  }

  /// What `norma train` must be given to train a configuration, as `key=value`: all that differs from the defaults.
  public static List<String> settings(RunConfig config) {
    Map<String, String> defaults = flatten(RunConfig.DEFAULT);
    List<String> settings = new ArrayList<>();
    flatten(config).forEach((path, value) -> {
      if (!path.startsWith(NORM) && !value.equals(defaults.get(path))) {
        settings.add(path + "=" + value);
      }
    });
    NormSlots norm = config.model().norm();
    if (!norm.equals(NormSlots.all(RunConfig.DEFAULT.model().norm().of(Slot.FINAL), config.model().layers()))) {
      settings.add(slots(NormLayout.of(norm)));
    }
    return settings;
  }

  /// All slots in one setting, since those of blocks are a list, which can only be set as a whole.
  private static String slots(NormLayout layout) {
    Map<String, String> entries = layout.entries();
    if (entries.keySet().equals(Set.of("all")) && layout.blocks().isEmpty()) {
      return NORM + "all=" + entries.get("all");
    }
    StringJoiner norm = new StringJoiner(", ", "model.norm={", "}");
    entries.forEach((slot, text) -> norm.add(slot + ": " + text));
    if (!layout.blocks().isEmpty()) {
      norm.add("blocks: [" + String.join(", ", layout.blocks()) + "]");
    }
    return norm.toString();
  }

  /// Where two configurations differ. If all three slots of the shorthand differ in the same way, they are one line,
  /// `model.norm.all`.
  public static List<Difference> differences(RunConfig left, RunConfig right) {
    Map<String, String> a = flatten(left);
    Map<String, String> b = flatten(right);
    Set<String> paths = new LinkedHashSet<>(a.keySet());
    paths.addAll(b.keySet());
    List<Difference> differences = new ArrayList<>();
    for (String path : paths) {
      // A block that is no exception has what most blocks have.
      String fallback = path.replaceFirst("^model\\.norm\\.blocks\\.[0-9]+", "model.norm");
      String inA = a.getOrDefault(path, a.getOrDefault(fallback, ""));
      String inB = b.getOrDefault(path, b.getOrDefault(fallback, ""));
      if (!inA.equals(inB)) {
        differences.add(new Difference(path, inA, inB));
      }
    }
    List<Difference> slots = differences.stream().filter(d -> SHORTHAND.contains(d.path())).toList();
    Difference first = slots.isEmpty() ? null : slots.getFirst();
    if (first != null && slots.size() == SHORTHAND.size()
        && slots.stream().allMatch(d -> d.left().equals(first.left()) && d.right().equals(first.right()))) {
      differences.set(differences.indexOf(first), new Difference("model.norm.all", first.left(), first.right()));
      differences.removeAll(slots);
    }
    return List.copyOf(differences);
  }
}

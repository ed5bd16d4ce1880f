package norma.train.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import norma.models.GptConfig;
import norma.models.NormSlots;
import norma.models.BlockName;
import norma.models.Slot;
import norma.nn.NormSpec;

/// Writes a complete configuration: as YAML that reads back equal, and as a flat list for comparisons.
public final class RunConfigWriter {
  private static final String NORM = "model.norm.";
  /// The slots that `all` is the shorthand for.
  private static final List<Slot> USUAL = Arrays.stream(Slot.values()).filter(Slot::usual).toList();
  private static final List<String> SHORTHAND = USUAL.stream().map(slot -> NORM + slot.path()).toList();

  private RunConfigWriter() {}

  /// One path at which two configurations differ.
  public record Difference(String path, String left, String right) {}

  /// All keys, in the order of the documentation. Slots are written as shortly as stays exact: `{all: dyt}` if that says
  /// it, else slot by slot with overrides of blocks.
  public static String yaml(RunConfig config) {
    StringBuilder yaml = new StringBuilder("name: " + YamlText.of(config.name()) + "\n");
    sections(config).forEach((section, keys) -> {
      yaml.append(section).append(":\n");
      keys.forEach((key, value) -> yaml.append("  ").append(key).append(": ").append(value).append('\n'));
      if (section.equals("model")) {
        norm(config.model().norm(), yaml);
      }
    });
    return yaml.toString();
  }

  /// Dotted path to value, as YAML text. Of the slots of the blocks: `model.norm.attn.pre` is what most blocks have,
  /// `model.norm.blocks.3.attn.pre` what another block has instead.
  public static Map<String, String> flatten(RunConfig config) {
    Map<String, String> flat = new LinkedHashMap<>();
    flat.put("name", YamlText.of(config.name()));
    sections(config).forEach((section, keys) -> {
      keys.forEach((key, value) -> flat.put(section + "." + key, value));
      if (section.equals("model")) {
        NormLayout layout = NormLayout.of(config.model().norm());
        layout.common().forEach((slot, spec) -> flat.put(NORM + slot.path(), text(spec)));
        layout.exceptions().forEach((block, slots) -> slots
            .forEach((slot, spec) -> flat.put(NORM + new BlockName(slot.path(), block), text(spec))));
      }
    });
    return flat;
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
      settings.add(slots(config));
    }
    return settings;
  }

  /// All slots in one setting, since those of blocks are a list, which can only be set as a whole.
  private static String slots(RunConfig config) {
    if (YamlReader.mapping("", yaml(config)).get("model") instanceof Node.Mapping model
        && model.get("norm") instanceof Node.Mapping norm) {
      Node all = norm.get("all");
      return all != null && norm.entries().size() == 1
          ? NORM + "all=" + YamlText.flow(all)
          : "model.norm=" + YamlText.flow(norm);
    }
    throw new IllegalStateException("a configuration without model.norm");
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

  private static Map<String, Map<String, String>> sections(RunConfig config) {
    Map<String, Map<String, String>> sections = new LinkedHashMap<>();
    sections.put("data", data(config.data()));
    sections.put("model", model(config.model()));
    sections.put("optim", optim(config.optim()));
    sections.put("train", train(config.train()));
    RunConfig.Runtime runtime = config.runtime();
    sections.put("runtime", keys("backend", YamlText.of(runtime.backend()), "threads",
        orWord(runtime.threads(), "auto"), "precision",
        YamlText.of(runtime.precision())));
    sections.put("output", keys("dir", YamlText.of(config.output().dir())));
    return sections;
  }

  private static Map<String, String> data(RunConfig.Data data) {
    Map<String, String> keys = switch (data.corpus()) {
      case RunConfig.Corpus.Named named -> keys("corpus", YamlText.of(named.source()));
      case RunConfig.Corpus.Download download -> keys("corpus",
          "{url: " + YamlText.of(download.url().toString()) + ", sha256: \"" + download.sha256() + "\"}");
    };
    keys.put("val_fraction", YamlText.of(data.valFraction()));
    keys.put("train_fraction", YamlText.of(data.trainFraction()));
    return keys;
  }

  private static Map<String, String> model(GptConfig model) {
    return keys("layers", model.layers(), "heads", model.heads(), "width", model.width(), "context", model.context(),
        "mlp_ratio", model.mlpRatio(), "bias", model.bias(), "dropout", YamlText.of(model.dropout()), "activation",
        YamlText.of(model.activation().text()), "tie_embeddings", model.tieEmbeddings(), "embedding_scale",
        YamlText.of(model.embeddingScale()));
  }

  private static Map<String, String> optim(RunConfig.Optim optim) {
    return keys("lr", YamlText.of(optim.lr()), "min_lr", YamlText.of(optim.minLr()), "schedule",
        YamlText.of(optim.schedule()), "warmup_steps", optim.warmupSteps(), "decay_steps", optim.decaySteps(), "betas",
        "[" + YamlText.of(optim.beta1()) + ", " + YamlText.of(optim.beta2()) + "]", "eps", YamlText.of(optim.eps()),
        "weight_decay", YamlText.of(optim.weightDecay()), "clip_norm", YamlText.of(optim.clipNorm()));
  }

  private static Map<String, String> train(RunConfig.Train train) {
    return keys("steps", train.steps(), "batch", train.batch(), "accumulate", train.accumulate(), "seed", train.seed(),
        "log_every", train.logEvery(), "eval_every", train.evalEvery(), "eval_batches", train.evalBatches(),
        "eval_tokens", orWord(train.evalTokens(), "all"), "sample_every", train.sampleEvery(), "checkpoint_every",
        train.checkpointEvery(), "keep_checkpoints",
        train.keepCheckpoints(), "on_nonfinite", YamlText.of(train.onNonfinite()), "layers_every", train.layersEvery(),
        "norm_every", train.normEvery());
  }

  private static String orWord(OptionalInt value, String word) {
    return value.isPresent() ? Integer.toString(value.getAsInt()) : word;
  }

  private static Map<String, String> keys(Object... keysAndValues) {
    Map<String, String> keys = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      keys.put(keysAndValues[i].toString(), keysAndValues[i + 1].toString());
    }
    return keys;
  }

  private static void norm(NormSlots norm, StringBuilder yaml) {
    NormLayout layout = NormLayout.of(norm);
    Map<Slot, NormSpec> slots = new EnumMap<>(layout.common());
    slots.entrySet().removeIf(slot -> !slot.getKey().usual() && slot.getValue().equals(NormSpec.NONE));
    NormSpec last = norm.of(Slot.FINAL);
    yaml.append("  norm:\n");
    if (USUAL.stream().allMatch(slot -> last.equals(slots.get(slot)))) {
      yaml.append("    all: ").append(text(last)).append('\n');
      slots.keySet().removeAll(USUAL);
    }
    for (String sublayer : Slot.sublayers()) {
      List<String> places = new ArrayList<>();
      slots.forEach((slot, spec) -> {
        if (slot.sublayer().equals(sublayer)) {
          places.add(slot.place() + ": " + text(spec));
        }
      });
      if (!places.isEmpty()) {
        yaml.append("    ").append(sublayer).append(": {").append(String.join(", ", places)).append("}\n");
      }
    }
    slots.forEach((slot, spec) -> {
      if (slot.sublayer().isEmpty()) {
        yaml.append("    ").append(slot.path()).append(": ").append(text(spec)).append('\n');
      }
    });
    if (!layout.exceptions().isEmpty()) {
      yaml.append("    blocks:\n");
      layout.lines().forEach((slotTexts, of) -> yaml.append("      - {of: \"").append(of).append("\", ")
          .append(slotTexts).append("}\n"));
    }
  }

  private static String text(NormSpec spec) {
    return NormLayout.text(spec);
  }
}

package norma.train.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigException;
import norma.train.config.ConfigReader;
import norma.train.config.Nearest;
import norma.train.config.Node;
import norma.train.config.Range;
import norma.train.config.RunConfig;
import norma.train.config.Section;
import norma.train.config.YamlReader;
import norma.train.data.DataException;
import norma.train.files.Errors;
import norma.train.files.FolderName;
import norma.train.run.Checkpoint;
import norma.train.run.RunException;
import norma.train.study.GridAxis.Choice;
import org.jspecify.annotations.Nullable;

/// Reads study files. Every run's configuration is read before anything is trained: what is wrong in a variant shows at once.
public final class StudyReader {
  /// Of a study or a variant.
  private static final int LONGEST_NAME = 40;
  /// With a seed behind it, a run's name has at most 64 characters.
  static final int LONGEST_VARIANT = 43;
  /// A number of seeds to tune on means these and the following, far from 1, 2, 3.
  private static final long FIRST_TUNE_SEED = 1001;
  private static final int MOST_RUNS = 100_000;

  private final ConfigReader configs = new ConfigReader(NormTypes.all());
  private final Path file;
  private final Node.Mapping tree;
  private final List<Assignment> overrides;
  private final @Nullable Calibration calibration;
  private final StepCost cost = new StepCost();
  private final List<ConfigException> wrong = new ArrayList<>(); // all of it is said at once

  private StudyReader(Path file, List<Assignment> overrides, @Nullable Calibration calibration) {
    this.file = file;
    this.tree = YamlReader.read(file);
    this.overrides = overrides;
    this.calibration = calibration;
  }

  /// How long every run is: settings, or NaN where the budget is none of these.
  private record Budget(List<Assignment> settings, double flops, double seconds) {}

  /// Reads a file, with settings for all of its runs.
  ///
  /// @throws ConfigException if anything in it, or in one of its runs, is wrong
  public static Study read(Path file, List<Assignment> overrides) {
    return new StudyReader(file, overrides, null).study();
  }

  /// Reads a file that may have a budget of seconds.
  ///
  /// @param calibration says how many steps they are
  public static Study read(Path file, List<Assignment> overrides, Calibration calibration) {
    return new StudyReader(file, overrides, calibration).study();
  }

  private Study study() {
    if (tree.get("variants") == null && tree.get("base") == null && (tree.get("model") != null || tree.get(
        "train") != null)) {
      throw new ConfigException(tree.at(), "a run's configuration; norma train " + file
          + " trains it, and a study says base: " + file + " and variants");
    }
    Section root = new Section(tree, "");
    String fileName = String.valueOf(file.getFileName()).replaceFirst("\\.ya?ml$", "");
    String name = name(root, "name", root.text("name", FolderName.of(fileName, LONGEST_NAME)));
    String title = root.text("title", name);
    String note = root.text("note", "");
    Node base = root.node("base");
    String baseline = root.text("baseline", onlyVariant());
    Section variantSection = root.section("variants");
    List<GridAxis> grid = tried(() -> GridAxis.all(root, "grid"), List.of());
    List<Long> seeds = tried(() -> seeds(root, "seeds", 1), List.of());
    Map<String, List<GridAxis>> ownTune = new LinkedHashMap<>();
    List<GridAxis> tune = tried(() -> tune(root, variantSection, ownTune), List.of());
    boolean tuned = !tune.isEmpty() || !ownTune.isEmpty();
    List<Long> tuneSeeds = tuned ? tried(() -> seeds(root, "tune_seeds", FIRST_TUNE_SEED), List.of()) : List.of();
    Budget budget = tried(() -> budget(root), new Budget(List.of(), Double.NaN, Double.NaN));
    tried(() -> {
      root.finish();
      return "";
    }, "");

    refuseFixed(grid, "grid");
    refuseFixed(tune, "tune");
    ownTune.values().forEach(axes -> refuseFixed(axes, "tune"));
    if (!Double.isNaN(budget.flops) || !Double.isNaN(budget.seconds)) {
      refuseFixed(List.of(new GridAxis("train.steps", List.of())), "budget");
    }
    overrides.stream().filter(override -> override.path().equals(List.of("train", "seed"))).findFirst()
        .ifPresent(override -> {
          throw fixes(override, "train.seed", "seeds");
        });

    Map<String, List<Assignment>> named = tried(() -> variants(variantSection), Map.of());
    if (!named.isEmpty() && !named.containsKey(baseline)) {
      wrong.add(error("baseline", "baseline is '" + baseline + "', which is not a variant"
          + Nearest.advice("", baseline, named.keySet(), "Variants: ")));
    }
    if (tuneSeeds.stream().anyMatch(seeds::contains)) {
      wrong.add(error("tune_seeds", "tune_seeds and seeds have seeds in common; expected others, "
          + "or a winner would be reported on the seeds that it won on"));
    }
    List<Study.Variant> variants = new ArrayList<>();
    Set<String> names = new HashSet<>();
    UntrainableVariants texts = new UntrainableVariants(cost, 1);
    List<Choice> points = GridAxis.product(grid, this::requireFew);
    requireFew(
        (long) points.size() * named.size() * Math.max(GridAxis.product(tune, this::requireFew).size(), seeds.size()));
    for (Choice point : points) {
      for (Map.Entry<String, List<Assignment>> entry : named.entrySet()) {
        List<Assignment> settings = new ArrayList<>(entry.getValue());
        settings.addAll(point.settings());
        String variant = variantName(entry.getKey(), point.settings(), names);
        List<Choice> choices = GridAxis.product(ownTune.getOrDefault(entry.getKey(), tune), this::requireFew);
        int tries = variants.isEmpty() ? choices.size() : variants.getFirst().candidates().size();
        if (wrong.isEmpty() && choices.size() != tries) {
          throw error("tune", "tune: " + variant + " has " + choices.size() + " tries, " + variants.getFirst().name()
              + " has " + tries + "; expected as many for every variant, or the comparison is not fair");
        }
        List<Study.Candidate> candidates = choices.stream()
            .flatMap(choice -> tried(() -> Stream.of(candidate(variant, base, settings, choice, budget, texts)),
                Stream.<Study.Candidate>of()))
            .toList();
        variants.add(new Study.Variant(variant, entry.getKey(), point.texts(), entry.getKey().equals(baseline),
            settings.stream().map(Assignment::toString).toList(), candidates));
      }
    }
    if (!wrong.isEmpty()) {
      throw ConfigException.all(wrong);
    }
    refuseUnreadable(texts, variants);
    Study study = new Study(name, title, note.strip(), seeds, tuneSeeds, variants);
    Study.duplicates(variants).ifPresent(alike -> {
      throw error("variants", "variants: " + alike
          + " resolve to the same configuration; expected variants that differ");
    });
    requireFew(study.runs());
    List<String> apart = study.notComparable();
    if (!apart.isEmpty()) {
      throw error("variants", "variants: " + String.join(", ", apart)
          + " and the baseline are not validated on the same tokens: their losses cannot be compared; expected data.corpus, "
          + "data.token, data.val_fraction and train.eval_tokens in grid, where each point has a baseline of its own");
    }
    return Double.isNaN(budget.seconds) ? study : timed(study, budget.seconds);
  }

  /// A value, or what stands for it where it is wrong.
  private <T> T tried(Supplier<T> reading, T otherwise) {
    try {
      return reading.get();
    } catch (ConfigException e) {
      if (wrong.size() < MOST_RUNS / 100) { // each point of a grid repeats what is wrong with the base
        wrong.add(e);
      }
      return otherwise;
    }
  }

  /// Before they are made: a short file can ask for more than there is memory.
  private void requireFew(long runs) {
    if (runs > MOST_RUNS) {
      throw error("variants", "the study has " + runs + " runs or more; expected at most " + MOST_RUNS);
    }
  }

  /// Gives every run as many whole steps as the seconds pay for.
  private Study timed(Study study, double seconds) {
    if (calibration == null) {
      throw error("budget", "budget.seconds: how many steps they are has to be measured; expected a Calibration");
    }
    Map<Study.Candidate, Double> millis;
    try {
      millis = calibration.stepMillis(study);
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
    List<Study.Variant> timed = new ArrayList<>();
    for (Study.Variant variant : study.variants()) {
      timed.add(variant.with(variant.candidates().stream().map(candidate -> {
        Double step = millis.get(candidate);
        return step == null
            ? candidate
            : candidate.with(paid(candidate.config(), seconds * 1e3 / step, "budget.seconds: " + seconds + " s",
                String.format(Locale.ROOT, "%s, which takes %.4g s", variant.name(), step / 1e3)));
      }).toList()));
    }
    return new Study(study.name(), study.title(), study.note(), study.seeds(), study.tuneSeeds(), timed);
  }

  /// The same with the steps that a budget pays for, in whole rounds.
  ///
  /// @param budget in words
  /// @param step   one of them, in words
  private RunConfig paid(RunConfig config, double steps, String budget, String step) {
    int round = config.train().syncEvery();
    if (steps < round || steps > RunConfig.Train.MAX_STEPS) {
      throw error("budget", budget + " are "
          + (steps < 1 ? "not one step" : String.format(Locale.ROOT, "%.3g steps", Math.floor(steps))) + " of " + step
          + "; expected enough for " + (round == 1 ? "a step" : "a round, train.sync_every " + round)
          + " and at most " + RunConfig.Train.MAX_STEPS);
    }
    return config.withSteps((int) steps / round * round);
  }

  /// A setting for all runs may not fix what the study varies: candidates would be alike under different labels.
  private void refuseFixed(List<GridAxis> axes, String key) {
    for (GridAxis axis : axes) {
      for (Assignment override : overrides) {
        if (override.meets(axis.path())) {
          throw fixes(override, axis.path(), key);
        }
      }
    }
  }

  private ConfigException fixes(Assignment override, String path, String key) {
    return error(key, override + " on the command line fixes " + path + ", which " + key
        + " decides; leave it out, or change the file");
  }

  /// Without its texts a study is not known: says which variants have none, and what keeps others from running.
  private static void refuseUnreadable(UntrainableVariants texts, List<Study.Variant> variants) {
    try (texts) {
      if (!texts.isEmpty()) {
        variants.forEach(variant -> variant.candidates().stream().filter(candidate -> !candidate.text().isEmpty())
            .forEach(candidate -> texts.check(variant.name(), candidate)));
        texts.refuse(variants.size());
      }
    }
  }

  private Study.Candidate candidate(String variant, @Nullable Node base, List<Assignment> settings, Choice choice,
      Budget budget, UntrainableVariants texts) {
    List<Assignment> all = new ArrayList<>(settings);
    all.addAll(choice.settings());
    all.addAll(budget.settings);
    all.addAll(overrides);
    RunConfig config = switch (base) {
      case null -> configs.read(file.toString(), "", all).withAbsolutePaths();
      case Node.Mapping inline -> configs.read(inline, all).withAbsolutePaths();
      default ->
        configs.read(ConfigReader.beside(file, new Section(tree, "").text("base", "")), all).withAbsolutePaths();
    };
    String label = String.join(" ", choice.texts());
    try {
      if (!Double.isNaN(budget.flops)) {
        config = paid(config, budget.flops / cost.flops(config),
            String.format(Locale.ROOT, "budget.flops: %.3g", budget.flops),
            String.format(Locale.ROOT, "%.3g FLOPs", cost.flops(config)));
      }
      Optional<Checkpoint> initial = cost.initial(config);
      return new Study.Candidate(label, choice.atEdge(), cost.sha256(config),
          initial.map(Checkpoint::sha256).orElse(""),
          config.beginningWith(initial.map(Checkpoint::folder))); // a run's newest may be another when its turn comes
    } catch (DataException | RunException e) {
      texts.add(variant, String.valueOf(e.getMessage()));
      return new Study.Candidate(label, choice.atEdge(), "", "", config);
    }
  }

  private Map<String, List<Assignment>> variants(Section section) {
    Map<String, List<Assignment>> variants = new LinkedHashMap<>();
    Node node = tree.get("variants");
    if (!(node instanceof Node.Mapping mapping) || mapping.entries().isEmpty()) {
      throw error("variants",
          "variants: expected at least one, each a name with settings, such as dyt: {model.norm.all: dyt}");
    }
    mapping.entries().forEach((name, entry) -> {
      if (!(section.node(name) instanceof Node.Mapping group)) {
        throw ConfigException.of(entry.value(), "variants." + name,
            entry.value().describe() + " is not a group of settings; expected {key: value}, or {} for the base itself");
      }
      variants.put(name(section, name, name), Assignment.all(group));
    });
    return variants;
  }

  /// The name of the one variant there is; empty if there are more.
  private String onlyVariant() {
    return tree.get("variants") instanceof Node.Mapping mapping && mapping.entries().size() == 1
        ? mapping.entries().keySet().iterator().next()
        : "";
  }

  private String name(Section section, String key, String name) {
    if (!FolderName.is(name, LONGEST_NAME)) {
      throw section.error(section.path(key) + ": '" + name
          + "' cannot name a folder; expected letters, digits, '.', '_' and '-', at most 40, a letter or digit first");
    }
    return name;
  }

  /// A variant at a point of the grid: `dyt-width64`, and where that is too long or taken, `dyt-end_of_the_path.txt-1a2b3c4d`.
  private static String variantName(String base, List<Assignment> point, Set<String> taken) {
    StringBuilder suffix = new StringBuilder();
    for (Assignment setting : point) {
      String value = setting.toString().substring(setting.toString().indexOf('=') + 1);
      suffix.append('-').append(setting.path().getLast()).append(value.replaceAll("[^A-Za-z0-9.]+", "_"));
    }
    String name = base + suffix;
    if (name.length() > LONGEST_VARIANT || !taken.add(name)) {
      name = FolderName.hashed(base, suffix.toString(), base + point, LONGEST_VARIANT);
      taken.add(name);
    }
    return name;
  }

  /// Reads the axes that all variants choose from, and apart those that stand under one variant's name.
  private List<GridAxis> tune(Section root, Section variants, Map<String, List<GridAxis>> own) {
    Section section = root.section("tune");
    List<GridAxis> common = new ArrayList<>();
    if (root.node("tune") instanceof Node.Mapping mapping) {
      for (String key : mapping.entries().keySet()) {
        if (variants.node(key) != null) {
          own.put(key, GridAxis.all(section, key));
        } else {
          common.add(GridAxis.of(section, key));
        }
      }
    }
    return common;
  }

  private List<Long> seeds(Section root, String key, long first) {
    Node node = root.node(key);
    Set<Long> seeds = new LinkedHashSet<>();
    if (node instanceof Node.Sequence list) {
      for (Node item : list.items()) {
        seeds.add(new Section(new Node.Mapping(item.at(), Map.of(key, new Node.Entry(item.at(), item))), "")
            .seed(key, 0));
      }
      if (seeds.size() != list.items().size()) {
        throw root.error(node, key, "a seed is given twice; expected different ones");
      }
    } else {
      long count = root.seed(key, 0);
      if (count < 1 || count > 1000) {
        throw node == null
            ? error(root.node("seed") == null ? key : "seed",
                key + " is missing" + (tree.get("seed") == null ? "" : " (seed is one, seeds are several)")
                    + "; expected a number of seeds, or a list")
            : root.error(node, key, count + " is out of range; expected 1 to 1000, or a list of seeds");
      }
      LongStream.range(first, first + count).forEach(seeds::add);
    }
    return List.copyOf(seeds);
  }

  /// Every run gets the same number of steps, or as many as the same number of FLOPs or seconds pays for.
  private static Budget budget(Section root) {
    Section budget = root.section("budget");
    List<String> given = Stream.of("steps", "flops", "seconds").filter(key -> budget.node(key) != null).toList();
    budget.finish();
    if (given.size() > 1) {
      throw budget.error(String.join(" and ", given) + " at once; expected one of them");
    }
    Node steps = budget.node("steps");
    return new Budget(steps == null ? List.of() : List.of(Assignment.of("train.steps", steps)),
        budget.number("flops", Double.NaN, Range.of("(0, inf)")),
        budget.number("seconds", Double.NaN, Range.of("(0, inf)")));
  }

  private ConfigException error(String key, String message) {
    Node.Entry entry = tree.entries().get(key);
    return new ConfigException(entry == null ? tree.at() : entry.keyAt(), message);
  }
}

package norma.train.study;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IntSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.optim.Schedule;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.BackendChoice;
import norma.train.config.RunConfig.Token;
import norma.train.config.RunConfigWriter;
import norma.train.files.Sha256;

/// A study, complete and valid: what is compared, with which seeds.
///
/// @param name      of its folder
/// @param title     one line for people
/// @param note      what a reader should know, may be empty
/// @param seeds     that are reported, in pairs over the variants
/// @param tuneSeeds on which each variant's settings are chosen; empty if nothing is tuned
/// @param variants  at least one, the baseline of each group among them
public record Study(String name, String title, String note, List<Long> seeds, List<Long> tuneSeeds,
    List<Variant> variants) {
  public Study {
    seeds = List.copyOf(seeds);
    tuneSeeds = List.copyOf(tuneSeeds);
    variants = List.copyOf(variants);
  }

  /// A configuration, or several to choose from, that is compared with the others.
  ///
  /// @param name       unique in the study
  /// @param base       the name in the file, without what the grid appends
  /// @param point      of the grid, as `key=value`; empty without one. Variants at one point are compared with its baseline
  /// @param baseline   whether the others of its group are compared with it
  /// @param settings   what makes it differ from the base, as `key=value`
  /// @param candidates to choose from, one if nothing is tuned; each variant has as many
  public record Variant(String name, String base, List<String> point, boolean baseline, List<String> settings,
      List<Candidate> candidates) {
    public Variant {
      point = List.copyOf(point);
      settings = List.copyOf(settings);
      candidates = List.copyOf(candidates);
    }

    /// The point of the grid in words; variants of one group are compared with the group's baseline.
    public String group() {
      return String.join(" ", point);
    }

    boolean tuned() {
      return candidates.size() > 1;
    }

    /// Copies the variant with other candidates.
    Variant with(List<Candidate> others) {
      return new Variant(name, base, point, baseline, settings, others);
    }
  }

  /// One choice of the tuned settings.
  ///
  /// @param label  `key=value` of what is tuned, empty if nothing is
  /// @param atEdge which tuned settings have the first or the last value of their list, and might have gone further
  /// @param text   SHA-256 of the corpus: a study whose text was changed is another one
  /// @param weights SHA-256 of the trained weights that the runs begin with, empty without
  /// @param config for any seed
  public record Candidate(String label, List<String> atEdge, @JsonProperty("text_sha256") String text,
      @JsonProperty("init_sha256") String weights, RunConfig config) {
    /// Of a batch where nobody says otherwise; with more threads there are as many, and other sums.
    private static final int USUAL_SHARDS = 4;

    public Candidate {
      atEdge = List.copyOf(atEdge);
    }

    /// Names the tokens that losses are means over. Losses on others are not comparable.
    String validation() {
      return text + " " + config.data().valFraction() + " " + config.data().token() + " " + config.train().evalTokens();
    }

    /// Hashes the text, the weights to begin with, and some settings of the configuration with a seed.
    String hash(RunConfig seeded, Predicate<String> setting) {
      Map<String, String> flat = new TreeMap<>(RunConfigWriter.flatten(seeded));
      flat.keySet().removeIf(setting.negate());
      flat.put("data.corpus", text);
      int shards = Math.min(seeded.runtime().threads().orElse(0), seeded.train().sequences());
      BackendChoice backend = seeded.runtime().backend();
      if (shards > USUAL_SHARDS && backend != BackendChoice.CUDA && backend != BackendChoice.ND4J) { // these have one
        flat.replace("runtime.shards", "auto", String.valueOf(shards));
      }
      flat.computeIfPresent("train.init_from", (_, none) -> weights.isEmpty() ? none : weights);
      return digits(flat.entrySet().stream().map(e -> e.getKey() + ": " + e.getValue())
          .collect(Collectors.joining("\n")));
    }

    /// Copies the candidate with the same work, written down in another way.
    Candidate with(RunConfig other) {
      return new Candidate(label, atEdge, text, weights, other);
    }
  }

  /// One run.
  ///
  /// @param id names it on disk: variant, seed, and the first digits of a hash of everything that determines the result
  public record Cell(String id, Variant variant, Candidate candidate, boolean tuning, long seed, RunConfig config) {
    /// The end of the name: what the run does, whatever it is called.
    String hash() {
      return id.substring(id.lastIndexOf('-'));
    }
  }

  /// All configurations.
  Stream<Candidate> candidates() {
    return variants.stream().flatMap(variant -> variant.candidates.stream());
  }

  /// All runs that choose settings.
  public List<Cell> tuningCells() {
    List<Cell> cells = new ArrayList<>();
    for (long seed : tuneSeeds) {
      for (Variant variant : variants) {
        if (variant.tuned()) {
          variant.candidates.forEach(candidate -> cells.add(cell(variant, candidate, true, seed)));
        }
      }
    }
    return cells;
  }

  /// The run that is reported of a variant with a seed.
  public Cell cell(Variant variant, Candidate candidate, long seed) {
    return cell(variant, candidate, false, seed);
  }

  private static Cell cell(Variant variant, Candidate candidate, boolean tuning, long seed) {
    RunConfig config = candidate.config.withSeed(seed);
    String id = variant.name + (tuning ? "-tune" : "") + "-s" + seed + "-" + candidate.hash(config, Study::decides);
    return new Cell(id, variant, candidate, tuning, seed, config);
  }

  /// Number of runs, whatever the tuning chooses.
  public int runs() {
    int tuning = variants.stream().filter(Variant::tuned).mapToInt(variant -> variant.candidates.size()).sum();
    return tuneSeeds.size() * tuning + seeds.size() * variants.size();
  }

  /// Steps of a run, for people.
  public String steps() {
    List<RunConfig> configs = candidates().map(Candidate::config).toList();
    IntSummaryStatistics steps = configs.stream().mapToInt(config -> config.train().steps()).summaryStatistics();
    IntSummaryStatistics decay = configs.stream().filter(c -> c.optim().schedule() != Schedule.Shape.CONSTANT)
        .mapToInt(config -> config.optim().decaySteps()).summaryStatistics();
    boolean another = decay.getCount() > 0 && (decay.getMin() != steps.getMin() || decay.getMax() != steps.getMax());
    return range(steps) + (another ? " (optim.decay_steps " + range(decay) + ")" : "");
  }

  private static String range(IntSummaryStatistics numbers) {
    return numbers.getMin() == numbers.getMax()
        ? String.format(Locale.ROOT, "%,d", numbers.getMin())
        : String.format(Locale.ROOT, "%,d to %,d", numbers.getMin(), numbers.getMax());
  }

  /// Says so if the curves of a variant would have one point, its last; empty if evaluations are off.
  public Optional<String> onePoint() {
    return candidates().map(candidate -> candidate.config.train())
        .filter(train -> train.evalEvery() >= train.steps() && train.steps() > 1).findFirst()
        .map(train -> String.format(Locale.ROOT,
            "one point each, since train.eval_every (%,d) is %s the steps (%,d); train.eval_every=%d gives more",
            train.evalEvery(), train.evalEvery() > train.steps() ? "more than" : "as many as", train.steps(),
            Math.ceilDiv(train.steps(), 10)));
  }

  /// What losses are means over, in a word: that of all runs.
  String token() {
    Set<Token> tokens = candidates().map(candidate -> candidate.config.data().token()).collect(Collectors.toSet());
    return tokens.size() == 1 ? tokens.iterator().next().word() : "token";
  }

  /// Number of comparisons with a baseline.
  public int comparisons() {
    return (int) variants.stream().filter(variant -> !variant.baseline).count();
  }

  /// Says whether some runs estimate their validation loss, rather than evaluate the whole split.
  public boolean estimates() {
    return candidates().anyMatch(candidate -> candidate.config.train().evalTokens().isPresent());
  }

  /// The baseline by which times are measured.
  Variant firstBaseline() {
    return variants.stream().filter(Variant::baseline).findFirst().orElseThrow();
  }

  /// The baseline of a variant's group.
  public Variant baselineOf(Variant variant) {
    return variants.stream().filter(other -> other.baseline && other.point.equals(variant.point)).findFirst()
        .orElseThrow();
  }

  /// Variants with a candidate whose losses cannot be held against the baseline's of their group: they are means over other tokens.
  List<String> notComparable() {
    return variants.stream().filter(variant -> variant.candidates.stream()
        .anyMatch(candidate -> !candidate.validation().equals(baselineOf(variant).candidates.getFirst().validation())))
        .map(Variant::name).toList();
  }

  /// Hashes everything that the runs depend on.
  public String hash() {
    StringBuilder all = new StringBuilder(name + seeds + tuneSeeds);
    variants.forEach(variant -> variant.candidates
        .forEach(candidate -> all.append(variant.name).append(candidate.hash(candidate.config, Study::decides))));
    return digits(all.toString());
  }

  /// Says whether a setting determines a run's result: all do but its name, place and number of threads, of which more than four are shards.
  private static boolean decides(String key) {
    return !Set.of("name", "output.dir", "runtime.threads").contains(key);
  }

  private static String digits(String text) {
    return Sha256.of(text.getBytes(StandardCharsets.UTF_8)).substring(0, 8);
  }

  /// Names variants or candidates that would train the same model in the same way; nothing where all differ.
  static Optional<String> duplicates(List<Variant> variants) {
    Map<String, List<String>> byHash = new LinkedHashMap<>();
    for (Variant variant : variants) {
      for (Candidate candidate : variant.candidates) {
        byHash.computeIfAbsent(candidate.hash(candidate.config.withSeed(0), Study::decides), _ -> new ArrayList<>())
            .add(candidate.label.isEmpty() ? variant.name : variant.name + " with " + candidate.label);
      }
    }
    return byHash.values().stream().filter(names -> names.size() > 1).map(names -> String.join(" and ", names))
        .sorted().findFirst();
  }
}

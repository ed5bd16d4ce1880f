package norma.train.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import norma.autodiff.Parameter;
import norma.models.BlockName;
import norma.models.Gpt;
import norma.models.GptConfig;
import norma.models.Key;
import norma.optim.Rule;
import norma.optim.Schedule;
import norma.train.files.FolderName;
import norma.train.files.HomeFolder;

/// Everything that determines a run, complete and valid. A [Key] at a component is the one definition of a configuration key; a key that
/// a file leaves out has its default. The constructors refuse what is out of range or does not fit together with
/// [IllegalArgumentException], whose message begins with the dotted path of the key.
public record RunConfig(
    @Key(value = "char-cpu", does = "names the run's folder, <output.dir>/<name>-<id>/") String name,
    @Key(does = "what is learned from") Data data, //
    @Key(does = "the architecture") GptConfig model, //
    @Key(does = "the optimizer, and its learning rate with linear warmup") Optim optim,
    @Key(does = "the loop") Train train,
    @Key(does = "where and how it is computed") Runtime runtime,
    @Key(does = "where results go") Output output) {
  /// Characters of a name.
  public static final int LONGEST_NAME = 64;

  static final String COUNT = "[1, 2147483647]";
  static final String FROM_ZERO = "[0, 2147483647]";

  /// The defaults of all keys: nanoGPT's shakespeare-char settings for a CPU.
  public static final RunConfig DEFAULT = new ConfigReader(List.of()).read("defaults", "", List.of());

  public RunConfig {
    if (!FolderName.is(name, LONGEST_NAME)) {
      throw new IllegalArgumentException("name is '" + YamlText.shorten(name)
          + "'; expected letters, digits, '.', '_' and '-', at most " + LONGEST_NAME + ", a letter or digit first");
    }
    List<Record> groups = List.of(data, model, optim, train, runtime, output);
    for (int i = 0; i < groups.size(); i++) {
      ConfigKey.ROOT.get(1 + i).check(groups.get(i));
    }
    for (int i = 0; i < optim.groups.size(); i++) {
      optim.groups.get(i).requireMatch("optim.groups[" + i + "]",
          new Gpt(model, 1).parameters().stream().map(Parameter::name).toList());
    }
    requireCountable("a step", model.context(), "train.batch", train.batch(), "train.accumulate", train.accumulate());
    requireCountable("a training loss estimate", model.context(), "train.eval_batches", train.evalBatches(),
        "train.batch", train.batch());
    if (train.evalTokens().isPresent() && train.evalTokens().getAsInt() < model.context()) {
      throw new IllegalArgumentException("train.eval_tokens is " + train.evalTokens().getAsInt()
          + ", less than one window of model.context " + model.context() + "; expected at least that, or all");
    }
  }

  /// Tokens are counted by an int.
  private static void requireCountable(String of, int context, String first, int a, String second, int b) {
    if ((double) a * b * context > Integer.MAX_VALUE) { // exact where it is near the limit
      throw new IllegalArgumentException(first + " " + a + " times " + second + " " + b + " times model.context "
          + context + " is more than " + Integer.MAX_VALUE + " tokens in " + of + "; expected fewer");
    }
  }

  /// The same with the paths of what it reads made absolute, so that the run can be evaluated from another directory.
  public RunConfig withAbsolutePaths() {
    RunConfig absolute = data.corpus() instanceof Corpus.Named named && !named.builtin()
        ? with("data.corpus", new Corpus.Named(Path.of(named.source()).toAbsolutePath().normalize().toString()))
        : this;
    return absolute.beginningWith(train.initFrom().map(path -> path.toAbsolutePath().normalize()));
  }

  /// The same with the weights of another run or checkpoint to begin with, or with none.
  public RunConfig beginningWith(Optional<Path> weights) {
    return weights.equals(train.initFrom()) ? this : with("train.init_from", weights);
  }

  /// The same with its text in another place.
  public RunConfig reading(Corpus corpus) {
    return with("data.corpus", corpus);
  }

  /// The same with another seed.
  public RunConfig withSeed(long seed) {
    return with("train.seed", seed);
  }

  /// The same with another model.
  public RunConfig withModel(GptConfig changed) {
    return with("model", changed);
  }

  /// The same, synchronized at every step. A step takes as long.
  public RunConfig withoutRounds() {
    return with("train.sync_every", 1);
  }

  /// The same with another number of steps.
  public RunConfig withSteps(int steps) {
    return with("train.steps", steps);
  }

  /// The same with batches of another size.
  public RunConfig withBatch(int batch) {
    return with("train.batch", batch);
  }

  /// The same with another number of threads.
  public RunConfig with(OptionalInt threads) {
    return with("runtime.threads", threads);
  }

  /// The same run under another name, in another place, with another number of threads: nothing that changes its result.
  public RunConfig placed(String newName, Path dir, OptionalInt threads) {
    return with("name", newName).with("output.dir", dir.toString()).with(threads);
  }

  private RunConfig with(String path, Object value) {
    return (RunConfig) ConfigKey.with(this, ConfigKey.ROOT, path, value);
  }

  /// The corpus and its split.
  public record Data(
      @Key(value = "builtin:dickens", resumable = true, does = "the text: builtin:NAME, a path beside the file, or {url: https://..., sha256: ...}") Corpus corpus,
      @Key(value = "0.1", range = "(0, 1)", does = "share of the text, at its end, held out for validation") double valFraction,
      @Key(value = "1.0", range = "(0, 1]", does = "share of the rest, at its beginning, trained on") double trainFraction,
      @Key(value = "char", does = "what is read and predicted one after the other: char, the text's own characters; byte, of any file, 256 of them") Token token) {}

  /// What a model reads and predicts one after the other. Losses are means over them: of the two, they are different quantities.
  public enum Token {
    CHAR("character"), BYTE("byte");

    private final String word;

    Token(String word) {
      this.word = word;
    }

    /// One of them in words.
    public String word() {
      return word;
    }

    /// Several of them in words.
    public String words() {
      return word + "s";
    }
  }

  /// Where the text comes from.
  public sealed interface Corpus {

    /// `builtin:NAME`, or a path; `~/x` starts at the home folder.
    record Named(String source) implements Corpus {
      /// What the names of Norma's own texts begin with.
      public static final String BUILTIN = "builtin:";

      public Named {
        YamlText.requirePath("data.corpus", source);
        if (source.contains("://") || source.startsWith("file:")) {
          throw new IllegalArgumentException("data.corpus " + YamlText.shorten(source)
              + " is a URL: write {url: \"https://...\", sha256: \"...\"}, or a plain path");
        }
        source = HomeFolder.resolve(source);
      }

      /// Whether it is one of Norma's own.
      public boolean builtin() {
        return source.startsWith(BUILTIN);
      }
    }

    /// A file to fetch.
    ///
    /// @param url    `https`
    /// @param sha256 64 hexadecimal digits, kept in lower case
    record Download(URI url, String sha256) implements Corpus {
      private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

      public Download {
        if (!"https".equalsIgnoreCase(url.getScheme()) || url.getHost() == null) {
          throw new IllegalArgumentException("data.corpus.url is '" + YamlText.shorten(url.toString())
              + "'; expected an https URL; of a local file, data.corpus is the path");
        }
        sha256 = sha256.toLowerCase(Locale.ROOT);
        if (!SHA256.matcher(sha256).matches()) {
          throw new IllegalArgumentException(
              "data.corpus.sha256 is '" + YamlText.shorten(sha256) + "'; expected 64 hexadecimal digits");
        }
      }
    }
  }

  /// The optimizer and its schedule.
  public record Optim(
      @Key(value = "adamw", does = "adamw (arXiv:1711.05101); muon for the matrices of the blocks, adamw for the rest; or sgd with momentum") Rule.Type type,
      @Key(value = "1e-3", range = "[0, inf)", does = "learning rate after the warmup") double lr,
      @Key(value = "1e-4", range = "[0, inf)", does = "learning rate from decay_steps on, at most lr") double minLr,
      @Key(value = "cosine", does = "from lr down to min_lr at decay_steps by half a cosine or, linear, by a line; wsd: lr, then a line of cooldown_steps; constant: lr throughout") Schedule.Shape schedule,
      @Key(value = "100", range = FROM_ZERO, does = "steps of linear warmup; 0 = none") int warmupSteps,
      @Key(value = "2000", range = FROM_ZERO, does = "step at which the schedule reaches min_lr, above warmup_steps") int decaySteps,
      @Key(value = "200", range = COUNT, does = "steps of wsd's cooldown, the last before decay_steps") int cooldownSteps,
      @Key(value = "[0.9, 0.99]", range = "[0, 1)", does = "adamw's decay of the first and the second moment") List<Double> betas,
      @Key(value = "1e-8", range = "(0, inf)", does = "added to the root of adamw's second moment") double eps,
      @Key(value = "0.95", range = "[0, 1)", does = "decay of the momentum of muon and sgd") double momentum,
      @Key(value = "0.1", range = "[0, inf)", does = "shrinks matrices, not vectors or scalars") double weightDecay,
      @Key(value = "1.0", range = "[0, inf)", does = "largest global gradient norm; 0 = no clipping") double clipNorm,
      @Key(value = "[]", does = "other numbers for parameters by their names, later lines win: [{of: \"*.alpha\", lr_factor: 30, weight_decay: 0.1}]") List<ParameterGroup> groups) {

    public Optim {
      betas = List.copyOf(betas);
      groups = List.copyOf(groups);
      if (schedule != Schedule.Shape.CONSTANT && minLr > lr) {
        throw new IllegalArgumentException("optim.min_lr is " + YamlText.of(minLr) + ", above optim.lr "
            + YamlText.of(lr) + "; expected at most optim.lr, or schedule: constant");
      }
      if (schedule != Schedule.Shape.CONSTANT && decaySteps <= warmupSteps) {
        throw new IllegalArgumentException("optim.decay_steps is " + decaySteps + ", not above optim.warmup_steps "
            + warmupSteps + "; expected a later step, or schedule: constant");
      }
      if (schedule == Schedule.Shape.WSD && decaySteps - cooldownSteps < warmupSteps) {
        throw new IllegalArgumentException("optim.cooldown_steps is " + cooldownSteps + ", more than the "
            + (decaySteps - warmupSteps)
            + " steps between optim.warmup_steps and optim.decay_steps; expected at most that, "
            + "or schedule: linear");
      }
    }

    /// The learning rates of a run.
    public Schedule rates() {
      return new Schedule(schedule, lr, minLr, warmupSteps, decaySteps, cooldownSteps);
    }

    /// How a parameter is updated. Muon is for matrices in blocks, as its authors have it.
    public Rule rule(Parameter parameter) {
      boolean muons = BlockName.of(parameter.name()).block() >= 0 && parameter.dims().size() == 2;
      double factor = 1;
      double decay = parameter.decays() ? weightDecay : 0;
      for (ParameterGroup group : groups) {
        if (group.matches(parameter.name())) {
          factor = group.lrFactor().orElse(factor);
          decay = group.weightDecay().orElse(decay);
        }
      }
      return new Rule(type == Rule.Type.MUON && !muons ? Rule.Type.ADAMW : type, factor, decay);
    }

    /// Decay of the first moment.
    public double beta1() {
      return betas.getFirst();
    }

    /// Decay of the second moment.
    public double beta2() {
      return betas.getLast();
    }
  }

  /// The loop.
  public record Train(
      @Key(value = "2000", range = "[1, " + Train.MAX_STEPS
          + "]", resumable = true, does = "optimizer steps") int steps,
      @Key(value = "12", range = COUNT, does = "sequences of one forward and backward pass") int batch,
      @Key(value = "1", range = COUNT, does = "passes whose gradients are averaged into one step") int accumulate,
      @Key(value = "1", range = COUNT, does = "1: the shards of a batch (runtime.shards) add their gradients in every step; more: each trains alone for so many steps, then comes an outer step (DiLoCo, arXiv:2311.08105)") int syncEvery,
      @Key(value = "0.7", range = "(0, inf)", does = "learning rate of an outer step; its gradient is how far the shards have moved, on average") double outerLr,
      @Key(value = "0.9", range = "[0, 1)", does = "decay of the outer step's momentum, Nesterov's") double outerMomentum,
      @Key(value = "1337", does = "starts every random stream, the initial weights too") long seed,
      @Key(value = "10", range = FROM_ZERO, resumable = true, does = "steps between two lines of loss and speed; 0 = off") int logEvery,
      @Key(value = "250", range = FROM_ZERO, resumable = true, does = "steps between two validation losses; 0 = off") int evalEvery,
      @Key(value = "20", range = COUNT, resumable = true, does = "random batches that estimate the training loss") int evalBatches,
      @Key(value = "all", range = COUNT, does = "tokens that a validation loss but the final one is estimated on; all: it is exact") OptionalInt evalTokens,
      @Key(value = "0", range = FROM_ZERO, resumable = true, does = "steps between two samples of text; 0 = off") int sampleEvery,
      @Key(value = "500", range = FROM_ZERO, resumable = true, does = "steps between two checkpoints, beside those of the lowest validation loss; 0 = off") int checkpointEvery,
      @Key(value = "2", range = COUNT, resumable = true, does = "newest checkpoints that stay; the best stays besides") int keepCheckpoints,
      @Key(value = "stop", resumable = true, does = "stop: exit code 4; rollback: on from the last checkpoint with half the learning rate, three times at most") OnNonfinite onNonfinite,
      @Key(value = "250", range = FROM_ZERO, resumable = true, does = "steps between two timings of every layer, each on one step; 0 = off") int layersEvery,
      @Key(value = "250", range = FROM_ZERO, resumable = true, does = "steps between two probes of the normalization slots; 0 = off") int normEvery,
      @Key(value = "none", does = "the weights to begin with: the folder of a trained run, whose newest they are, or of a checkpoint, beside the file; none: drawn by seed") Optional<Path> initFrom) {
    /// A checkpoint's name has a place for nine digits, and a step times its tokens fits a long.
    public static final int MAX_STEPS = 999_999_999;

    public Train {
      if (steps % syncEvery != 0) {
        throw new IllegalArgumentException("train.steps is " + steps + ", which is no multiple of train.sync_every "
            + syncEvery + "; expected whole rounds, such as " + Math.ceilDiv(steps, syncEvery) * (long) syncEvery);
      }
    }

    /// Sequences of one step.
    public int sequences() {
      return batch * accumulate;
    }

    /// Evaluations of a whole run, of which the last is after its last step.
    public int evaluations() {
      return evalEvery == 0 ? 1 : evaluationsUpTo(steps - syncEvery) + 1;
    }

    /// Evaluations up to the end of a round that is not the last.
    ///
    /// @param step that it ends with
    public int evaluationsUpTo(int step) {
      return evalEvery == 0 ? 0 : step / Math.max(evalEvery, syncEvery);
    }
  }

  /// What a run does where a loss or a gradient is not finite. The weights are those of before the step in any case.
  public enum OnNonfinite {
    STOP, ROLLBACK
  }

  /// Which implementation computes.
  public enum BackendChoice {
    AUTO, ND4J, CPU, CUDA
  }

  /// Number format of weights, activations and gradients. With [#BF16] a CPU computes the products of linear layers in bfloat16 and
  /// everything else in 32 bits; a GPU has all activations and their gradients in bfloat16, weights and what belongs to them in 32 bits.
  /// [#TF32] has 32 bits, of which products use 19.
  public enum Precision {
    FP32, BF16, TF32, FP64
  }

  /// Where and how it is computed.
  public record Runtime(
      @Key(value = "auto", resumable = true, does = "auto: the fastest that works here; cpu: machine code for x86-64 with AVX2; cuda: an NVIDIA GPU; nd4j: the definition, slow") BackendChoice backend,
      @Key(value = "auto", range = "[1, 4096]", resumable = true, does = "worker threads; auto: one for each core that may be used") OptionalInt threads,
      @Key(value = "auto", range = "[1, 4096]", resumable = true, does = "parts of a batch with gradients of their own, for the threads of cpu and for processes that join; sums depend on it; auto: 4, or the threads if more") OptionalInt shards,
      @Key(value = "fp32", does = "bf16: GPUs and CPUs with AVX512-BF16 (products only, pays from a width of about 256 on); tf32: GPUs; fp64: nd4j, for checks") Precision precision) {
    /// The precisions of each backend; `auto` has them all, since it chooses a backend for each.
    private static final Map<BackendChoice, List<Precision>> PRECISIONS = new EnumMap<>(Map.of(//
        BackendChoice.CPU, List.of(Precision.FP32, Precision.BF16), //
        BackendChoice.CUDA, List.of(Precision.FP32, Precision.TF32, Precision.BF16), //
        BackendChoice.ND4J, List.of(Precision.FP32, Precision.FP64)));

    public Runtime {
      List<Precision> known = PRECISIONS.getOrDefault(backend, List.of(precision));
      if (!known.contains(precision)) {
        BackendChoice other = PRECISIONS.entrySet().stream().filter(entry -> entry.getValue().contains(precision))
            .findFirst().orElseThrow().getKey();
        throw new IllegalArgumentException(
            "runtime.precision is %s, which the backend %s does not have; expected %s, or runtime.backend %s"
                .formatted(YamlText.of(precision), YamlText.of(backend), alternatives(known), YamlText.of(other)));
      }
    }

    private static String alternatives(List<Precision> precisions) {
      String all = precisions.stream().map(YamlText::of).collect(Collectors.joining(", "));
      int last = all.lastIndexOf(", ");
      return all.substring(0, last) + " or " + all.substring(last + 2);
    }
  }

  /// Where results go.
  public record Output(@Key(value = "runs", does = "folder of the run folders") String dir,
      @Key(value = "false", resumable = true, does = "writes event files beside metrics.jsonl, for tensorboard --logdir runs") boolean tensorboard) {
    public Output {
      YamlText.requirePath("output.dir", dir);
      dir = HomeFolder.resolve(dir);
    }
  }

}

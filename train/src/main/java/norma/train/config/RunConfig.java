package norma.train.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import norma.models.GptConfig;
import norma.models.NormSlots;
import norma.nn.NormSpec;
import norma.train.files.HomeFolder;

/// Everything that determines a run, complete and valid: keys that a file leaves out have the values of [#DEFAULT]. A key
/// `warmup_steps` in YAML is the component `warmupSteps` here. Every constructor refuses a value out of range with
/// [IllegalArgumentException], whose message begins with the dotted path of the key.
///
/// @param name    of the run folder: letters, digits, `.`, `_`, `-`, at most 64 characters
/// @param data    what is learned from
/// @param model   architecture
/// @param optim   AdamW and its schedule
/// @param train   length of the run, and what is recorded how often
/// @param runtime where and how it is computed
/// @param output  where the run folder goes
public record RunConfig(String name, Data data, GptConfig model, Optim optim, Train train, Runtime runtime,
    Output output) {
  static final Range WIDTH = Range.whole(1, 65536);
  static final Range LAYERS = Range.whole(1, 1024);
  static final Range CONTEXT = Range.whole(1, 1 << 20);
  static final Range MLP_RATIO = Range.whole(1, 64);
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  /// nanoGPT's shakespeare-char settings for a CPU.
  public static final RunConfig DEFAULT = new RunConfig("char-cpu",
      new Data(new Corpus.Named("builtin:dickens"), 0.1, 1),
      new GptConfig(4, 4, 128, 64, 4, false, 0, GptConfig.Activation.GELU, true, GptConfig.EmbeddingScale.NONE,
          NormSlots.all(NormSpec.of("layernorm"), 4)),
      new Optim(1e-3, 1e-4, Schedule.COSINE, 100, 2000, 0.9, 0.99, 1e-8, 0.1, 1),
      new Train(2000, 12, 1, 1337, 10, 250, 20, OptionalInt.empty(), 0, 500, 2, OnNonfinite.STOP, 250, 250),
      new Runtime(BackendChoice.AUTO, OptionalInt.empty(), Precision.FP32), new Output("runs"));

  public RunConfig {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("name is '" + YamlText.shorten(name)
          + "'; expected letters, digits, '.', '_' and '-', at most 64, a letter or digit first");
    }
    LAYERS.check("model.layers", model.layers());
    WIDTH.check("model.heads", model.heads());
    WIDTH.check("model.width", model.width());
    CONTEXT.check("model.context", model.context());
    MLP_RATIO.check("model.mlp_ratio", model.mlpRatio());
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

  /// The same with a corpus file's path made absolute, so that the run can be evaluated from another directory.
  ///
  /// @param base folder that a relative path starts at
  public RunConfig withCorpusIn(Path base) {
    if (data.corpus() instanceof Corpus.Named named && !named.source().startsWith("builtin:")) {
      Corpus absolute = new Corpus.Named(base.toAbsolutePath().resolve(named.source()).normalize().toString());
      return new RunConfig(name, new Data(absolute, data.valFraction(), data.trainFraction()), model, optim, train,
          runtime, output);
    }
    return this;
  }

  /// The same with another seed.
  public RunConfig withSeed(long seed) {
    return new RunConfig(name, data, model, optim, train.with(train.steps, seed), runtime, output);
  }

  /// The same with another model.
  public RunConfig withModel(GptConfig changed) {
    return new RunConfig(name, data, changed, optim, train, runtime, output);
  }

  /// The same with another number of steps.
  public RunConfig withSteps(int steps) {
    return new RunConfig(name, data, model, optim, train.with(steps, train.seed), runtime, output);
  }

  /// The same with another number of threads.
  public RunConfig with(OptionalInt threads) {
    return placed(name, Path.of(output.dir), threads);
  }

  /// The same run under another name, in another place, with another number of threads: nothing that changes its result.
  public RunConfig placed(String newName, Path dir, OptionalInt threads) {
    return new RunConfig(newName, data, model, optim, train,
        new Runtime(runtime.backend, threads, runtime.precision), new Output(dir.toString()));
  }

  /// The corpus and its split.
  ///
  /// @param valFraction   share of the text, at its end, that is held out for validation; above 0 and below 1
  /// @param trainFraction share of the rest, at its beginning, that is trained on; above 0, at most 1
  public record Data(Corpus corpus, double valFraction, double trainFraction) {
    static final Range TRAIN_FRACTION = Range.fraction();
    static final Range VAL_FRACTION = Range.share();

    public Data {
      VAL_FRACTION.check("data.val_fraction", valFraction);
      TRAIN_FRACTION.check("data.train_fraction", trainFraction);
    }
  }

  /// Where the text comes from.
  public sealed interface Corpus {

    /// `builtin:NAME`, or a path; `~/x` starts at the home folder.
    record Named(String source) implements Corpus {
      public Named {
        YamlText.requirePath("data.corpus", source);
        source = HomeFolder.resolve(source);
      }
    }

    /// A file to fetch.
    ///
    /// @param url    `https`
    /// @param sha256 64 hexadecimal digits, kept in lower case
    record Download(URI url, String sha256) implements Corpus {
      private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

      public Download {
        if (!"https".equalsIgnoreCase(url.getScheme())) {
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

  /// How the learning rate goes from `lr` to `min_lr` after the warmup.
  public enum Schedule {
    /// It stays at `lr`; `min_lr` and `decay_steps` have no effect.
    CONSTANT,
    /// Half a cosine until `decay_steps`, then `min_lr`.
    COSINE
  }

  /// AdamW (arXiv:1711.05101) with linear warmup.
  ///
  /// @param lr          learning rate after the warmup
  /// @param minLr       learning rate from `decaySteps` on; at most `lr`
  /// @param warmupSteps steps of linear warmup; 0 = none
  /// @param decaySteps  step at which the cosine reaches `minLr`; above `warmupSteps`
  /// @param beta1       decay of the first moment, in `[0, 1)`; `betas[0]` in YAML
  /// @param beta2       decay of the second moment, in `[0, 1)`; `betas[1]` in YAML
  /// @param eps         added to the root of the second moment, above 0
  /// @param weightDecay for tensors of rank 2 and up
  /// @param clipNorm    largest global gradient norm; 0 = no clipping
  public record Optim(double lr, double minLr, Schedule schedule, int warmupSteps, int decaySteps, double beta1,
      double beta2, double eps, double weightDecay, double clipNorm) {
    static final Range RATE = Range.from(0);
    static final Range STEPS = Range.whole(0, Integer.MAX_VALUE);
    static final Range BETA = Range.belowOne();
    static final Range EPS = Range.above(0);

    public Optim {
      RATE.check("optim.lr", lr);
      RATE.check("optim.min_lr", minLr);
      STEPS.check("optim.warmup_steps", warmupSteps);
      STEPS.check("optim.decay_steps", decaySteps);
      BETA.check("optim.betas[0]", beta1);
      BETA.check("optim.betas[1]", beta2);
      EPS.check("optim.eps", eps);
      RATE.check("optim.weight_decay", weightDecay);
      RATE.check("optim.clip_norm", clipNorm);
      if (schedule == Schedule.COSINE && minLr > lr) {
        throw new IllegalArgumentException("optim.min_lr is " + YamlText.of(minLr) + ", above optim.lr "
            + YamlText.of(lr) + "; expected at most optim.lr, or schedule: constant");
      }
      if (schedule == Schedule.COSINE && decaySteps <= warmupSteps) {
        throw new IllegalArgumentException("optim.decay_steps is " + decaySteps + ", not above optim.warmup_steps "
            + warmupSteps + "; expected a later step, or schedule: constant");
      }
    }
  }

  /// The loop. Counts are steps; 0 in an `...Every` switches it off.
  ///
  /// @param steps           optimizer steps
  /// @param batch           sequences of one forward and backward pass
  /// @param accumulate      passes whose gradients are averaged into one step
  /// @param seed            of the initial weights and of every random stream
  /// @param logEvery        a line of loss and speed
  /// @param evalEvery       validation loss
  /// @param evalBatches     random batches of the training loss estimate
  /// @param evalTokens      most characters of the validation split that an evaluation predicts, whose loss is an estimate then;
  ///                        empty for `all`, and the loss is exact
  /// @param sampleEvery     a sample of text
  /// @param checkpointEvery a checkpoint
  /// @param keepCheckpoints how many of the latest stay, besides the best
  /// @param onNonfinite     what happens where a loss or a gradient is not finite
  /// @param layersEvery     timing of each layer, on that one step
  /// @param normEvery       probes of the normalization slots
  public record Train(int steps, int batch, int accumulate, long seed, int logEvery, int evalEvery, int evalBatches,
      OptionalInt evalTokens, int sampleEvery, int checkpointEvery, int keepCheckpoints, OnNonfinite onNonfinite,
      int layersEvery,
      int normEvery) {
    /// A checkpoint's name has a place for nine digits, and a step times its tokens fits a long.
    public static final int MAX_STEPS = 999_999_999;
    static final Range STEPS = Range.whole(1, MAX_STEPS);
    static final Range COUNT = Range.whole(1, Integer.MAX_VALUE);
    static final Range TOKENS = new Range(1, Integer.MAX_VALUE, "1 to " + Integer.MAX_VALUE + ", or all");
    static final Range EVERY = Range.whole(0, Integer.MAX_VALUE);

    public Train {
      STEPS.check("train.steps", steps);
      COUNT.check("train.batch", batch);
      COUNT.check("train.accumulate", accumulate);
      EVERY.check("train.log_every", logEvery);
      EVERY.check("train.eval_every", evalEvery);
      COUNT.check("train.eval_batches", evalBatches);
      evalTokens.ifPresent(tokens -> TOKENS.check("train.eval_tokens", tokens));
      EVERY.check("train.sample_every", sampleEvery);
      EVERY.check("train.checkpoint_every", checkpointEvery);
      COUNT.check("train.keep_checkpoints", keepCheckpoints);
      EVERY.check("train.layers_every", layersEvery);
      EVERY.check("train.norm_every", normEvery);
    }

    private Train with(int otherSteps, long otherSeed) {
      return new Train(otherSteps, batch, accumulate, otherSeed, logEvery, evalEvery, evalBatches, evalTokens,
          sampleEvery, checkpointEvery, keepCheckpoints, onNonfinite, layersEvery, normEvery);
    }
  }

  /// What a run does where a loss or a gradient is not finite. The weights are those of before the step in any case.
  public enum OnNonfinite {
    /// It ends with exit code 4.
    STOP,
    /// It goes back to the last checkpoint and on from there with half the learning rate, three times at most.
    ROLLBACK
  }

  /// Which implementation computes.
  public enum BackendChoice {
    /// The fastest that works here; which one and why is printed.
    AUTO,
    /// Compositions of ND4J operations: the definition of every kernel.
    ND4J,
    /// Fused kernels on the CPU.
    CPU,
    /// An NVIDIA GPU.
    CUDA
  }

  /// Number format of weights, activations and gradients.
  public enum Precision {
    /// 32 bits.
    FP32,
    /// On a CPU the products of linear layers in bfloat16 and everything else in 32 bits; on a GPU all activations and their
    /// gradients in bfloat16, weights and what belongs to them in 32 bits.
    BF16,
    /// On a GPU: 32 bits, of which products use 19.
    TF32,
    /// 64 bits, for checks.
    FP64
  }

  /// Where and how it is computed.
  ///
  /// @param threads at least 1; empty for `auto`, one for each core that may be used
  public record Runtime(BackendChoice backend, OptionalInt threads, Precision precision) {
    static final Range THREADS = new Range(1, 4096, "1 to 4096, or auto");
    /// The precisions of each backend; `auto` has them all, since it chooses a backend for each.
    private static final Map<BackendChoice, List<Precision>> PRECISIONS = new EnumMap<>(Map.of(//
        BackendChoice.CPU, List.of(Precision.FP32, Precision.BF16), //
        BackendChoice.CUDA, List.of(Precision.FP32, Precision.TF32, Precision.BF16), //
        BackendChoice.ND4J, List.of(Precision.FP32, Precision.FP64)));

    public Runtime {
      threads.ifPresent(n -> THREADS.check("runtime.threads", n));
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
  ///
  /// @param dir folder of the run folders; `~/x` starts at the home folder
  public record Output(String dir) {
    public Output {
      YamlText.requirePath("output.dir", dir);
      dir = HomeFolder.resolve(dir);
    }
  }

}

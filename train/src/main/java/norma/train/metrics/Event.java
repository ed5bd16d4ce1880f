package norma.train.metrics;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import norma.train.metrics.LineFormat.Field;
import norma.train.metrics.Shown.Style;

/// One line of `metrics.jsonl`. These records are its format ([LineFormat]) and say what of it reports show ([Shown]): a number that
/// is added here is written, read and shown.
///
/// Numbers that the line leaves out, or gives as `null` because they are not finite, are NaN, and so are those beyond 1e100, which no
/// sound run has; those below 1e-100 are 0. Losses are in nats per token, a character or a byte (`data.token`).
public sealed interface Event {
  /// The field that names the kind of event: the record's own name in small letters.
  String NAME = "event";

  /// Optimizer steps taken when the event was written; 0 where the line names none.
  int step();

  /// The run starts, or goes on from a checkpoint.
  ///
  /// @param fields everything else that the line says, values as text
  record Start(@Field(optional = true) int step, Map<String, String> fields) implements Event {
    public Start {
      fields = Map.copyOf(fields);
    }
  }

  /// One logged training step; `gradNorm` is the norm before clipping.
  record Step(int step, long tokens, double loss, @Shown("learning rate") double lr,
      @Shown(value = "gradient norm, before clipping", noisy = true) double gradNorm,
      @Field(decimals = 3) double stepMillis,
      @Field(decimals = 0) @Shown(value = "throughput (tokens/s)", noisy = true) double tokensPerSecond,
      @Field(decimals = 3) double elapsedSeconds) implements Event {}

  /// An evaluation: `trainLoss` is an estimate on random batches, `valLoss` is exact over the validation split, or an estimate on a part.
  ///
  /// @param valTokens tokens that `valLoss` is an estimate from; 0 where it is exact
  record Eval(int step, double trainLoss, double valLoss, double valBits,
      @Field(omitted = true) long valTokens) implements Event {

    /// `exact` or `estimated`.
    public String kind() {
      return valTokens == 0 ? "exact" : "estimated";
    }
  }

  /// What the probes saw in every normalization slot; the formulas stand in `docs/norms.md`.
  ///
  /// @param maxAttentionLogit largest q k / sqrt(D) of any head
  /// @param logZ              mean logarithm of the softmax denominator of the output
  /// @param updateRatio       norm of the last step's change of all matrices / norm of all matrices; 1e-3 is a rule of thumb
  record Norm(int step, List<Slot> slots, double maxAttentionLogit, double logZ,
      @Shown("update / weight, all matrices") double updateRatio) implements Event {
    public Norm {
      slots = List.copyOf(slots);
    }
  }

  /// One slot: its learned scalars, statistics of its input and output over all elements, the gradient that reaches it, and how
  /// fast it learns.
  ///
  /// @param scalars     by name, in alphabetical order; beta is that of the formula (positive under softplus), not the stored number
  /// @param slope       of the argument of the norm's squashing function, u = slope x + shift; NaN for a norm without one
  /// @param invStd      1 / standard deviation of the input, which DyT's alpha follows (arXiv:2503.10622, section 6.2)
  /// @param saturation  share of inputs in the flat part, |u| > 2, of a clamp |u| > 1, from 0 to 1; NaN for a norm without one
  /// @param inRms       root mean square of the input
  /// @param inAbsmax    largest magnitude of the input
  /// @param inKurtosis  of the channels' root mean squares s, mean(s^4) / mean(s^2)^2: 1 when all are alike, the width when one has
  ///                    everything (He et al., arXiv:2405.19279)
  /// @param inOutliers  share of inputs more than 6 standard deviations from their mean, 0 to 1 (Bondarenko et al.,
  ///                    arXiv:2306.12929, section 3)
  /// @param outRms      root mean square of the output
  /// @param outAbsmax   largest magnitude of the output
  /// @param outGradRms  root mean square of the gradient at the output, of the loss summed over the tokens
  /// @param updateRatio norm of the last step's change of the slot's parameters / norm of these; NaN without parameters
  record Slot(String slot, String type, Map<String, Double> scalars,
      @Field(name = "squash_slope", omitted = true) double slope,
      @Shown(value = "1/std", group = "input") double invStd,
      @Field(omitted = true) @Shown(value = "saturation", group = "input", style = Style.PERCENT) double saturation,
      @Shown(value = "RMS", group = "input") double inRms,
      @Shown(value = "max", group = "input") double inAbsmax,
      @Shown(value = "kurtosis", group = "input") double inKurtosis,
      @Shown(value = "outliers, %", group = "input", style = Style.HUNDREDTHS) double inOutliers,
      @Shown(value = "RMS", group = "output") double outRms,
      @Shown(value = "max", group = "output") double outAbsmax,
      @Shown(value = "gradient", group = "output") double outGradRms,
      @Shown("update") double updateRatio) {
    public Slot {
      scalars = Collections.unmodifiableMap(new TreeMap<>(scalars));
    }

    /// The names in a line that no scalar of a norm may have.
    public static Set<String> fieldNames() {
      return new LineFormat<>(Slot.class).names();
    }
  }

  /// Time of every layer in one step.
  record Layers(int step, List<Layer> layers) implements Event {
    public Layers {
      layers = List.copyOf(layers);
    }
  }

  /// One layer's share of a step. Rates are left out where nothing passes a row, such as `waiting`, or nobody knows how much: other
  /// processes computed parts of the step.
  record Layer(String layer, @Field(decimals = 4) double forwardMillis, @Field(decimals = 4) double backwardMillis,
      @Field(decimals = 0, omitted = true) double tokensPerSecond,
      @Field(decimals = 3, omitted = true) double gflops) {

    /// Forward and backward together.
    public double millis() {
      return forwardMillis + backwardMillis;
    }
  }

  /// Steps that several processes took together, since the line of this kind before it.
  ///
  /// @param processes     the most that took part in one of them
  /// @param waiting       share of their time in which the process that trains had nothing left to compute
  /// @param communication share of their time in which weights, gradients and moments were on their way, the mean over the other processes
  record Team(int step, @Field(decimals = 0) @Shown("processes") double processes,
      @Field(decimals = 4) @Shown(value = "waiting for others, share of time", style = Style.PERCENT) double waiting,
      @Field(decimals = 4) @Shown(value = "communication, share of time", style = Style.PERCENT) double communication)
      implements
        Event {}

  /// Generated text.
  record Sample(int step, String text) implements Event {}

  /// A loss, a gradient or a number for a checkpoint stopped being finite.
  ///
  /// @param firstBad the first layer with a value that is not finite, empty if unknown
  record Diverged(int step, @Field(optional = true) String firstBad) implements Event {}

  /// The run went back to a checkpoint because a number was not finite, and goes on with a lower learning rate.
  ///
  /// @param step       of the checkpoint
  /// @param failedStep whose loss or gradient was not finite
  /// @param firstBad   the first layer with a value that is not finite, empty if unknown
  /// @param retry      counts from 1 over the whole run
  /// @param lrFactor   of the schedule's learning rate from here on
  record Rollback(int step, int failedStep, @Field(optional = true) String firstBad, int retry, double lrFactor)
      implements
        Event {}

  /// The run ended; without this line it is still running or was killed.
  ///
  /// @param bestValTokens tokens that `bestValLoss` is an estimate from; 0 where it is exact
  /// @param finalValLoss  exact in any case
  record End(int step, String reason, double bestValLoss, @Field(optional = true) int bestStep,
      @Field(omitted = true) long bestValTokens, double finalValLoss)
      implements
        Event {
    /// The reason of a run that begins with weights from elsewhere, and has taken no step.
    public static final String IMPORTED = "imported";
  }
}

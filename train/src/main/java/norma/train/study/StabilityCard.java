package norma.train.study;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import norma.train.metrics.Event;
import norma.train.study.Study.Variant;

/// How training stands the learning rate, for a study whose grid has `optim.lr`: one sweep for each variant over all groups, and apart for each point
/// of the grid's other axes. Losses in nats per token.
///
/// @param seeds  of every rate
/// @param sweeps in the study's order; empty if the grid has no learning rates
public record StabilityCard(int seeds, List<Sweep> sweeps) {
  private static final String LR = "optim.lr=";
  private static final double WAY = 2.0 / 3;

  public StabilityCard {
    sweeps = List.copyOf(sweeps);
  }

  /// One run.
  ///
  /// @param completed  whether it was trained to the end
  /// @param startLoss  before any update, on the first batch
  /// @param finalLoss  exact validation loss after the last step
  /// @param int8Loss   the same in int8
  /// @param firstLogit largest attention logit at the first probe
  /// @param lastLogit  the same at the last probe
  /// @param kurtosis   of the slots' inputs at the last probe, the largest of all slots
  public record Run(boolean completed, double startLoss, double finalLoss, double int8Loss, double firstLogit,
      double lastLogit, double kurtosis) {}

  /// All runs with one learning rate.
  ///
  /// @param runs by seed, of those that have ended and did not fail
  public record Rate(double lr, Map<Long, Run> runs) {
    public Rate {
      runs = new TreeMap<>(runs);
    }

    /// The mean of a number of the runs that have it; NaN if none has.
    public double mean(ToDoubleFunction<Run> number) {
      return finite(runs.values(), number).average().orElse(Double.NaN);
    }
  }

  /// One variant over the learning rates.
  ///
  /// @param text  what its losses are means over: only sweeps on one text are held against each other
  /// @param rates by growing rate
  public record Sweep(String name, String text, List<Rate> rates) {
    public Sweep {
      rates = rates.stream().sorted(Comparator.comparingDouble(Rate::lr)).toList();
    }

    private Sweep with(Sweep more) {
      return new Sweep(name, text, Stream.concat(rates.stream(), more.rates.stream()).toList());
    }

    /// The loss before any update, which does not depend on the learning rate; NaN if no run has logged it.
    public double startLoss(long seed) {
      return rates.stream().map(rate -> rate.runs.get(seed)).filter(run -> run != null)
          .mapToDouble(Run::startLoss).filter(Double::isFinite).findFirst().orElse(Double.NaN);
    }

    /// The final loss, at most the loss at the start, which is also that of a run that diverged; NaN without a run.
    public double cappedLoss(Rate rate, long seed) {
      Run run = rate.runs.get(seed);
      double start = startLoss(seed);
      return run == null
          ? Double.NaN
          : run.completed && Double.isFinite(run.finalLoss) ? Math.min(run.finalLoss, start) : start;
    }

    /// The mean of [#cappedLoss] over the seeds that have run.
    public double cappedLoss(Rate rate) {
      return rate.runs.keySet().stream().mapToDouble(seed -> cappedLoss(rate, seed)).average().orElse(Double.NaN);
    }
  }

  /// Learning-rate sensitivity of a sweep (Wortsman et al., arXiv:2309.14322, section 2.1), one number for each seed that has run at every rate and trains at
  /// one of them at least: the mean over the rates of `min(final loss, loss at start) - lowest final loss over the rates`.
  public double[] sensitivities(Sweep sweep) {
    List<Double> sensitivities = new ArrayList<>();
    for (long seed : sweep.rates.getFirst().runs.keySet()) {
      double[] losses = sweep.rates.stream().mapToDouble(rate -> sweep.cappedLoss(rate, seed)).toArray();
      double mean = DoubleStream.of(losses).average().orElseThrow();
      if (!Double.isNaN(mean) && sweep.rates.stream().anyMatch(rate -> trains(sweep, rate, seed))) {
        sensitivities.add(mean - DoubleStream.of(losses).min().orElseThrow());
      }
    }
    return sensitivities.stream().mapToDouble(Double::doubleValue).toArray();
  }

  /// The lowest final loss of all runs on a text; NaN before the first.
  public double lowestLoss(String text) {
    return sweeps.stream().filter(sweep -> sweep.text.equals(text)).flatMap(sweep -> sweep.rates.stream())
        .flatMap(rate -> rate.runs.values().stream())
        .filter(Run::completed).mapToDouble(Run::finalLoss).filter(Double::isFinite).min().orElse(Double.NaN);
  }

  /// Whether a run is called trained: it came to its end, and two thirds of the way from its loss at the start to [#lowestLoss]. Half of the way would not
  /// leave out what has learned the frequencies of the characters and nothing else: 3.06 nats in the built-in corpus, where a few hundred steps go from 4.3 to 2.3.
  public boolean trains(Sweep sweep, Rate rate, long seed) {
    Run run = rate.runs.get(seed);
    return run != null && run.completed
        && run.finalLoss < lowestLoss(sweep.text) + (1 - WAY) * (sweep.startLoss(seed) - lowestLoss(sweep.text));
  }

  /// Number of seeds that train at a rate.
  public int trained(Sweep sweep, Rate rate) {
    return (int) rate.runs.keySet().stream().filter(seed -> trains(sweep, rate, seed)).count();
  }

  /// The largest rate at which all seeds train.
  public OptionalDouble largestRate(Sweep sweep) {
    return sweep.rates.stream().filter(rate -> trained(sweep, rate) == seeds).mapToDouble(Rate::lr).max();
  }

  /// The rate with the lowest mean of the capped losses, of those at which all seeds have run.
  public Optional<Rate> bestRate(Sweep sweep) {
    return sweep.rates.stream()
        .filter(rate -> rate.runs.size() == seeds && !Double.isNaN(sweep.cappedLoss(rate)))
        .min(Comparator.comparingDouble(sweep::cappedLoss));
  }

  /// Reads a study's folder as it is now.
  public static StabilityCard of(StudyFolder folder) {
    Map<String, Sweep> sweeps = new LinkedHashMap<>();
    for (Variant variant : folder.study().variants()) {
      if (variant.point().stream().anyMatch(setting -> setting.startsWith(LR))) {
        List<String> name = new ArrayList<>(List.of(variant.base()));
        variant.point().stream().filter(setting -> !setting.startsWith(LR)).forEach(name::add);
        Sweep point = new Sweep(String.join(" ", name), variant.candidates().getFirst().validation(),
            List.of(rate(folder, variant)));
        sweeps.merge(point.name, point, Sweep::with);
      }
    }
    return new StabilityCard(folder.study().seeds().size(), List.copyOf(sweeps.values()));
  }

  private static Rate rate(StudyFolder folder, Variant variant) {
    Map<Long, Run> runs = new LinkedHashMap<>();
    folder.reported(variant).forEach((seed, result) -> {
      if (!result.failed()) {
        runs.put(seed, run(result, folder.reading(result)));
      }
    });
    return new Rate(variant.candidates().getFirst().config().optim().lr(), runs);
  }

  private static Run run(CellResult result, RunReading reading) {
    List<Event.Norm> probes = reading.norms();
    double kurtosis = probes.isEmpty()
        ? Double.NaN
        : finite(probes.getLast().slots(), Event.Slot::inKurtosis).max().orElse(Double.NaN);
    return new Run(result.completed(), reading.startLoss(), result.finalLoss(), result.int8Loss(),
        probes.isEmpty() ? Double.NaN : probes.getFirst().maxAttentionLogit(),
        probes.isEmpty() ? Double.NaN : probes.getLast().maxAttentionLogit(), kurtosis);
  }

  private static <T> DoubleStream finite(Collection<T> all, ToDoubleFunction<T> number) {
    return all.stream().mapToDouble(number).filter(Double::isFinite);
  }
}

package norma.train.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.config.RunConfig;
import norma.train.metrics.Median;

/// Measures training steps: gradients and update, with nothing beside them.
public final class StepTimer {
  /// Forwards and backwards in turn, so an even number: what drifts on the machine meets all configurations alike.
  private static final int ROUNDS = 6;
  /// Steps until the compiler is done with a new kernel, and those that fill memory and caches again; of large models fewer.
  private static final int FIRST_WARM_UP = 100;
  private static final int WARM_UP = 3;
  private static final int MEASURED = 8;
  /// Steps that [#medians] takes of each configuration at most.
  public static final int STEPS = FIRST_WARM_UP + MEASURED + (ROUNDS - 1) * (WARM_UP + MEASURED);
  /// Time after which neither warming up nor measuring goes on, in one round of one configuration.
  private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(4);

  private StepTimer() {}

  /// Median milliseconds of a step of each configuration.
  ///
  /// @param threads of those that say `auto`
  public static double[] medians(List<RunConfig> configs, int threads) {
    return medians(configs, threads, new AtomicBoolean());
  }

  /// The same.
  ///
  /// @param stop set from outside to end early, after which the result says nothing
  public static double[] medians(List<RunConfig> configs, int threads, AtomicBoolean stop) {
    List<List<Double>> millis = new ArrayList<>();
    configs.forEach(config -> millis.add(new ArrayList<>()));
    for (int round = 0; round < ROUNDS && !stop.get(); round++) {
      for (int i = 0; i < configs.size() && !stop.get(); i++) {
        int turn = turn(round, i, configs.size());
        millis.get(turn).addAll(millis(configs.get(turn), threads, round == 0 ? FIRST_WARM_UP : WARM_UP));
      }
    }
    return millis.stream().mapToDouble(Median::of).toArray();
  }

  /// Median milliseconds of a step of a session, whose weights are not its initial ones any more afterwards.
  public static double median(Session session) {
    return Median.of(measured(session, FIRST_WARM_UP));
  }

  /// Which of several has its turn: forwards in even rounds, backwards in odd ones.
  public static int turn(int round, int i, int count) {
    return round % 2 == 0 ? i : count - 1 - i;
  }

  /// Milliseconds of each step that counts, of a model made for this call.
  private static List<Double> millis(RunConfig config, int threads, int warmUp) {
    OptionalInt given = config.runtime().threads();
    RunConfig alone = config.with(given.isPresent() ? given : OptionalInt.of(threads))
        .beginningWith(Optional.empty()); // which weights costs no time
    try (Session session = Session.start(alone, false)) {
      return measured(session, warmUp);
    }
  }

  private static List<Double> measured(Session session, int warmUp) {
    TrainStep step = new TrainStep(session);
    int done = steps(step, 0, warmUp).size();
    return steps(step, done, MEASURED);
  }

  /// Milliseconds of at least one step, and of as many as are asked for if they do not take too long.
  private static List<Double> steps(TrainStep step, int done, int count) {
    List<Double> millis = new ArrayList<>();
    long begin = System.nanoTime();
    do {
      long start = System.nanoTime();
      int number = done + millis.size() + 1;
      step.update(step.gradients(number, StepObserver.NONE), 0, number, StepObserver.NONE);
      millis.add((System.nanoTime() - start) / 1e6);
    } while (millis.size() < count && System.nanoTime() - begin < MOST_NANOS);
    return millis;
  }
}

package norma.train.run;

import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// Other processes that compute some of a step's shards. Who they are changes no number: a shard's gradients are a function of the
/// weights, the seed and the step, and they are added in the shards' order wherever they come from.
public interface Team extends AutoCloseable {
  /// Nobody else.
  Team NONE = new Team() {
    @Override
    public Dealt deal(TrainStep trainStep, int step, double factor) {
      return new Dealt(trainStep.shards(), List::of);
    }

    @Override
    public Optional<Exchange> exchanged() {
      return Optional.empty();
    }

    @Override
    public void close() {}
  };

  /// A step's shards, dealt.
  ///
  /// @param left how many stay here, the first
  /// @param lost waits for the others, and returns those that nobody computed
  record Dealt(int left, Supplier<List<Integer>> lost) {}

  /// Gives shards away, and returns at once. The weights must not change before [Dealt#lost] has returned.
  ///
  /// @param trainStep whose shards they are, and where their results go
  /// @param step      counts from 1
  /// @param factor    of the schedule's learning rates
  Dealt deal(TrainStep trainStep, int step, double factor);

  /// What went to and fro.
  ///
  /// @param processes            the most that took part in a step
  /// @param waitSeconds          in which nothing was left to compute here
  /// @param communicationSeconds in which a process that took part did not compute, the mean over them
  record Exchange(int processes, double waitSeconds, double communicationSeconds) {}

  /// Since the last call; nothing if nobody else took part.
  Optional<Exchange> exchanged();

  @Override
  void close();
}

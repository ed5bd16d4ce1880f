package norma.train.run;

import java.util.List;
import java.util.function.Supplier;
import norma.autodiff.GradientBuffer;

/// Other processes that compute some of a step's shards. Who they are changes no number: a shard's gradients are a function of the
/// weights, the seed and the step, and they are added in the shards' order wherever they come from.
public interface Team extends AutoCloseable {
  /// Nobody else.
  Team NONE = new Team() {
    @Override
    public Dealt deal(int step, List<GradientBuffer> shards, double[] losses) {
      return new Dealt(shards.size(), List::of);
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
  /// @param step   counts from 1
  /// @param shards where the gradients go, of the weights as they are
  /// @param losses where the losses go
  Dealt deal(int step, List<GradientBuffer> shards, double[] losses);

  @Override
  void close();
}

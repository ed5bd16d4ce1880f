package norma.autodiff;

import norma.array.Array;
import norma.kernels.DropMask;
import norma.kernels.Kernels;
import norma.ops.Op;
import norma.random.RandomStream;
import org.jspecify.annotations.Nullable;

/// What a forward pass is for. Random numbers of a pass depend on this alone.
///
/// @param training      whether dropout is on
/// @param reading       what operations read in place of their inputs
/// @param seed          the run's seed
/// @param step          the training step, from 1
/// @param firstSequence where this pass's sequences start in the whole batch of the step
/// @param firstToken    where its tokens start in their sequences
/// @param cache         has keys and values of the tokens before them, and gets those of this pass; null in a pass over whole sequences
public record Pass(boolean training, Reading reading, long seed, long step, int firstSequence, int firstToken,
    @Nullable KeyValueCache cache) {

  /// Without dropout.
  public static final Pass EVALUATION = new Pass(false, 0, 0, 0);

  /// Replaces the inputs of operations, as a quantized model does. Gradients go through it as if it were not there.
  @FunctionalInterface
  public interface Reading {
    /// @param inputs of one operation; not to be modified
    /// @return what it computes with, in memory of the pass
    Array[] of(Kernels kernels, Op<?> op, Array[] inputs);
  }

  /// A pass over whole sequences, whose operations read their inputs as they are.
  public Pass(boolean training, long seed, long step, int firstSequence) {
    this(training, (_, _, inputs) -> inputs, seed, step, firstSequence, 0, null);
  }

  /// The same over the tokens of one sequence that come after its first ones.
  ///
  /// @param tokens how many come before
  /// @param cache  of passes over those
  public Pass after(int tokens, KeyValueCache cache) {
    return new Pass(training, reading, seed, step, firstSequence, tokens, cache);
  }

  /// The dropout mask of a layer.
  ///
  /// @param layer            the layer's name
  /// @param probability      of a drop
  /// @param sizeOfOneSequence elements of the masked array for one sequence
  public DropMask mask(String layer, double probability, long sizeOfOneSequence) {
    if (!training || probability == 0) {
      return DropMask.NONE;
    }
    RandomStream stream = RandomStream.of(seed, "dropout." + layer).at(step);
    return new DropMask(probability, stream, firstSequence * sizeOfOneSequence);
  }
}

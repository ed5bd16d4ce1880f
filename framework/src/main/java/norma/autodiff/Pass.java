package norma.autodiff;

import norma.kernels.DropMask;
import norma.random.RandomStream;

/// What a forward pass is for. Random numbers of a pass depend on this alone.
///
/// @param training      whether dropout is on
/// @param int8          whether every linear layer works on inputs and weights that are rounded to int8 with [norma.kernels.Kernels#roundRows],
///                      one scale for each token and for each output: LLM.int8() without its outliers (arXiv:2208.07339, section 2),
///                      the W8A8 of SmoothQuant without its smoothing (arXiv:2211.10438). Gradients go through the rounding as if it were not there
/// @param seed          the run's seed
/// @param step          the training step, from 1
/// @param firstSequence where this pass's sequences start in the whole batch of the step
public record Pass(boolean training, boolean int8, long seed, long step, int firstSequence) {

  /// Without dropout.
  public static final Pass EVALUATION = new Pass(false, 0, 0, 0);
  /// The same in int8.
  public static final Pass INT8 = new Pass(false, true, 0, 0, 0);

  /// A pass without rounding.
  public Pass(boolean training, long seed, long step, int firstSequence) {
    this(training, false, seed, step, firstSequence);
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

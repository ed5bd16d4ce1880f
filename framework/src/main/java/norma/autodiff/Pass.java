package norma.autodiff;

import norma.kernels.DropMask;
import norma.kernels.RandomStream;

/// What a forward pass is for. Random numbers of a pass depend on this alone.
///
/// @param training      whether dropout is on
/// @param seed          the run's seed
/// @param step          the training step, from 1
/// @param firstSequence where this pass's sequences start in the whole batch of the step
public record Pass(boolean training, long seed, long step, int firstSequence) {

  /// Without dropout.
  public static final Pass EVALUATION = new Pass(false, 0, 0, 0);

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

package norma.optim;

/// Learning rate by step: linear warm-up, then as its shape says.
///
/// @param shape         how it goes on after the warm-up
/// @param lr            rate after the warm-up
/// @param minLr         floor
/// @param warmupSteps   length of the warm-up; 0 for none
/// @param decaySteps    step at which the floor is reached
/// @param cooldownSteps length of the decay before it, of [Shape#WSD]
public record Schedule(Shape shape, double lr, double minLr, int warmupSteps, int decaySteps, int cooldownSteps) {

  /// How the rate goes on after the warm-up.
  public enum Shape {
    /// As it is.
    CONSTANT,
    /// Half a cosine down to the floor (Loshchilov and Hutter, arXiv:1608.03983), as nanoGPT does.
    COSINE,
    /// A straight line down to the floor.
    LINEAR,
    /// Warm-up, stable, decay (Hu et al., arXiv:2404.06395): as it is until a cooldown in a straight line.
    WSD
  }

  /// Updates before the rate begins to fall.
  public int stableUntil() {
    return shape == Shape.WSD ? decaySteps - cooldownSteps : warmupSteps;
  }

  /// The rate of a step, which counts from 1.
  public double at(long step) {
    long done = step - 1; // updates before this one
    if (done < warmupSteps) {
      return lr * step / (warmupSteps + 1L);
    }
    if (shape == Shape.CONSTANT || done < stableUntil()) {
      return lr;
    }
    if (done >= decaySteps) {
      return minLr;
    }
    double share = (done - stableUntil()) / (double) (decaySteps - stableUntil());
    double left = shape == Shape.COSINE ? 0.5 * (1 + Math.cos(Math.PI * share)) : 1 - share;
    return minLr + left * (lr - minLr);
  }
}

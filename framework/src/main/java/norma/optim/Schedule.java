package norma.optim;

/// Learning rate by step: linear warm-up, then constant or half a cosine down to a floor (Loshchilov and Hutter,
/// arXiv:1608.03983), as nanoGPT does.
///
/// @param lr          rate after the warm-up
/// @param minLr       floor
/// @param warmupSteps length of the warm-up; 0 for none
/// @param decaySteps  step at which the floor is reached
/// @param cosine      whether the rate decays at all
public record Schedule(double lr, double minLr, int warmupSteps, int decaySteps, boolean cosine) {

  /// The rate of a step, which counts from 1.
  public double at(long step) {
    long done = step - 1; // updates before this one
    if (done < warmupSteps) {
      return lr * step / (warmupSteps + 1L);
    }
    if (!cosine) {
      return lr;
    }
    if (done >= decaySteps) {
      return minLr;
    }
    double share = (done - warmupSteps) / (double) (decaySteps - warmupSteps);
    return minLr + 0.5 * (1 + Math.cos(Math.PI * share)) * (lr - minLr);
  }
}

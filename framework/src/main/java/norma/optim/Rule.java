package norma.optim;

import java.util.List;

/// How a parameter is updated. Neighbours in memory with equal rules are updated together.
///
/// @param type        the update
/// @param lrFactor    times a step's learning rate
/// @param weightDecay times the weight, in each step, times the rate
public record Rule(Type type, double lrFactor, double weightDecay) {

  /// Updates.
  public enum Type {
    /// [norma.kernels.AdamW].
    ADAMW,
    /// [Muon], for matrices.
    MUON,
    /// Stochastic gradient descent with momentum.
    SGD;

    /// What it keeps of each weight from step to step, by the names in checkpoints.
    public List<String> states() {
      return this == ADAMW ? List.of("first_moment", "second_moment") : List.of("momentum");
    }
  }
}

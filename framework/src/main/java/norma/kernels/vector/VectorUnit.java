package norma.kernels.vector;

import java.util.Optional;
import norma.kernels.VectorModule;

/// What the Vector API finds in this CPU. Classes that import the API are linked only when it is there: this one does not.
public final class VectorUnit {
  private VectorUnit() {}

  /// Lanes of float32 in the vectors that the JVM prefers here, for people.
  ///
  /// @return nothing if the module is missing
  public static Optional<Integer> lanes() {
    return VectorModule.missing().isPresent() ? Optional.empty() : Optional.of(Vectors.LANES);
  }
}

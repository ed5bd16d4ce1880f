package norma.kernels.vector;

import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import norma.kernels.VectorModule;

/// What the Vector API finds in this CPU.
public final class VectorUnit {
  private VectorUnit() {}

  /// Lanes of float32 in the vectors that the JVM prefers here, for people.
  ///
  /// @return nothing if the module is missing
  public static Optional<Integer> lanes() {
    return VectorModule.missing().isPresent() ? Optional.empty() : Optional.of(Preferred.LANES);
  }

  /// A class of its own: it can be linked only when the module is there.
  private static final class Preferred {
    private static final int LANES = FloatVector.SPECIES_PREFERRED.length();
  }
}

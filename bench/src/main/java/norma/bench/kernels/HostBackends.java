package norma.bench.kernels;

import java.util.List;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.nd4j.Nd4jBackend;

/// The backends that are measured, each opened for one thread.
final class HostBackends {
  /// What the others are compared with.
  static final String DEFINITION = "nd4j";
  static final List<String> NAMES = List.of(DEFINITION, "cpu");

  private HostBackends() {}

  /// Refuses a name that is none.
  ///
  /// @throws IllegalArgumentException if there is no backend of this name
  static void require(String name) {
    if (!NAMES.contains(name)) {
      throw new IllegalArgumentException("there is no backend '" + name + "' here; expected one of " + NAMES);
    }
  }

  static Backend open(String name) {
    require(name);
    return name.equals(DEFINITION) ? new Nd4jBackend(DType.FLOAT32, false) : new CpuBackend(1, false);
  }
}

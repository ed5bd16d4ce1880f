package norma.bench.kernels;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.nd4j.Nd4jBackend;

/// The backends that are measured, the definition first. Each is opened for one thread.
final class Backends {
  /// What the others are compared with.
  static final String DEFINITION = "nd4j";

  private static final Map<String, Supplier<Backend>> ALL = all();

  private Backends() {}

  private static Map<String, Supplier<Backend>> all() {
    Map<String, Supplier<Backend>> all = new LinkedHashMap<>();
    all.put(DEFINITION, () -> new Nd4jBackend(DType.FLOAT32, false));
    all.put("cpu", () -> new CpuBackend(1, false));
    return all;
  }

  /// Their names.
  static Set<String> names() {
    return ALL.keySet();
  }

  /// Refuses a name that is none.
  ///
  /// @throws IllegalArgumentException if there is no backend of this name
  static void require(String name) {
    if (!ALL.containsKey(name)) {
      throw new IllegalArgumentException("there is no backend '" + name + "' here; expected one of " + names());
    }
  }

  /// A fresh one.
  ///
  /// @throws IllegalArgumentException if there is none of this name
  static Backend open(String name) {
    require(name);
    return Objects.requireNonNull(ALL.get(name)).get();
  }
}

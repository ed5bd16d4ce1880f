package norma.bench;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The libraries that PyTorch's products may come from. A process loads one of them, so that each is tried in a process of its
/// own.
enum Blas {
  /// Intel's, for any x86-64 CPU.
  MKL("MKL"),
  /// The one that PyTorch's bindings bring.
  OPENBLAS("OpenBLAS");

  private static final Set<String> SKYLAKE_X = Set.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");
  private static final Set<String> HASWELL = Set.of("avx2", "fma");

  private final String title;

  Blas(String title) {
    this.title = title;
  }

  /// Its name for people.
  String title() {
    return title;
  }

  /// Options of PyTorch's JVM: which library JavaCPP loads under OpenBLAS's name.
  List<String> jvmOptions() {
    return this == MKL ? List.of("-Dorg.bytedeco.openblas.load=mkl_rt") : List.of();
  }

  /// What the library reads.
  ///
  /// @param cpuFlags as Linux names them
  Map<String, String> environment(Set<String> cpuFlags) {
    return switch (this) {
      case MKL -> Map.of("MKL_THREADING_LAYER", "GNU"); // PyTorch's own threads, not a second pool beside them
      case OPENBLAS -> coreType(cpuFlags).map(name -> Map.of("OPENBLAS_CORETYPE", name)).orElse(Map.of());
    };
  }

  /// OpenBLAS's best kernel among those that the CPU can run. Its own choice goes by the CPU's model and takes an older kernel
  /// where it does not know the model; a kernel that the CPU cannot run ends the process.
  private static Optional<String> coreType(Set<String> cpuFlags) {
    if (cpuFlags.containsAll(SKYLAKE_X)) {
      return Optional.of("SKYLAKEX");
    }
    return cpuFlags.containsAll(HASWELL) ? Optional.of("HASWELL") : Optional.empty();
  }
}

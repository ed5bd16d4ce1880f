package norma.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import norma.train.run.Machine;

/// How PyTorch's process is started.
///
/// @param blas    where its products come from
/// @param threads that it computes with
record TorchSetting(Blas blas, int threads) {
  /// Waiting threads that spin steal time from those that work, and blocks that malloc gives back cost a page fault for
  /// every 4 KiB when they are taken again: together up to 16 times the time of a step (bench/README.md).
  private static final Map<String, String> ENVIRONMENT = Map.of("OMP_WAIT_POLICY", "PASSIVE", "GLIBC_TUNABLES",
      "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=40000000000");

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

  /// Its process, which serves the steps of a configuration.
  ///
  /// @param more     of the environment, instead of what is set here
  /// @param settings of Norma's configuration
  Side.Command command(Map<String, String> more, List<String> settings) {
    List<String> words = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        // The Java heap stays small, so that the process's memory is PyTorch's.
        "-XX:+UseSerialGC", "-Xms24m", "-Xmn12m", "-Xmx1g", "-Dorg.bytedeco.javacpp.maxbytes=0",
        "-Dorg.bytedeco.javacpp.maxphysicalbytes=0", "-Dorg.bytedeco.javacpp.nopointergc=true"));
    words.addAll(blas.jvmOptions());
    words.addAll(List.of("-cp", System.getProperty("java.class.path"), "norma.bench.TorchSide"));
    words.addAll(settings);
    return new Side.Command("PyTorch with " + this, words, environment(Machine.flags(), more));
  }

  /// What its libraries read, and nothing of the shell's ([Side.Command]).
  Map<String, String> environment(Set<String> cpuFlags, Map<String, String> more) {
    Map<String, String> all = new TreeMap<>(ENVIRONMENT);
    all.put("OMP_NUM_THREADS", Integer.toString(threads));
    all.putAll(blas.environment(cpuFlags));
    all.putAll(more);
    return all;
  }

  @Override
  public String toString() {
    return blas.title() + ", " + threads + (threads == 1 ? " thread" : " threads");
  }
}

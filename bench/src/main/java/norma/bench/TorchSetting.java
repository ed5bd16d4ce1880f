package norma.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import norma.train.run.Machine;

/// How PyTorch's process is started.
///
/// @param blas    where its products come from
/// @param threads that it computes with
record TorchSetting(Blas blas, int threads) {
  /// Waiting threads that spin steal time from those that work, and blocks that malloc gives back cost a page fault for
  /// every 4 KiB when they are taken again: together up to 16 times the time of a step (measured for ARCHITECTURE.md section 8).
  private static final Map<String, String> ENVIRONMENT = Map.of("OMP_WAIT_POLICY", "PASSIVE", "GLIBC_TUNABLES",
      "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=40000000000");

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

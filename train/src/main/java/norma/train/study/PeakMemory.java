package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import norma.train.run.SystemFiles;

/// The most physical memory that this process has had since it was asked to begin anew, the JVM's own included, as Linux counts it: `VmHWM`, which a
/// process may set back for itself (proc(5), `/proc/pid/clear_refs`). Pages of the heap that earlier runs have touched stay resident: of five equal
/// runs in one process (nanoGPT's CPU settings, 24 GiB, a heap of 365 MiB to begin with) the peaks were 422, 484, 525, 527, 527 MiB on
/// 2026-11-25. Memory outside of the heap goes back: 80 MiB after the first.
final class PeakMemory {
  private static final String BEGIN_ANEW = "5";

  private PeakMemory() {}

  /// Begins anew with what is in use now, after a garbage collection.
  ///
  /// @return whether the system does that
  static boolean reset() {
    System.gc(); // or what earlier runs have left would count
    try {
      Files.writeString(Path.of("/proc/self/clear_refs"), BEGIN_ANEW, StandardOpenOption.WRITE);
      return true;
    } catch (IOException e) {
      return false; // not Linux, or not allowed
    }
  }

  /// NaN where the system does not say.
  static double mebibytes() {
    OptionalLong bytes = SystemFiles.bytes(SystemFiles.read(SystemFiles.STATUS), "VmHWM");
    return bytes.isPresent() ? bytes.getAsLong() / 0x1p20 : Double.NaN;
  }
}

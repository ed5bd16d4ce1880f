package norma.bench.gpu;

import java.io.UncheckedIOException;
import norma.kernels.cuda.CudaException;
import norma.train.cli.Main;
import norma.train.data.DataException;
import norma.train.run.RunException;

/// What cannot be measured is said as the command line says it.
final class OneLine {
  private OneLine() {}

  /// Does the work, or ends the process with a line for people.
  static void orEnd(Runnable work) {
    try {
      work.run();
    } catch (RunException | CudaException | DataException | UncheckedIOException | OutOfMemoryError e) {
      System.exit(Main.said("gpu-check", e).orElseThrow());
    }
  }
}

package norma.bench.gpu;

import java.io.UncheckedIOException;
import norma.kernels.cuda.CudaException;
import norma.train.data.DataException;
import norma.train.files.Errors;
import norma.train.run.RunException;

/// What cannot be measured is said as the command line says it.
final class OneLine {
  private static final int FAILED = 3;

  private OneLine() {}

  /// Does the work, or ends the process with a line for people.
  static void orEnd(Runnable work) {
    try {
      work.run();
    } catch (RunException | CudaException | DataException | OutOfMemoryError e) {
      end(String.valueOf(e.getMessage()));
    } catch (UncheckedIOException e) {
      end(e.getCause() == null ? e.toString() : Errors.line(e.getCause()));
    }
  }

  private static void end(String message) {
    System.err.println("gpu-check: " + message);
    System.exit(FAILED);
  }
}

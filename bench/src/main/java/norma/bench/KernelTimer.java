package norma.bench;

import java.util.Arrays;
import java.util.List;
import norma.kernels.Kernels;
import norma.train.metrics.Median;

/// Measures calls of kernels by the backend's own clock, on a device by its events. The host stays ahead: the device goes from one
/// measurement to the next without a pause.
public final class KernelTimer {
  /// The second time a sequence becomes a graph, the third time it is one.
  private static final int WARM_UP = 3;
  /// Long against the gap between two graphs.
  private static final double RUN_SECONDS = 0.002;

  private final Kernels kernels;
  private final double mostSeconds;

  /// @param mostSeconds that a measurement takes, unless three runs take longer
  public KernelTimer(Kernels kernels, double mostSeconds) {
    this.kernels = kernels;
    this.mostSeconds = mostSeconds;
  }

  /// Median seconds of one call.
  ///
  /// @param calls of the same work on different memory, so that no cache holds what the next one reads
  public double seconds(List<Runnable> calls) {
    double once = runs(calls, 1, WARM_UP);
    int rounds = Math.clamp((long) (RUN_SECONDS / once), 1, 64);
    int count = Math.clamp((long) (mostSeconds / (once * rounds)), 3, 1000);
    return runs(calls, rounds, count) / (rounds * calls.size());
  }

  /// Median seconds of some runs of all calls, each so many times.
  private double runs(List<Runnable> calls, int rounds, int count) {
    kernels.mark(); // the first of a row of marks waits for the device
    calls.forEach(Runnable::run); // it has something to do while the first run is prepared
    long[] marks = new long[count + 1];
    marks[0] = kernels.mark();
    for (int run = 1; run <= count; run++) {
      for (int round = 0; round < rounds; round++) {
        calls.forEach(Runnable::run);
      }
      marks[run] = kernels.mark();
    }
    double[] seconds = new double[count];
    Arrays.setAll(seconds, i -> Math.max(1, kernels.nanos(marks[i + 1]) - kernels.nanos(marks[i])) / 1e9);
    return Median.of(seconds);
  }
}

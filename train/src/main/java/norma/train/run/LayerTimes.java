package norma.train.run;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.array.Array;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.AdamW;
import norma.models.CostModel;
import norma.ops.Op;
import norma.train.report.Event.Layer;

/// Time of each layer, on the steps that are timed: the others run without any clock.
final class LayerTimes {
  static final String OPTIMIZER = "optimizer";

  private final CostModel cost;
  private final int passes;
  private final int workers;
  private final Map<String, List<long[]>> history = new LinkedHashMap<>(); // nanoseconds {forward, backward} a step

  /// @param cost   of one pass
  /// @param passes  forward and backward passes of a step
  /// @param workers that share them: a layer's time is the mean over the workers, so that layers add up to the step
  LayerTimes(CostModel cost, int passes, int workers) {
    this.cost = cost;
    this.workers = workers;
    this.passes = passes;
  }

  /// A stopwatch for one step.
  final class Step implements TapeObserver {
    private final Map<String, long[]> layers = new LinkedHashMap<>();

    @Override
    public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output, long nanos) {
      share(layer, 0, nanos);
    }

    @Override
    public void backward(String layer, Op<?> op, Tensor output, Array gradient, long nanos) {
      share(layer, 1, nanos);
    }

    private synchronized void share(String layer, int direction, long nanos) {
      add(layer, direction, nanos / workers);
    }

    void add(String layer, int direction, long nanos) {
      layers.computeIfAbsent(layer, name -> new long[2])[direction] += nanos;
    }

    /// Ends the step: what no layer accounts for goes to `other`.
    ///
    /// @return the rows of this step
    List<Layer> finish(long stepNanos) {
      long known = layers.values().stream().mapToLong(times -> times[0] + times[1]).sum();
      add("other", 0, Math.max(0, stepNanos - known));
      layers.forEach((layer, times) -> history.computeIfAbsent(layer, name -> new ArrayList<>()).add(times));
      return layers.entrySet().stream().map(e -> row(e.getKey(), e.getValue()[0], e.getValue()[1])).toList();
    }
  }

  /// Medians over all timed steps.
  List<Layer> medians() {
    return history.entrySet().stream().map(e -> row(e.getKey(), median(e.getValue(), 0), median(e.getValue(), 1)))
        .toList();
  }

  private Layer row(String layer, double forward, double backward) {
    double seconds = (forward + backward) / 1e9;
    return new Layer(layer, forward / 1e6, backward / 1e6, passes * cost.tokens() / seconds,
        flops(layer) / seconds / 1e9);
  }

  /// Of one step; NaN for `other`.
  private double flops(String layer) {
    if (layer.equals(OPTIMIZER)) {
      return (double) AdamW.FLOPS * cost.parameters();
    }
    CostModel.Layer row = cost.layers().get(layer);
    return row == null ? Double.NaN : passes * (row.cost().forwardFlops() + row.cost().backwardFlops());
  }

  private static double median(List<long[]> times, int direction) {
    long[] sorted = times.stream().mapToLong(t -> t[direction]).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
  }

  /// The table as CSV.
  static String csv(List<Layer> rows) {
    StringBuilder csv = new StringBuilder("layer,forward_ms,backward_ms,tokens_per_s,gflops,share\n");
    double total = rows.stream().mapToDouble(Layer::millis).sum();
    for (Layer row : rows) {
      csv.append(String.format(Locale.ROOT, "%s,%.4f,%.4f,%.0f,%s,%.4f\n", row.layer(), row.forwardMillis(),
          row.backwardMillis(), row.tokensPerSecond(),
          Double.isNaN(row.gflops())
              ? ""
              : String.format(Locale.ROOT, "%.3f", row.gflops()),
          row.millis() / total));
    }
    return csv.toString();
  }
}

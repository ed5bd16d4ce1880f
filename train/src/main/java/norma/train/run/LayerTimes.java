package norma.train.run;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.models.CostModel;
import norma.train.metrics.Event.Layer;
import norma.train.metrics.Median;
import norma.train.run.RecordedStep.Times;

/// Time of each layer, on the steps that are recorded.
final class LayerTimes {
  private final CostModel cost;
  private final Map<String, CostModel.Layer> layers;
  private final Map<String, String> layerOf = new HashMap<>(); // by part or phase
  private final int passes;
  private final double updateFlops;
  private final int steps;
  private final Map<String, List<Times>> history = new LinkedHashMap<>();
  private boolean whole = true;

  /// @param cost        of one pass
  /// @param passes      forward and backward passes of a step
  /// @param updateFlops floating-point operations of the optimizer in a step
  /// @param steps       that are recorded together
  LayerTimes(CostModel cost, int passes, double updateFlops, int steps) {
    this.cost = cost;
    this.layers = cost.layers();
    this.passes = passes;
    this.updateFlops = updateFlops;
    this.steps = steps;
  }

  /// Adds what was recorded.
  ///
  /// @param all whether all of the step was computed here: else nobody knows how much passed a layer in its time
  /// @return its rows, of one step
  List<Layer> add(RecordedStep recorded, boolean all) {
    whole &= all;
    Map<String, Times> rows = recorded.rows(name -> layerOf.computeIfAbsent(name, CostModel::layerOf));
    rows.replaceAll((_, times) -> new Times(times.forward() / steps, times.backward() / steps, times.calls()));
    rows.forEach((layer, times) -> history.computeIfAbsent(layer, _ -> new ArrayList<>()).add(times));
    return rows.entrySet().stream().map(e -> row(e.getKey(), e.getValue().forward(), e.getValue().backward(), all))
        .toList();
  }

  /// Medians over all steps.
  List<Layer> medians() {
    return history.entrySet().stream()
        .map(e -> row(e.getKey(), Median.of(e.getValue().stream().map(Times::forward).toList()),
            Median.of(e.getValue().stream().map(Times::backward).toList()), whole))
        .toList();
  }

  /// @param known whether all of a step passed the layers in this time
  private Layer row(String layer, double forward, double backward, boolean known) {
    double seconds = (forward + backward) / 1e9;
    boolean passed = known && !layer.equals(RecordedStep.OTHER) && !layer.equals(RecordedStep.WAITING);
    return new Layer(layer, forward / 1e6, backward / 1e6, passed ? passes * cost.tokens() / seconds : Double.NaN,
        known ? flops(layer) / seconds / 1e9 : Double.NaN);
  }

  /// Of one step; NaN where nothing is counted.
  private double flops(String layer) {
    if (layer.equals(StepObserver.Phase.OPTIMIZER.title())) {
      return updateFlops;
    }
    CostModel.Layer row = layers.get(layer);
    return row == null ? Double.NaN : passes * (row.cost().forwardFlops() + row.cost().backwardFlops());
  }

  private static String numberOrNothing(String format, double number) {
    return Double.isNaN(number) ? "" : String.format(Locale.ROOT, format, number);
  }

  /// The table as CSV.
  static String csv(List<Layer> rows) {
    StringBuilder csv = new StringBuilder("layer,forward_ms,backward_ms,tokens_per_s,gflops,share\n");
    double total = rows.stream().mapToDouble(Layer::millis).sum();
    for (Layer row : rows) {
      csv.append(String.format(Locale.ROOT, "%s,%.4f,%.4f,%s,%s,%.4f\n", row.layer(), row.forwardMillis(),
          row.backwardMillis(), numberOrNothing("%.0f", row.tokensPerSecond()), numberOrNothing("%.3f", row.gflops()),
          row.millis() / total));
    }
    return csv.toString();
  }
}

package norma.train.report;

import static norma.train.report.Decimals.count;
import static norma.train.report.Decimals.digits;
import static norma.train.report.Decimals.loss;
import static norma.train.report.Decimals.percent;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import norma.train.metrics.Event;
import norma.train.metrics.Shown;

/// The tables of a run's page.
final class RunTables {
  private static final Table<Event.Slot> SLOTS = slotTable();

  private RunTables() {}

  /// Validation at every evaluation; the best row is marked.
  static String evals(List<Event.Eval> evals, int bestStep) {
    return new Table<Event.Eval>().number("step", e -> count(e.step()))
        .number("training loss, estimate", e -> loss(e.trainLoss()))
        .number("validation loss, " + evals.getLast().kind(), e -> loss(e.valLoss()))
        .number("bits", e -> loss(bits(e)))
        .html("", evals, e -> e.step() == bestStep, List.of());
  }

  /// The validation loss in bits, computed where the event leaves them out.
  static double bits(Event.Eval eval) {
    return Double.isFinite(eval.valBits()) ? eval.valBits() : eval.valLoss() / Math.log(2);
  }

  /// Forward and backward time of each layer, as numbers and as bars on one scale.
  static String layers(List<Event.Layer> layers) {
    double longest = finite(layers, Event.Layer::millis).max().orElse(1);
    double sum = finite(layers, Event.Layer::millis).sum();
    double forward = finite(layers, Event.Layer::forwardMillis).sum();
    return new Table<Event.Layer>().name("layer", Event.Layer::layer)
        .markup("", l -> "<div class=\"bar\">" + bar(Svg.FORWARD, l.forwardMillis() / longest)
            + bar(Svg.BACKWARD, l.backwardMillis() / longest) + "</div>")
        .number("forward ms", l -> millis(l.forwardMillis())).number("backward ms", l -> millis(l.backwardMillis()))
        .number("share", l -> percent(l.millis() / sum)).number("tokens/s", l -> count(l.tokensPerSecond()))
        .number("GFLOP/s", l -> digits(l.gflops()))
        .html("layers", layers, l -> false, List.of("sum", "", millis(forward), millis(sum - forward), "", "", ""));
  }

  private static DoubleStream finite(List<Event.Layer> layers, ToDoubleFunction<Event.Layer> number) {
    return layers.stream().mapToDouble(number).filter(Double::isFinite);
  }

  /// Milliseconds, alike in a column: a hundredth is near the resolution of a timed layer.
  private static String millis(double value) {
    return Decimals.format("%.2f", value);
  }

  private static String bar(int colour, double share) {
    return Double.isFinite(share)
        ? String.format(Locale.ROOT, "<i class=\"s%d\" style=\"width:%.1f%%\"></i>", colour, 100 * share)
        : "";
  }

  /// The normalization slots at the last probe. Columns in which no slot has a number are left out.
  static String slots(List<Event.Slot> slots) {
    return SLOTS.withoutEmpty(slots).html("", slots);
  }

  private static Table<Event.Slot> slotTable() {
    Table<Event.Slot> table = new Table<Event.Slot>().name("slot", Event.Slot::slot).text("type", Event.Slot::type)
        .number("scalars", RunTables::scalars);
    for (Shown.Number<Event.Slot> number : Shown.Number.of(Event.Slot.class)) {
      table = table.number(number.shown().group(), number.shown().value(),
          slot -> shown(number.value().applyAsDouble(slot), number.shown().style()));
    }
    return table;
  }

  private static String shown(double number, Shown.Style style) {
    return switch (style) {
      case DIGITS -> digits(number);
      case PERCENT -> percent(number);
      case HUNDREDTHS -> digits(100 * number);
    };
  }

  private static String scalars(Event.Slot s) {
    String scalars = s.scalars().entrySet().stream().filter(scalar -> Double.isFinite(scalar.getValue()))
        .map(scalar -> scalar.getKey() + "\u00a0" + digits(scalar.getValue())).collect(Collectors.joining(", "));
    return scalars.isEmpty() ? Table.NONE : scalars;
  }
}

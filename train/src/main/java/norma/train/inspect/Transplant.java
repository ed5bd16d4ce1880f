package norma.train.inspect;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import norma.array.Array;
import norma.autodiff.Parameter;
import norma.formula.Curve;
import norma.formula.Formula;
import norma.models.NormSlots;
import norma.nn.FormulaType;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.config.RunConfig;
import norma.train.report.Decimals;
import norma.train.report.Table;
import norma.train.run.Evaluation;
import norma.train.run.Session;
import norma.train.run.StepObserver;
import norma.train.run.TrainStep;

/// Puts the element-wise function that fits a trained slot in its place, where that is `weight f + bias` and f computes statistics of a token:
/// weight times the fit's scale, same bias, the fitted numbers. What it costs in validation loss says how much of the normalization the function is.
public final class Transplant {
  private final Session trained;
  private final int steps;

  /// Fails unless a formula can take a slot's place.
  ///
  /// @throws IllegalArgumentException if it cannot take its weight over
  public static void check(NormSpec spec) {
    if (!FormulaFit.target(spec, "", 1).formula().scaled()) {
      throw new IllegalArgumentException("\"" + spec.type()
          + "\" cannot take a trained slot's weight over; expected weight * f(x), or weight * f(x) + bias");
    }
  }

  /// @param trained is not changed
  /// @param steps   of fine-tuning with the run's `optim.min_lr`
  public Transplant(Session trained, int steps) {
    this.trained = trained;
    this.steps = steps;
  }

  /// Exact validation losses.
  ///
  /// @param slot     the slot, `all slots`, or `none` for the trained model itself
  /// @param before   with the function in place
  /// @param after    after fine-tuning all weights; NaN without
  public record Outcome(String slot, String function, double before, double after) {}

  /// The trained model, then every slot by itself and all together, with each function. Fine-tuning takes the same batches for all.
  public List<Outcome> all(Inspection inspection) {
    List<Inspection.Slot> slots = inspection.slots().stream().filter(Transplant::normalizes).toList();
    List<Outcome> outcomes = new ArrayList<>(List.of(outcome("none", "", Map.of())));
    for (int i = 0; i < inspection.fitted().size(); i++) {
      String function = inspection.fitted().get(i).type();
      Map<String, FormulaFit> all = new LinkedHashMap<>();
      for (Inspection.Slot slot : slots) {
        FormulaFit fit = slot.fits().get(i).fit();
        all.put(slot.name(), fit);
        outcomes.add(outcome(slot.name(), function, Map.of(slot.name(), fit)));
      }
      if (slots.size() > 1) {
        outcomes.add(outcome("all slots", function, all));
      }
    }
    return outcomes;
  }

  /// Says whether a slot is one formula, computes statistics of its input, is `weight f + bias` or has neither, and can be named.
  static boolean normalizes(Inspection.Slot slot) {
    Curve curve = slot.curve();
    return curve != null && !curve.formula().pointwise() && affine(curve.formula()) && !slot.name().contains(".qk")
        && NormTypes.type(NormSpec.of(slot.type()), slot.name()) instanceof FormulaType;
  }

  private static boolean affine(Formula formula) {
    return formula.scaled() || !(formula.has("weight") || formula.has("bias"));
  }

  private Outcome outcome(String slot, String function, Map<String, FormulaFit> fits) {
    try (Session session = with(fits)) {
      double before = new Evaluation(session).validationLoss();
      return new Outcome(slot, function, before, steps == 0 ? Double.NaN : fineTuned(session));
    }
  }

  /// The trained model with some slots replaced.
  Session with(Map<String, FormulaFit> fits) {
    RunConfig config = trained.config();
    NormSlots slots = config.model().norm();
    Map<String, Array> from = new LinkedHashMap<>();
    trained.weights().parameters().forEach(parameter -> from.put(parameter.name(), trained.weights().of(parameter)));
    for (Map.Entry<String, FormulaFit> entry : fits.entrySet()) {
      slots = slots.with(entry.getKey(),
          spec(entry.getValue(), entry.getKey(), from.containsKey(entry.getKey() + ".bias")));
    }
    Session session = Session.start(config.withModel(config.model().with(slots)).beginningWith(Optional.empty()),
        false);
    for (Parameter parameter : session.weights().parameters()) {
      String name = parameter.name();
      Array old = from.get(name);
      FormulaFit fit = fits.get(name.substring(0, Math.max(0, name.lastIndexOf('.'))));
      Array to = session.weights().of(parameter);
      if (fit != null && name.endsWith(".weight")) {
        double[] weight = (old == null ? session.backend().read(to) : trained.backend().read(old));
        session.backend().write(to, Arrays.stream(weight).map(w -> w * fit.scale()).toArray());
      } else if (old != null && (fit == null || name.endsWith(".bias"))) {
        session.backend().write(to, trained.backend().read(old));
      }
    }
    return session;
  }

  /// A slot's configuration: what was fitted, starting with the numbers that fit.
  private static NormSpec spec(FormulaFit fit, String slot, boolean bias) {
    boolean takes = NormTypes.start(fit.spec(), slot, fit.curve().width(), true)
        .filter(curve -> curve.formula().has("bias")).isPresent();
    if (bias && !takes) {
      throw new IllegalArgumentException("\"" + fit.name() + "\" cannot take the bias of " + slot
          + " over; expected weight * f(x) + bias");
    }
    Map<String, Object> settings = new LinkedHashMap<>(fit.spec().settings());
    fit.numbers().forEach((name, number) -> settings.put(name, settings.get(name) instanceof Learnable learnable
        ? learnable.startingAt(number)
        : number));
    if (takes) {
      settings.put("bias", bias);
    }
    return new NormSpec(fit.name(), settings);
  }

  private double fineTuned(Session session) {
    TrainStep trainStep = new TrainStep(session);
    int first = session.config().train().steps();
    for (int step = 1; step <= steps; step++) { // batches that the run has not drawn
      TrainStep.Result result = trainStep.gradients(first + step, StepObserver.NONE);
      trainStep.update(result, session.config().optim().minLr(), step, StepObserver.NONE);
    }
    return new Evaluation(session).validationLoss();
  }

  /// A line for each.
  public static List<String> lines(List<Outcome> outcomes, int steps) {
    Outcome base = outcomes.getFirst();
    Table<Outcome> table = new Table<Outcome>().name("replaced", Outcome::slot).text("by", Outcome::function)
        .number("val loss", o -> Decimals.format("%.4f", o.before))
        .number("change", o -> o.equals(base) ? "" : Decimals.format("%+.4f", o.before - base.before));
    return (steps == 0
        ? table
        : table.number("after " + steps + " steps of fine-tuning", o -> Decimals.format("%.4f", o.after))
            .number("and change", o -> o.equals(base) ? "" : Decimals.format("%+.4f", o.after - base.after)))
        .lines(outcomes);
  }
}

package norma.train.study;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.array.Array;
import norma.autodiff.Parameter;
import norma.models.NormSlots;
import norma.nn.NormSpec;
import norma.train.config.RunConfig;
import norma.train.run.Evaluation;
import norma.train.run.Session;
import norma.train.run.StepObserver;
import norma.train.run.TrainStep;
import norma.train.study.OneParameterFit.Function;

/// Puts the element-wise function that fits a trained LayerNorm or RMSNorm slot in its place: weight times the bound, same bias, the
/// fitted alpha or beta. What it costs in validation loss says how much of the normalization the function is.
public final class Transplant {
  private final Session trained;
  private final int steps;

  /// @param trained is not changed
  /// @param steps   of fine-tuning with the run's last learning rate
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

  /// The trained model, then every slot by itself and all together, with both functions. Fine-tuning takes the same batches for all.
  public List<Outcome> all(Inspection inspection) {
    List<Inspection.Slot> slots = inspection.slots().stream().filter(Transplant::normalizes).toList();
    List<Outcome> outcomes = new ArrayList<>(List.of(outcome("none", "", Map.of())));
    for (Function function : Function.values()) {
      Map<String, OneParameterFit> all = new LinkedHashMap<>();
      for (Inspection.Slot slot : slots) {
        OneParameterFit fit = function == Function.DYT ? slot.dyt().fit() : slot.dyisru().fit();
        all.put(slot.name(), fit);
        outcomes.add(outcome(slot.name(), function.title(), Map.of(slot.name(), fit)));
      }
      if (slots.size() > 1) {
        outcomes.add(outcome("all slots", function.title(), all));
      }
    }
    return outcomes;
  }

  /// Whether a slot computes statistics of its input, and can be named.
  static boolean normalizes(Inspection.Slot slot) {
    return (slot.type().equals("layernorm") || slot.type().equals("rmsnorm")) && !slot.name().contains(".qk");
  }

  private Outcome outcome(String slot, String function, Map<String, OneParameterFit> fits) {
    try (Session session = with(fits)) {
      double before = new Evaluation(session).validationLoss();
      return new Outcome(slot, function, before, steps == 0 ? Double.NaN : fineTuned(session));
    }
  }

  /// The trained model with some slots replaced.
  Session with(Map<String, OneParameterFit> fits) {
    RunConfig config = trained.config();
    NormSlots slots = config.model().norm();
    Map<String, Array> from = new LinkedHashMap<>();
    trained.weights().parameters().forEach(parameter -> from.put(parameter.name(), trained.weights().of(parameter)));
    for (Map.Entry<String, OneParameterFit> entry : fits.entrySet()) {
      slots = slots.with(entry.getKey(), spec(entry.getValue(), from.containsKey(entry.getKey() + ".bias")));
    }
    Session session = Session.start(config.withModel(config.model().with(slots)), Path.of(""), false);
    for (Parameter parameter : session.weights().parameters()) {
      Array value = from.get(parameter.name());
      if (value != null) {
        double[] numbers = trained.backend().read(value);
        String slot = parameter.name().replaceFirst("\\.weight$", "");
        OneParameterFit fit = fits.get(slot);
        for (int i = 0; fit != null && i < numbers.length; i++) {
          numbers[i] *= fit.bound();
        }
        session.backend().write(session.weights().of(parameter), numbers);
      }
    }
    return session;
  }

  private static NormSpec spec(OneParameterFit fit, boolean bias) {
    return new NormSpec(fit.function().title().toLowerCase(Locale.ROOT),
        Map.of(fit.function().parameter(), fit.parameter(), "bias", bias));
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
    List<String> lines = new ArrayList<>(List.of(String.format(Locale.ROOT, "%-22s %-7s %9s %9s  %s", "replaced", "by",
        "val loss", "change", steps == 0 ? "" : "after " + steps + " steps of fine-tuning, and change")));
    for (Outcome outcome : outcomes) {
      lines.add(String.format(Locale.ROOT, "%-22s %-7s %9.4f %9s  %s", outcome.slot, outcome.function, outcome.before,
          outcome.equals(base) ? "" : String.format(Locale.ROOT, "%+.4f", outcome.before - base.before),
          Double.isNaN(outcome.after)
              ? ""
              : String.format(Locale.ROOT, "%9.4f %s", outcome.after,
                  outcome.equals(base) ? "" : String.format(Locale.ROOT, "%+9.4f", outcome.after - base.after)))
          .stripTrailing());
    }
    return lines;
  }
}

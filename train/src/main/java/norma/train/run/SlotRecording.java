package norma.train.run;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.array.Array;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.formula.Curve;
import norma.formula.Formula;
import norma.models.NormSlot;
import norma.nn.Norm;
import norma.ops.FormulaOp;
import norma.ops.NormOp;
import norma.ops.Op;
import norma.random.RandomStream;
import norma.train.data.Windows;
import org.jspecify.annotations.Nullable;

/// What went into a normalization slot and what came out, on training text.
///
/// @param width     channels
/// @param x         (tokens * width) input
/// @param preAffine (tokens * width) output without the slot's weight and bias; the output of a formula that is not `weight f + bias`
/// @param state     the slot's scalars
/// @param curve     the slot's formula, with weight 1 and bias 0 where it is `weight f + bias`; null if it is none
public record SlotRecording(String slot, String type, int width, double[] x, double[] preAffine, Norm.State state,
    @Nullable Curve curve) {

  /// Records every slot on some windows of the training split, the same at every call. A slot `none` has nothing to record; of
  /// one that is composed of operations the first is recorded, a gate's norm.
  ///
  /// @throws IllegalArgumentException if the Java heap has no room for so many
  /// @throws DivergedException        if an input is not finite
  public static List<SlotRecording> of(Session session, int sequences) {
    requireRoom(session, sequences);
    Map<String, NormSlot> slots = new LinkedHashMap<>();
    session.model().slots().forEach(slot -> slots.put(slot.name(), slot));
    List<SlotRecording> recordings = new ArrayList<>();
    TapeObserver observer = new TapeObserver() {
      @Override
      public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {
        NormSlot slot = slots.get(layer);
        if (op instanceof NormOp && slot != null && recordings.stream().noneMatch(r -> r.slot.equals(layer))) {
          recordings.add(recording(session, slot, op, inputs, output));
        }
      }
    };
    RandomStream stream = RandomStream.of(0, "inspect");
    Windows windows = session.training();
    Batch batch = Batch.of(session.backend(), session.kernels(), sequences, session.config().model().context(),
        (inputs, labels) -> windows.sequences(stream::bounded, 0, inputs, labels));
    try (Tape tape = new Tape(session.kernels(), session.weights(), null, Pass.EVALUATION, observer)) {
      session.model().loss(tape, batch.ids(), batch.targets(), 1);
    }
    for (SlotRecording recording : recordings) {
      if (!FiniteCheck.finite(recording.x)) {
        throw DivergedException.of("what goes into a slot is not finite: nothing can be inspected", recording.slot);
      }
    }
    return recordings;
  }

  private static void requireRoom(Session session, int sequences) {
    int context = session.config().model().context();
    int width = Math.max(session.config().model().width(), // of a token, all heads together
        session.model().slots().stream().mapToInt(NormSlot::width).max().orElse(0));
    double numbers = (double) sequences * context * width;
    double most = Math.min(Integer.MAX_VALUE, // of one array; two of each slot are kept
        Runtime.getRuntime().maxMemory() / (2.0 * Double.BYTES * session.model().slots().size()));
    if (numbers > most) {
      throw new IllegalArgumentException(String.format(Locale.ROOT,
          "--sequences %d times model.context %d times %d channels are %,.0f numbers of each slot, of which the Java heap "
              + "has room for %,.0f; expected at most %,d",
          sequences, context, width, numbers, most, (long) (most / context / width)));
    }
  }

  private static SlotRecording recording(Session session, NormSlot slot, Op<?> op, Tensor[] inputs, Tensor output) {
    Array x = inputs[0].value();
    int width = x.dim(-1);
    double[] y = session.backend().read(output.value());
    Curve curve = op instanceof FormulaOp f ? curve(session, f.formula(), width, inputs) : null;
    int last = inputs.length - 1;
    boolean affine = curve == null || curve.formula().scaled();
    boolean biased = affine && (curve == null ? last > 1 : curve.formula().has("bias"));
    double[] weight = affine ? perChannel(session, inputs, 1, width) : new double[0];
    double[] bias = biased ? perChannel(session, inputs, last, width) : new double[0];
    for (int i = 0; i < y.length; i++) {
      double shifted = bias.length == 0 ? y[i] : y[i] - bias[i % width];
      y[i] = weight.length == 0 ? shifted : shifted / weight[i % width];
    }
    return new SlotRecording(slot.name(), slot.type(), width, session.backend().read(x), y,
        session.state(slot),
        curve == null || !affine ? curve : curve.with("weight", 1).with("bias", 0));
  }

  private static Curve curve(Session session, Formula formula, int width, Tensor[] inputs) {
    Map<String, double[]> values = new HashMap<>();
    for (int i = 0; i < formula.parameters().size(); i++) {
      values.put(formula.parameters().get(i).name(), session.backend().read(inputs[i + 1].value()));
    }
    return new Curve(formula, width, values);
  }

  /// An input with a number for each channel; empty if it is none.
  private static double[] perChannel(Session session, Tensor[] inputs, int index, int width) {
    return inputs.length > index && inputs[index].value().size() == width
        ? session.backend().read(inputs[index].value())
        : new double[0];
  }
}

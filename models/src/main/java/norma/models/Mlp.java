package norma.models;

import java.util.List;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.nn.Dropout;
import norma.nn.Linear;
import norma.ops.FormulaOp;
import org.jspecify.annotations.Nullable;

/// `proj(inner(activation(fc(x))))`, position by position, with a normalization slot inside. The bias of fc is added by the activation.
final class Mlp {
  private final String name;
  private final Linear fc;
  private final @Nullable Parameter bias;
  private final FormulaOp activation;
  private final NormSlot inner;
  private final Linear proj;
  private final Dropout dropout;

  Mlp(GptConfig config, int block, Scope parent) {
    Scope scope = parent.child("mlp");
    name = scope.child(config.activation().layer()).name();
    int hidden = config.mlpRatio() * config.width();
    Scope first = scope.child("fc");
    fc = new Linear(first, config.width(), hidden, false, Initial.normal(Gpt.INITIAL_STD));
    bias = config.bias() ? first.parameter("bias", Initial.constant(0), hidden) : null;
    activation = new FormulaOp(config.activation().formula(config.bias()));
    inner = NormSlot.of(config, block, Slot.MLP_INNER, parent, hidden);
    Initial residual = Initial.normal(Gpt.INITIAL_STD / Math.sqrt(2 * config.layers()));
    proj = new Linear(scope.child("proj"), hidden, config.width(), config.bias(), residual);
    dropout = new Dropout(scope.child("dropout").name(), scope.name() + ".proj", config.dropout());
  }

  Tensor forward(Tape tape, Tensor x) { // (B, T, C)
    x = fc.forward(tape, x); // (B, T, 4C)
    x = bias == null ? tape.apply(name, activation, x) : tape.apply(name, activation, x, tape.parameter(bias));
    return dropout.forward(tape, proj.forward(tape, inner.forward(tape, x))); // (B, T, C)
  }

  List<NormSlot> slots() {
    return List.of(inner);
  }
}

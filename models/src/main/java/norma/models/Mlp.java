package norma.models;

import java.util.List;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.formula.Formula;
import norma.models.GptConfig.MlpType;
import norma.nn.Dropout;
import norma.nn.Linear;
import norma.ops.FormulaOp;
import org.jspecify.annotations.Nullable;

/// `proj(inner(activation(fc(x))))`, or gated `proj(inner(activation(fc(x)) * up(x)))`, position by position, with a normalization slot
/// inside. The bias of fc is added by the activation.
final class Mlp {
  private final String name;
  private final Linear fc;
  private final List<Parameter> bias; // one or none
  private final @Nullable Linear up; // of a gated one
  private final FormulaOp activation;
  private final NormSlot inner;
  private final Linear proj;
  private final Dropout dropout;

  Mlp(GptConfig config, int block, Scope parent) {
    Scope scope = parent.child("mlp");
    name = scope.child(config.activation().layer()).name();
    int hidden = config.hidden();
    Scope first = scope.child("fc");
    fc = new Linear(first, config.width(), hidden, false, config.init().matrix(config.width()));
    bias = config.bias() ? List.of(first.parameter("bias", Initial.constant(0), hidden)) : List.of();
    up = config.mlp() == MlpType.GATED
        ? new Linear(scope.child("up"), config.width(), hidden, config.bias(), config.init().matrix(config.width()))
        : null;
    String f = config.activation().formula();
    activation = new FormulaOp(up == null ? Formula.activation(f, config.bias()) : Formula.gate(f, config.bias()));
    inner = NormSlot.of(config, block, Slot.MLP_INNER, parent, hidden);
    Initial initial = config.init().beforeAdd(config.width(), config.layers());
    proj = new Linear(scope.child("proj"), hidden, config.width(), config.bias(), initial);
    dropout = new Dropout(scope.child("dropout").name(), scope.name() + ".proj", config.dropout());
  }

  Tensor forward(Tape tape, Tensor x) { // (B, T, C)
    Tensor h = fc.forward(tape, x); // (B, T, hidden)
    Tensor hidden = up == null
        ? tape.apply(name, activation, bias, h)
        : tape.apply(name, activation, bias, h, up.forward(tape, x)); // (B, T, hidden)
    return dropout.forward(tape, proj.forward(tape, inner.forward(tape, hidden))); // (B, T, C)
  }

  List<NormSlot> slots() {
    return List.of(inner);
  }
}

package norma.models;

import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.nn.Dropout;
import norma.nn.Linear;
import norma.ops.Gelu;

/// `proj(gelu(fc(x)))`, position by position.
final class Mlp {
  private final String gelu;
  private final Linear fc;
  private final Linear proj;
  private final Dropout dropout;

  Mlp(GptConfig config, Scope scope) {
    gelu = scope.child("gelu").name();
    int hidden = config.mlpRatio() * config.width();
    fc = new Linear(scope.child("fc"), config.width(), hidden, config.bias(), Initial.normal(Gpt.INITIAL_STD));
    Initial residual = Initial.normal(Gpt.INITIAL_STD / Math.sqrt(2 * config.layers()));
    proj = new Linear(scope.child("proj"), hidden, config.width(), config.bias(), residual);
    dropout = new Dropout(scope.child("dropout").name(), scope.name() + ".proj", config.dropout());
  }

  Tensor forward(Tape tape, Tensor x) { // (B, T, C)
    x = fc.forward(tape, x); // (B, T, 4C)
    x = tape.apply(gelu, new Gelu(), x);
    return dropout.forward(tape, proj.forward(tape, x)); // (B, T, C)
  }
}

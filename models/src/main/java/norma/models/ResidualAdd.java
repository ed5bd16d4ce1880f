package norma.models;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.formula.Formula;
import norma.models.GptConfig.Expression;
import norma.models.GptConfig.Factor;
import norma.nn.Learnable;
import norma.ops.Add;
import norma.ops.FormulaOp;
import norma.ops.Op;

/// How a sublayer's output joins what went around it: `skip x + branch u`. Both factors 1 are a plain sum, whose gradients are not copied.
final class ResidualAdd {
  private final String name;
  private final Op<?> op;
  private final List<Parameter> parameters = new ArrayList<>();

  /// @param block its index
  /// @param scope name of its parameters, `blocks.0.attn.add`
  ResidualAdd(GptConfig config, int block, Scope scope) {
    name = scope.name();
    Map<String, Double> constants = new HashMap<>();
    List<Formula.Parameter> learned = new ArrayList<>();
    for (String factor : List.of("skip", "branch")) {
      switch (factor.equals("skip") ? config.residual().skip() : config.residual().branch()) {
        case Expression constant -> constants.put(factor, constant.at(block + 1, config.layers()));
        case Factor.Learned(Learnable start) -> {
          Formula.Parameter parameter = new Formula.Parameter(factor, start.perChannel(), start.positive());
          learned.add(parameter);
          parameters.add(scope.parameter(factor, Initial.constant(parameter.stored(start.start())), start.decay(),
              start.perChannel() ? new int[]{ config.width() } : new int[0]));
        }
      }
    }
    op = learned.isEmpty() && constants.values().stream().allMatch(factor -> factor == 1)
        ? new Add()
        : new FormulaOp(Formula.ofTwo("skip * x + branch * u", learned, constants, false));
  }

  /// @param x (B, T, C), what went around the sublayer
  /// @param u (B, T, C), its output
  Tensor forward(Tape tape, Tensor x, Tensor u) {
    return tape.apply(name, op, parameters, x, u); // (B, T, C)
  }
}

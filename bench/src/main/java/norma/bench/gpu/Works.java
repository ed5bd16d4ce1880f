package norma.bench.gpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import norma.array.Array;
import norma.bench.Operands;
import norma.formula.Formula;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.KernelCall;
import norma.kernels.KernelCall.Operand;
import norma.kernels.KernelCalls;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.random.RandomStream;

/// What a training step consists of, by the dimensions of the model.
final class Works {
  private static final DropMask DROP = new DropMask(0.2, RandomStream.of(1, "measured"), 0);
  private static final Formula GELU = Formula.activation("gelu(x)", false);
  private static final int TOKENS = 65; // distinct characters of tinyshakespeare
  /// Layers of the model whose parameters the optimizer updates.
  private static final int LAYERS = 6;

  private Works() {}

  /// Every normalization forward, forward with the residual addition before it, and backward with the sums for its parameters.
  static Map<String, Function<KernelCalls, KernelCall>> norms() {
    Map<String, Function<KernelCalls, KernelCall>> works = new LinkedHashMap<>();
    for (String name : Operands.NORMS) {
      Formula formula = NormTypes.formula(NormSpec.of(name), false);
      works.put(name, s -> s.formula(name, formula));
      works.put(name + " after residual", s -> afterResidual(s.add(), s.formula(name, formula)));
      works.put(name + " backward", s -> s.formulaBackward(name, formula));
    }
    return works;
  }

  private static KernelCall afterResidual(KernelCall add, KernelCall norm) {
    List<Operand> inputs = new ArrayList<>(add.inputs());
    inputs.addAll(norm.inputs().subList(1, norm.inputs().size()));
    List<Operand> outputs = new ArrayList<>(add.outputs());
    outputs.addAll(norm.outputs());
    return new KernelCall("add, " + norm.kernel(), inputs, outputs, 0, norm.forward(), (k, in, out) -> {
      add.body().run(k, in, out);
      Array[] sum = Arrays.copyOfRange(in, 1, in.length); // in place of the branch
      sum[0] = out[0].array();
      norm.body().run(k, sum, new Grad[]{ out[1] });
    });
  }

  /// Other kernels that only move numbers.
  static Map<String, Function<KernelCalls, KernelCall>> moving() {
    Map<String, Function<KernelCalls, KernelCall>> works = new LinkedHashMap<>();
    works.put("residual add", KernelCalls::add);
    works.put("dropout", s -> s.dropout(DROP));
    works.put("gelu", s -> wide(s).formula("gelu", GELU));
    works.put("gelu backward", s -> wide(s).formulaBackward("gelu", GELU));
    works.put("cross-entropy", s -> s.crossEntropy(s.width(), 1.0 / s.rows(), true));
    works.put("embedding", s -> s.embedding(TOKENS, s.time()));
    works.put("embedding backward", s -> s.embeddingBackward(TOKENS, s.time()));
    works.put("AdamW", s -> KernelCalls.adamW(12 * LAYERS * s.width() * s.width()));
    return works;
  }

  /// Causal attention.
  static Map<String, Function<KernelCalls, KernelCall>> attending() {
    Map<String, Function<KernelCalls, KernelCall>> works = new LinkedHashMap<>();
    works.put("attention", s -> s.attention(DropMask.NONE));
    works.put("attention backward", s -> s.attentionBackward(DropMask.NONE));
    return works;
  }

  /// The products of linear layers.
  static Map<String, Function<KernelCalls, KernelCall>> multiplying() {
    Map<String, Function<KernelCalls, KernelCall>> works = new LinkedHashMap<>();
    works.put("linear C x 3C", s -> s.linear(3 * s.width(), false));
    works.put("linear C x 4C", s -> s.linear(4 * s.width(), false));
    works.put("linear 4C x C", s -> wide(s).linear(s.width(), false));
    works.put("linear C x 4C backward", s -> s.linearBackward(4 * s.width(), false));
    return works;
  }

  private static KernelCalls wide(KernelCalls s) {
    return new KernelCalls(s.batch(), s.time(), 4 * s.width(), s.heads());
  }
}

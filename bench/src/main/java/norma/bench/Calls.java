package norma.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.KernelCall;
import norma.kernels.KernelCall.Operand;
import norma.kernels.KernelCalls;
import norma.random.RandomStream;
import norma.kernels.tracing.TracingBackend;
import norma.nn.NormSpec;
import norma.nn.NormTypes;

/// The kernels that are measured, by name.
public final class Calls {
  private static final DropMask DROP = new DropMask(0.2, RandomStream.of(1, "measured"), 0);
  private static final Formula GELU = Formula.activation("gelu(x)", false);
  private static final Formula SWIGLU = Formula.gate("silu(x)", false);
  private static final Formula RESIDUAL = Formula.ofTwo("2 * x + u", List.of(), Map.of(), false);
  private static final Map<String, Function<Size, KernelCall>> ALL = all();

  private Calls() {}

  private static Map<String, Function<Size, KernelCall>> all() {
    Map<String, Function<Size, KernelCall>> all = new LinkedHashMap<>();
    all.put("linear", s -> s.calls().linear(4 * s.calls().width(), false)); // the MLP's first product
    all.put("linearInputGradient", s -> only(s.calls().linearBackward(4 * s.calls().width(), false), 0));
    all.put("linearWeightGradient", s -> only(s.calls().linearBackward(4 * s.calls().width(), false), 1));
    all.put("linearBackward", s -> s.calls().linearBackward(4 * s.calls().width(), false));
    all.put("attention", s -> s.calls().attention(s.calls().heads(), DropMask.NONE));
    all.put("attentionBackward", s -> s.calls().attentionBackward(s.calls().heads(), DropMask.NONE));
    for (String type : Operands.NORMS) {
      Formula formula = NormTypes.start(NormSpec.of(type), "", 1, false).orElseThrow().formula();
      all.put(type, s -> s.calls().formula(type, formula));
      all.put(type + "AfterAdd", s -> afterAdd(s.calls().add(), s.calls().formula(type, formula)));
      all.put(type + "Backward", s -> s.calls().formulaBackward(type, formula));
    }
    all.put("gelu", s -> s.wide().formula("gelu", GELU));
    all.put("geluBackward", s -> s.wide().formulaBackward("gelu", GELU));
    all.put("swiglu", s -> s.wide().formula("swiglu", SWIGLU)); // of 3/2 of a gated MLP's width
    all.put("swigluBackward", s -> s.wide().formulaBackward("swiglu", SWIGLU));
    all.put("residual", s -> s.calls().formula("residual", RESIDUAL));
    all.put("residualBackward", s -> s.calls().formulaBackward("residual", RESIDUAL));
    all.put("add", s -> s.calls().add());
    all.put("dropout", s -> s.calls().dropout(DROP));
    all.put("rotate", s -> s.calls().rotate(s.calls().heads(), s.calls().width() / s.calls().heads(), 0));
    all.put("crossEntropy", s -> s.calls().crossEntropy(s.vocabulary(), 1.0 / s.calls().rows(), true));
    all.put("embedding", s -> s.calls().embedding(s.vocabulary(), s.calls().time(), 0));
    all.put("embeddingBackward", s -> s.calls().embeddingBackward(s.vocabulary(), s.calls().time()));
    all.put("sum", s -> KernelCalls.sum(s.parameters(), 3)); // four shards
    all.put("adamW", s -> KernelCalls.adamW(s.parameters()));
    return all;
  }

  /// A residual addition, and a norm of the sum.
  private static KernelCall afterAdd(KernelCall add, KernelCall norm) {
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

  /// One of the two gradients of a linear layer.
  private static KernelCall only(KernelCall both, int output) {
    return new KernelCall(both.kernel(), both.inputs(), List.of(both.outputs().get(output)), both.flops() / 2,
        both.forward(), (k, in, out) -> {
          Grad[] gradients = new Grad[2];
          gradients[output] = out[0];
          both.body().run(k, in, gradients);
        });
  }

  /// Their names.
  public static Set<String> names() {
    return ALL.keySet();
  }

  /// The call of one kernel.
  ///
  /// @throws IllegalArgumentException if there is none of this name
  public static KernelCall of(String kernel, Size size) {
    Function<Size, KernelCall> maker = ALL.get(kernel);
    if (maker == null) {
      throw new IllegalArgumentException("there is no kernel '" + kernel + "' here; expected one of " + names());
    }
    return maker.apply(size);
  }

  /// Bytes that a call must at least move.
  public static long bytes(KernelCall call) {
    return call.bytes(new TracingBackend(DType.FLOAT32).kernels(), DType.FLOAT32);
  }

  /// Dimensions of a call, for people.
  public static String shape(String kernel, Size size) {
    KernelCalls s = size.calls();
    return switch (kernel) {
      case "linear", "linearInputGradient", "linearWeightGradient", "linearBackward" ->
        s.rows() + "x" + s.width() + "x" + 4 * s.width();
      case "attention", "attentionBackward" ->
        s.batch() + "x" + s.time() + "x" + s.width() + ", " + s.heads() + " heads";
      case "crossEntropy" -> s.rows() + "x" + size.vocabulary();
      case "gelu", "geluBackward", "swiglu", "swigluBackward" -> s.rows() + "x" + 4 * s.width();
      case "sum", "adamW" -> Integer.toString(size.parameters());
      default -> s.rows() + "x" + s.width();
    };
  }
}

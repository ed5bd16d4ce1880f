package norma.kernels;

import static norma.kernels.ForwardCalls.DROP;
import static norma.kernels.ForwardCalls.OUT;
import static norma.kernels.ForwardCalls.VOCABULARY;
import static norma.kernels.Workbench.normal;

import java.util.ArrayList;
import java.util.List;
import norma.formula.Formula;
import norma.kernels.KernelCall.Body;
import norma.kernels.KernelCall.Kind;
import norma.kernels.KernelCall.Operand;

/// Every backward kernel, given what its forward computes. That the gradients are right is checked by central differences
/// over whole operations; these calls serve to compare implementations and to check the contract of [Grad].
final class BackwardCalls {
  private final Sizes s;
  private final KernelCalls kernels;
  private final List<CheckedCall> calls = new ArrayList<>();

  private BackwardCalls(Sizes sizes) {
    this.s = sizes;
    this.kernels = sizes.calls();
  }

  static List<CheckedCall> of(Sizes sizes) {
    BackwardCalls backward = new BackwardCalls(sizes);
    backward.scalars();
    backward.formulas();
    backward.products();
    return backward.calls;
  }

  private void scalars() {
    double[] input = s.x(21);
    call(kernels.formulaBackward("gelu", Formula.activation("gelu(x)", true)), dy(),
        Loops.pointwise(input, Loops::geluSlope), normal(s.width(), 31));
    call(kernels.formulaBackward("geglu", Formula.gate("gelu(x)", true)), dy(), input, s.x(32), normal(s.width(), 31));
    call(kernels.formulaBackward("residual", ForwardCalls.RESIDUAL), dy(), input, s.x(32));
  }

  private void formulas() {
    double[] b = normal(s.width(), 24);
    formula("layernorm", Formulas.of("layernorm", true), 22, b);
    formula("rmsnorm", Formulas.of("rmsnorm", false), 22);
    double[] alpha = { 0.7 };
    double[] bias = normal(s.width(), 26);
    formula("dyt", Formulas.of("dyt", true), 24, alpha, bias);
    formula("dyisru", Formulas.dyisru(true, false, true), 24, alpha, bias);
    formula("dyisru", Formulas.dyisru(false, true, false), 24, alpha);
    formula("derf", Formulas.of("derf", true), 24, alpha, new double[]{ -0.2 }, bias);
  }

  /// @param more values of the parameters behind the weight
  private void formula(String name, Formula formula, long seed, double[]... more) {
    List<double[]> values = new ArrayList<>(List.of(dy(), s.x(seed), normal(s.width(), seed + 1)));
    values.addAll(List.of(more));
    call(kernels.formulaBackward(name, formula), values.toArray(double[][]::new));
  }

  private void products() {
    call(kernels.linearBackward(OUT, true), normal((long) s.rows() * OUT, 26), s.moderate(s.size(), 27),
        normal((long) OUT * s.width(), 28));
    double[] dy = normal(s.size(), 29);
    call(kernels.embeddingBackward(VOCABULARY, s.time() + 2), dy, Sizes.numbers(s.ids(VOCABULARY)));
    int even = 2 * s.width();
    Operand heads = Operand.of(Kind.ACTIVATION, s.batch(), s.time(), 3 * even);
    call("rotate", List.of(heads), List.of(heads), (k, in, out) -> {
      if (out[0] != null) {
        k.rotate(in[0], 2, even, 3, true, out[0]);
      }
    }, normal(3L * s.rows() * even, 32));
    for (int kvHeads : s.kvHeads()) {
      double[] qkv = s.moderate(s.size() / s.heads() * (s.heads() + 2 * kvHeads), 30);
      for (DropMask drop : List.of(DropMask.NONE, DROP)) {
        call(kernels.attentionBackward(kvHeads, drop), dy, qkv);
      }
    }
  }

  private double[] dy() {
    return normal(s.size(), 20);
  }

  /// A kernel that no benchmark measures.
  private void call(String kernel, List<Operand> inputs, List<Operand> outputs, Body body, double[]... values) {
    call(new KernelCall(kernel, inputs, outputs, 0, KernelCall.NOTHING, body), values);
  }

  private void call(KernelCall call, double[]... values) {
    calls.add(new CheckedCall(call, s, calls.size(), List.of(values), null));
  }
}

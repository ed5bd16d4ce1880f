package norma.kernels;

import static norma.kernels.ForwardCalls.DROP;
import static norma.kernels.ForwardCalls.OUT;
import static norma.kernels.ForwardCalls.VOCABULARY;
import static norma.kernels.Workbench.normal;

import java.util.ArrayList;
import java.util.List;
import norma.formula.Formula;
import norma.kernels.KernelCall.Body;
import norma.kernels.KernelCall.Input;
import norma.kernels.KernelCall.Output;

/// Every backward kernel, given what its forward computes. That the gradients are right is checked by central differences
/// over whole operations; these calls serve to compare implementations and to check the contract of [Grad].
final class BackwardCalls {
  private final Sizes s;
  private final List<KernelCall> calls = new ArrayList<>();
  private final Output x;
  private final Output channel;
  private final Output scalar = Output.of();

  private BackwardCalls(Sizes sizes) {
    this.s = sizes;
    this.x = Output.of(s.rows(), s.width());
    this.channel = Output.of(s.width());
  }

  static List<KernelCall> of(Sizes sizes) {
    BackwardCalls backward = new BackwardCalls(sizes);
    backward.scalars();
    backward.statistics();
    backward.squashes();
    backward.products();
    return backward.calls;
  }

  private void scalars() {
    double[] input = s.x(21);
    call("scaleBackward", List.of(dy(), in(input), Input.of(-1.7)), List.of(x, scalar),
        (k, in, out) -> k.scaleBackward(in[0], in[1], in[2], out[0], out[1]));
    call("multiply", List.of(dy(), in(input)), List.of(x), (k, in, out) -> {
      if (out[0] != null) {
        k.multiply(in[0], in[1], out[0]);
      }
    });
    Formula gelu = Formula.activation("gelu(x)", true);
    call("formulaBackward gelu",
        List.of(dy(), in(Loops.pointwise(input, Loops::geluSlope)), Input.of(normal(s.width(), 31), s.width())),
        List.of(x, channel), (k, in, out) -> k.formulaBackward(gelu, in[0], in[1],
            List.of(in[2]), k.statistics(0, s.rows()), out[0], java.util.Collections.singletonList(out[1])));
  }

  private void statistics() {
    formula("formulaBackward layernorm", Formulas.layerNorm(true), 22, true);
    formula("formulaBackward rmsnorm", Formulas.rmsNorm(false), 22, false);
  }

  private void squashes() {
    formula("formulaBackward dyt", Formulas.dyt(true), 24, true, 0.7);
    formula("formulaBackward dyisru", Formulas.dyisru(true, false, true), 24, true, 0.7);
    formula("formulaBackward dyisru", Formulas.dyisru(false, true, false), 24, false, 0.7);
    formula("formulaBackward derf", Formulas.derf(true), 24, true, 0.7, -0.2);
  }

  private void formula(String kernel, Formula formula, long seed, boolean bias, double... scalars) {
    List<Input> inputs = new ArrayList<>(
        List.of(dy(), in(s.x(seed)), Input.of(normal(s.width(), seed + 1), s.width())));
    List<Output> outputs = new ArrayList<>(List.of(x, channel));
    for (double value : scalars) {
      inputs.add(Input.of(value));
      outputs.add(scalar);
    }
    if (bias) {
      inputs.add(Input.of(normal(s.width(), seed + 2), s.width()));
      outputs.add(channel);
    }
    call(kernel, inputs, outputs, (k, in, out) -> Formulas.backward(k, formula, in, out));
  }

  private void products() {
    call("linearBackward",
        List.of(Input.of(normal((long) s.rows() * OUT, 26), s.rows(), OUT), in(s.moderate(s.size(), 27)),
            Input.of(normal((long) OUT * s.width(), 28), OUT, s.width())),
        List.of(x, Output.of(OUT, s.width()), Output.of(OUT)),
        (k, in, out) -> k.linearBackward(in[0], in[1], in[2], out[0], out[1], out[2]));
    Input dy = Input.of(normal(s.size(), 29), s.batch(), s.time(), s.width());
    call("embeddingBackward", List.of(dy, Input.ids(s.ids(VOCABULARY), s.batch(), s.time())),
        List.of(Output.of(VOCABULARY, s.width()), Output.of(s.time() + 2, s.width())),
        (k, in, out) -> k.embeddingBackward(in[0], in[1], out[0], out[1]));
    double[] qkv = s.moderate(3 * s.size(), 30);
    for (DropMask drop : List.of(DropMask.NONE, DROP)) {
      Loops.Attended attended = Loops.attention(qkv, s.batch(), s.time(), s.width(), s.heads(), drop);
      call("attentionBackward",
          List.of(dy, Input.of(qkv, s.batch(), s.time(), 3 * s.width()),
              Input.of(attended.y(), s.batch(), s.time(), s.width()),
              Input.of(attended.lse(), s.batch(), s.heads(), s.time())),
          List.of(Output.of(s.batch(), s.time(), 3 * s.width())),
          (k, in, out) -> k.attentionBackward(in[0], in[1], in[2], in[3], s.heads(), drop, out[0]));
    }
  }

  private Input dy() {
    return in(normal(s.size(), 20));
  }

  private Input in(double[] values) {
    return Input.of(values, s.rows(), s.width());
  }

  private void call(String kernel, List<Input> inputs, List<Output> outputs, Body body) {
    calls.add(new KernelCall(kernel, s, calls.size(), inputs, outputs, body, null));
  }
}

package norma.kernels;

import static norma.kernels.ForwardCalls.DROP;
import static norma.kernels.ForwardCalls.OUT;
import static norma.kernels.ForwardCalls.VOCABULARY;
import static norma.kernels.Workbench.normal;

import java.util.ArrayList;
import java.util.List;
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
    call("geluBackward", List.of(dy(), in(Loops.pointwise(input, Loops::geluSlope))), List.of(x),
        (k, in, out) -> k.geluBackward(in[0], in[1], out[0]));
  }

  private void statistics() {
    double[] input = s.x(22);
    Input weight = Input.of(normal(s.width(), 23), s.width());
    double[] means = Loops.means(input, s.width());
    double[] rstd = Loops.rstd(Loops.centred(input, s.width()), s.width(), 1e-5);
    call("layerNormBackward",
        List.of(dy(), in(input), weight, Input.of(means, s.rows()), Input.of(rstd, s.rows())),
        List.of(x, channel, channel),
        (k, in, out) -> k.layerNormBackward(in[0], in[1], in[2], in[3], in[4], out[0], out[1], out[2]));
    call("rmsNormBackward",
        List.of(dy(), in(input), weight, Input.of(Loops.rstd(input, s.width(), 1e-5), s.rows())),
        List.of(x, channel, channel),
        (k, in, out) -> k.rmsNormBackward(in[0], in[1], in[2], in[3], out[0], out[1], out[2]));
  }

  private void squashes() {
    List<Input> inputs = List.of(dy(), in(s.x(24)), Input.of(0.7), Input.of(normal(s.width(), 25), s.width()),
        Input.of(-0.2));
    List<Output> outputs = List.of(x, scalar, channel, channel);
    call("dytBackward", inputs, outputs,
        (k, in, out) -> k.dytBackward(in[0], in[1], in[2], in[3], out[0], out[1], out[2], out[3]));
    call("dyisruBackward", inputs, outputs,
        (k, in, out) -> k.dyisruBackward(in[0], in[1], in[2], true, 1, in[3], out[0], out[1], out[2], out[3]));
    call("dyisruBackward", inputs, outputs,
        (k, in, out) -> k.dyisruBackward(in[0], in[1], in[2], false, 2, in[3], out[0], out[1], out[2], out[3]));
    call("derfBackward", inputs, List.of(x, scalar, channel, channel, scalar), (k, in, out) -> k.derfBackward(in[0],
        in[1], in[2], in[4], in[3], out[0], out[1], out[4], out[2], out[3]));
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

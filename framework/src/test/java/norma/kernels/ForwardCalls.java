package norma.kernels;

import static norma.kernels.Loops.affine;
import static norma.kernels.Loops.pointwise;
import static norma.kernels.Workbench.normal;

import java.util.ArrayList;
import java.util.List;
import norma.array.Array;
import norma.kernels.KernelCall.Body;
import norma.kernels.KernelCall.Input;
import norma.kernels.KernelCall.Output;
import org.apache.commons.math3.special.Erf;
import org.jspecify.annotations.Nullable;

/// Every forward kernel with what plain loops in double give for it.
final class ForwardCalls {
  static final DropMask DROP = new DropMask(0.3, RandomStream.of(5, "dropout.test").at(2), 11);
  static final int OUT = 5; // width of a product
  static final int VOCABULARY = 7;

  private final Sizes s;
  private final List<KernelCall> calls = new ArrayList<>();

  private ForwardCalls(Sizes sizes) {
    this.s = sizes;
  }

  static List<KernelCall> of(Sizes sizes) {
    ForwardCalls forward = new ForwardCalls(sizes);
    forward.scalars();
    forward.statistics();
    forward.squashes();
    forward.products();
    forward.ends();
    return forward.calls;
  }

  private void scalars() {
    double[] x = s.x(1);
    double[] other = s.x(2);
    double[] sum = new double[x.length];
    double[] dropped = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      sum[i] = x[i] + other[i];
      dropped[i] = x[i] * DROP.factor(i);
    }
    Output y = Output.of(s.rows(), s.width());
    call("add", List.of(in(x), in(other)), List.of(y), (k, in, out) -> k.add(in[0], in[1], to(out[0])), sum);
    call("scale", List.of(in(x), Input.of(-1.7)), List.of(y), (k, in, out) -> k.scale(in[0], in[1], to(out[0])),
        pointwise(x, v -> -1.7 * v));
    call("multiply", List.of(in(x)), List.of(y), (k, in, out) -> k.multiply(in[0], 0.3, grad(out[0])),
        pointwise(x, v -> 0.3 * v));
    call("gelu", List.of(in(x)), List.of(y, y), (k, in, out) -> k.gelu(in[0], to(out[0]), to(out[1])),
        pointwise(x, v -> v * Loops.phi(v)), pointwise(x, Loops::geluSlope));
    call("dropout", List.of(in(x)), List.of(y), (k, in, out) -> k.dropout(in[0], DROP, grad(out[0])), dropped);
    int from = s.width() / 3;
    int count = Math.max(1, s.width() / 2);
    double[] columns = new double[s.rows() * count];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = x[i / count * s.width() + from + i % count];
    }
    call("takeColumns", List.of(in(x)), List.of(Output.of(s.rows(), count)),
        (k, in, out) -> k.takeColumns(in[0], from, to(out[0])), columns);
    call("putColumns", List.of(in(x)), List.of(y), (k, in, out) -> k.putColumns(in[0], 0, grad(out[0])), x);
    call("fill", List.of(), List.of(y), (k, in, out) -> k.fill(to(out[0]), -2.5), pointwise(x, v -> -2.5));
  }

  private void statistics() {
    double[] x = s.x(3);
    double[] weight = normal(s.width(), 4);
    double[] bias = normal(s.width(), 5);
    double[] centred = Loops.centred(x, s.width());
    double[] means = Loops.means(x, s.width());
    double[] rstd = Loops.rstd(centred, s.width(), 1e-5);
    double[] n = Loops.scaleRows(centred, rstd);
    List<Input> inputs = List.of(in(x), Input.of(weight, s.width()), Input.of(bias, s.width()));
    Output y = Output.of(s.rows(), s.width());
    Output row = Output.of(s.rows());
    call("layerNorm", inputs, List.of(y, row, row),
        (k, in, out) -> k.layerNorm(in[0], in[1], in[2], 1e-5, to(out[0]), to(out[1]), to(out[2])),
        affine(n, weight, bias), means, rstd);
    call("layerNorm", inputs, List.of(y),
        (k, in, out) -> k.layerNorm(in[0], in[1], null, 1e-5, to(out[0]), k.empty(s.rows()), k.empty(s.rows())),
        affine(n, weight, new double[s.width()]));
    double[] rms = Loops.rstd(x, s.width(), 1e-5);
    call("rmsNorm", inputs, List.of(y, row),
        (k, in, out) -> k.rmsNorm(in[0], in[1], in[2], 1e-5, to(out[0]), to(out[1])),
        affine(Loops.scaleRows(x, rms), weight, bias), rms);
    call("rmsNorm", inputs, List.of(y),
        (k, in, out) -> k.rmsNorm(in[0], in[1], null, 1e-5, to(out[0]), k.empty(s.rows())),
        affine(Loops.scaleRows(x, rms), weight, new double[s.width()]));
  }

  private void squashes() {
    double[] x = s.x(6);
    squash("dyt", x, v -> Math.tanh(0.7 * v), (k, in, bias, y) -> k.dyt(in[0], in[3], in[1], bias, y));
    squash("dyisru", x, v -> 2 * v / Math.sqrt(0.7 + v * v),
        (k, in, bias, y) -> k.dyisru(in[0], in[3], false, 2, in[1], bias, y));
    squash("dyisru", x, v -> v / Math.sqrt(Loops.softplus(0.7) + v * v),
        (k, in, bias, y) -> k.dyisru(in[0], in[3], true, 1, in[1], bias, y));
    squash("derf", x, v -> Erf.erf(0.7 * v - 0.2), (k, in, bias, y) -> k.derf(in[0], in[3], in[4], in[1], bias, y));
  }

  private interface Squash {
    void run(Kernels kernels, Array[] in, @Nullable Array bias, Array y);
  }

  private void squash(String kernel, double[] x, Loops.Pointwise f, Squash squash) {
    double[] weight = normal(s.width(), 7);
    double[] bias = normal(s.width(), 8);
    List<Input> inputs = List.of(in(x), Input.of(weight, s.width()), Input.of(bias, s.width()), Input.of(0.7),
        Input.of(-0.2));
    List<Output> y = List.of(Output.of(s.rows(), s.width()));
    call(kernel, inputs, y, (k, in, out) -> squash.run(k, in, in[2], to(out[0])),
        affine(pointwise(x, f), weight, bias));
    call(kernel, inputs, y, (k, in, out) -> squash.run(k, in, null, to(out[0])),
        affine(pointwise(x, f), weight, new double[s.width()]));
  }

  private void products() {
    double[] x = s.moderate(s.size(), 9);
    double[] w = normal((long) OUT * s.width(), 10);
    double[] b = normal(OUT, 11);
    List<Input> inputs = List.of(in(x), Input.of(w, OUT, s.width()), Input.of(b, OUT));
    List<Output> y = List.of(Output.of(s.rows(), OUT));
    call("linear", inputs, y, (k, in, out) -> k.linear(in[0], in[1], in[2], to(out[0])), Loops.linear(x, w, b));
    call("linear", inputs, y, (k, in, out) -> k.linear(in[0], in[1], null, to(out[0])),
        Loops.linear(x, w, new double[OUT]));

    double[] apart = Loops.awayFromHalves(s.x(16), s.width());
    call("roundRows", List.of(in(apart)), List.of(Output.of(s.rows(), s.width())),
        (k, in, out) -> k.roundRows(in[0], to(out[0])), Loops.roundRows(apart, s.width()));

    double[] qkv = s.moderate(3 * s.size(), 12);
    for (DropMask drop : List.of(DropMask.NONE, DROP)) {
      Loops.Attended attended = Loops.attention(qkv, s.batch(), s.time(), s.width(), s.heads(), drop);
      call("attention", List.of(Input.of(qkv, s.batch(), s.time(), 3 * s.width())),
          List.of(Output.of(s.batch(), s.time(), s.width()), Output.of(s.batch(), s.heads(), s.time())),
          (k, in, out) -> k.attention(in[0], s.heads(), drop, to(out[0]), to(out[1])), attended.y(), attended.lse());
    }
  }

  private void ends() {
    double[] tok = s.moderate(VOCABULARY * s.width(), 13);
    double[] pos = s.moderate((s.time() + 2) * s.width(), 14);
    int[] ids = s.ids(VOCABULARY);
    call("embedding",
        List.of(Input.ids(ids, s.batch(), s.time()), Input.of(tok, VOCABULARY, s.width()),
            Input.of(pos, s.time() + 2, s.width())),
        List.of(Output.of(s.batch(), s.time(), s.width())),
        (k, in, out) -> k.embedding(in[0], in[1], in[2], to(out[0])),
        Loops.embedding(ids, s.time(), tok, pos, s.width()));
    double[] logits = s.moderate(s.size(), 15);
    int[] targets = s.ids(s.width());
    Loops.Entropy entropy = Loops.crossEntropy(logits, targets, 0.25);
    List<Input> inputs = List.of(in(logits), Input.ids(targets, s.rows()));
    Output loss = new Output(true);
    call("crossEntropy", inputs, List.of(loss, Output.of(s.rows(), s.width())),
        (k, in, out) -> k.crossEntropy(in[0], in[1], 0.25, to(out[0]), to(out[1])), new double[]{ entropy.loss() },
        entropy.dlogits());
    call("crossEntropy", inputs, List.of(loss), (k, in, out) -> k.crossEntropy(in[0], in[1], 0.25, to(out[0]), null),
        new double[]{ entropy.loss() });
  }

  private Input in(double[] values) {
    return Input.of(values, s.rows(), s.width());
  }

  private void call(String kernel, List<Input> inputs, List<Output> outputs, Body body, double[]... expected) {
    calls.add(new KernelCall(kernel, s, calls.size(), inputs, outputs, body, expected));
  }

  static Grad grad(@Nullable Grad grad) {
    return java.util.Objects.requireNonNull(grad);
  }

  private static Array to(@Nullable Grad grad) {
    return grad(grad).array();
  }
}

package norma.kernels;

import static norma.kernels.Loops.affine;
import static norma.kernels.Loops.pointwise;
import static norma.kernels.Workbench.normal;

import java.util.ArrayList;
import java.util.List;
import norma.array.Array;
import norma.formula.Formula;
import norma.kernels.KernelCall.Body;
import norma.kernels.KernelCall.Input;
import norma.kernels.KernelCall.Output;
import norma.random.RandomStream;
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
    double[] product = new double[x.length];
    double[] dropped = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      sum[i] = x[i] + other[i];
      product[i] = x[i] * other[i];
      dropped[i] = x[i] * DROP.factor(i);
    }
    Output y = Output.of(s.rows(), s.width());
    call("add", List.of(in(x), in(other)), List.of(y), (k, in, out) -> k.add(in[0], in[1], to(out[0])), sum);
    call("scale", List.of(in(x), Input.of(-1.7)), List.of(y), (k, in, out) -> k.scale(in[0], in[1], to(out[0])),
        pointwise(x, v -> -1.7 * v));
    call("multiply", List.of(in(x)), List.of(y), (k, in, out) -> k.multiply(in[0], 0.3, grad(out[0])),
        pointwise(x, v -> 0.3 * v));
    call("multiply", List.of(in(x), in(other)), List.of(y),
        (k, in, out) -> k.multiply(in[0], in[1], grad(out[0])),
        product);
    Formula gelu = Formula.activation("gelu(x)", false);
    call("formula gelu", List.of(in(x)), List.of(y, y),
        (k, in, out) -> Formulas.forward(k, gelu, in, to(out[0]), to(out[1])),
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
    double[] rstd = Loops.rstd(centred, s.width(), 1e-5);
    double[] n = Loops.scaleRows(centred, rstd);
    double[] rms = Loops.rstd(x, s.width(), 1e-5);
    formula("formula layernorm", Formulas.layerNorm(true), Formulas.layerNorm(false), x, weight, bias, n);
    formula("formula rmsnorm", Formulas.rmsNorm(true), Formulas.rmsNorm(false), x, weight, bias,
        Loops.scaleRows(x, rms));
  }

  private void squashes() {
    double[] x = s.x(6);
    double[] weight = normal(s.width(), 7);
    double[] bias = normal(s.width(), 8);
    formula("formula dyt", Formulas.dyt(true), Formulas.dyt(false), x, weight, bias,
        pointwise(x, v -> Math.tanh(0.7 * v)), 0.7);
    double scale = Math.sqrt(s.width());
    formula("formula dyisru", Formulas.dyisru(false, true, true), Formulas.dyisru(false, true, false), x, weight, bias,
        pointwise(x, v -> scale * v / Math.sqrt(0.7 + v * v)), 0.7);
    formula("formula dyisru", Formulas.dyisru(true, false, true), Formulas.dyisru(true, false, false), x, weight, bias,
        pointwise(x, v -> v / Math.sqrt(Loops.softplus(0.7) + v * v)), 0.7);
    formula("formula derf", Formulas.derf(true), Formulas.derf(false), x, weight, bias,
        pointwise(x, v -> Erf.erf(0.7 * v - 0.2)), 0.7, -0.2);
  }

  /// `y = weight f + bias`, with and without bias.
  private void formula(String kernel, Formula biased, Formula plain, double[] x, double[] weight, double[] bias,
      double[] f, double... scalars) {
    List<Input> inputs = new ArrayList<>(List.of(in(x), Input.of(weight, s.width())));
    for (double scalar : scalars) {
      inputs.add(Input.of(scalar));
    }
    List<Output> y = List.of(Output.of(s.rows(), s.width()));
    call(kernel, List.copyOf(inputs), y, (k, in, out) -> Formulas.forward(k, plain, in, to(out[0]), null),
        affine(f, weight, new double[s.width()]));
    inputs.add(Input.of(bias, s.width()));
    call(kernel, inputs, y, (k, in, out) -> Formulas.forward(k, biased, in, to(out[0]), null), affine(f, weight, bias));
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

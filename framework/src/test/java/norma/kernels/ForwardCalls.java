package norma.kernels;

import static norma.kernels.KernelCalls.grad;
import static norma.kernels.KernelCalls.to;
import static norma.kernels.Loops.affine;
import static norma.kernels.Loops.pointwise;
import static norma.kernels.Workbench.normal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import norma.formula.Formula;
import norma.kernels.KernelCall.Body;
import norma.kernels.KernelCall.Kind;
import norma.kernels.KernelCall.Operand;
import norma.random.RandomStream;
import org.apache.commons.math3.special.Erf;

/// Every forward kernel with what plain loops in double give for it.
final class ForwardCalls {
  static final DropMask DROP = new DropMask(0.3, RandomStream.of(5, "dropout.test").at(2), 11);
  static final int OUT = 5; // width of a product
  static final int VOCABULARY = 7;
  static final Formula RESIDUAL = Formula.ofTwo("0.3 * x - 2 * u", List.of(), Map.of(), false);

  private final Sizes s;
  private final KernelCalls kernels;
  private final Operand x;
  private final List<CheckedCall> calls = new ArrayList<>();

  private ForwardCalls(Sizes sizes) {
    this.s = sizes;
    this.kernels = sizes.calls();
    this.x = Operand.of(Kind.ACTIVATION, s.rows(), s.width());
  }

  static List<CheckedCall> of(Sizes sizes) {
    ForwardCalls forward = new ForwardCalls(sizes);
    forward.scalars();
    forward.statistics();
    forward.squashes();
    forward.products();
    forward.ends();
    return forward.calls;
  }

  private void scalars() {
    double[] a = s.x(1);
    double[] b = s.x(2);
    double[] sum = new double[a.length];
    double[] dropped = new double[a.length];
    Operand weights = Operand.of(Kind.WEIGHT, s.rows(), s.width());
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + b[i];
      dropped[i] = a[i] * DROP.factor(i);
    }
    call(kernels.add(), List.of(a, b), sum);
    call("multiply", List.of(x), x, (k, in, out) -> k.multiply(in[0], 0.3, grad(out[0])), List.of(a),
        pointwise(a, v -> 0.3 * v));
    double[] mixed = new double[a.length];
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      mixed[i] = 0.7 * a[i] - 1.3 * b[i];
      squares += a[i] * a[i];
    }
    double norm = Math.sqrt(squares);
    call("mix", List.of(weights, weights), weights, (k, in, out) -> k.mix(0.7, in[0], -1.3, in[1], to(out[0])),
        List.of(a, b), mixed);
    call("normalize", List.of(weights), weights, (k, in, out) -> k.normalize(in[0], 1e-7, to(out[0])), List.of(a),
        pointwise(a, v -> v / Math.max(norm, 1e-7)));
    call(kernels.formula("gelu", Formula.activation("gelu(x)", false)), List.of(a),
        pointwise(a, v -> v * Loops.phi(v)), pointwise(a, Loops::geluSlope));
    call(kernels.formula("geglu", Formula.gate("gelu(x)", false)), List.of(a, b),
        with(b, a, (v, u) -> u * v * Loops.phi(v)), with(b, a, (v, u) -> u * Loops.geluSlope(v)),
        pointwise(a, v -> v * Loops.phi(v)));
    call(kernels.formula("residual", RESIDUAL), List.of(a, b), with(b, a, (v, u) -> 0.3 * v - 2 * u));
    call(kernels.dropout(DROP), List.of(a), dropped);
    int from = s.width() / 3;
    int count = Math.max(1, s.width() / 2);
    double[] columns = new double[s.rows() * count];
    for (int i = 0; i < columns.length; i++) {
      columns[i] = a[i / count * s.width() + from + i % count];
    }
    call("takeColumns", List.of(x), Operand.of(Kind.ACTIVATION, s.rows(), count),
        (k, in, out) -> k.takeColumns(in[0], from, to(out[0])), List.of(a), columns);
    call("putColumns", List.of(x), x, (k, in, out) -> k.putColumns(in[0], 0, grad(out[0])), List.of(a), a);
    call("fill", List.of(), x, (k, in, out) -> k.fill(to(out[0]), -2.5), List.of(), pointwise(a, v -> -2.5));
  }

  private static double[] with(double[] u, double[] x, DoubleBinaryOperator f) {
    double[] y = new double[x.length];
    Arrays.setAll(y, i -> f.applyAsDouble(x[i], u[i]));
    return y;
  }

  private void statistics() {
    double[] a = s.x(3);
    double[] weight = normal(s.width(), 4);
    double[] bias = normal(s.width(), 5);
    double[] centred = Loops.centred(a, s.width());
    double[] rstd = Loops.rstd(centred, s.width(), 1e-5);
    double[] n = Loops.scaleRows(centred, rstd);
    double[] rms = Loops.rstd(a, s.width(), 1e-5);
    formula("layernorm", Formulas.of("layernorm", true), Formulas.of("layernorm", false), a, weight, bias, n);
    formula("rmsnorm", Formulas.of("rmsnorm", true), Formulas.of("rmsnorm", false), a, weight, bias,
        Loops.scaleRows(a, rms));
  }

  private void squashes() {
    double[] a = s.x(6);
    double[] weight = normal(s.width(), 7);
    double[] bias = normal(s.width(), 8);
    formula("dyt", Formulas.of("dyt", true), Formulas.of("dyt", false), a, weight, bias,
        pointwise(a, v -> Math.tanh(0.7 * v)), 0.7);
    double scale = Math.sqrt(s.width());
    formula("dyisru", Formulas.dyisru(false, true, true), Formulas.dyisru(false, true, false), a, weight, bias,
        pointwise(a, v -> scale * v / Math.sqrt(0.7 + v * v)), 0.7);
    formula("dyisru", Formulas.dyisru(true, false, true), Formulas.dyisru(true, false, false), a, weight, bias,
        pointwise(a, v -> v / Math.sqrt(Loops.softplus(0.7) + v * v)), 0.7);
    formula("derf", Formulas.of("derf", true), Formulas.of("derf", false), a, weight, bias,
        pointwise(a, v -> Erf.erf(0.7 * v - 0.2)), 0.7, -0.2);
  }

  /// `y = weight f + bias`, with and without bias.
  private void formula(String name, Formula biased, Formula plain, double[] a, double[] weight, double[] bias,
      double[] f, double... scalars) {
    List<double[]> values = new ArrayList<>(List.of(a, weight));
    for (double scalar : scalars) {
      values.add(new double[]{ scalar });
    }
    call(kernels.formula(name, plain), List.copyOf(values), affine(f, weight, new double[s.width()]));
    values.add(bias);
    call(kernels.formula(name, biased), values, affine(f, weight, bias));
  }

  private void products() {
    double[] a = s.moderate(s.size(), 9);
    double[] w = normal((long) OUT * s.width(), 10);
    double[] b = normal(OUT, 11);
    call(kernels.linear(OUT, true), List.of(a, w, b), Loops.linear(a, w, b));
    call(kernels.linear(OUT, false), List.of(a, w), Loops.linear(a, w, new double[OUT]));

    double[] apart = Loops.awayFromHalves(s.x(16), s.width());
    call("roundRows", List.of(x), x, (k, in, out) -> k.roundRows(in[0], to(out[0])), List.of(apart),
        Loops.roundRows(apart, s.width()));

    int even = 2 * s.width(); // each half of a head has one of the widths
    double[] unturned = s.moderate(s.rows() * (s.heads() + 2) * even, 17);
    for (int first : new int[]{ 0, 3 }) {
      call(kernels.rotate(1, even, first), List.of(unturned),
          Loops.rotate(unturned, first, s.time(), s.heads() + 2, even));
    }

    for (int kvHeads : s.kvHeads()) {
      double[] qkv = s.moderate(s.size() / s.heads() * (s.heads() + 2 * kvHeads), 12);
      double[] each = Loops.withKeysOfEachHead(qkv, s.width() / s.heads(), s.heads(), kvHeads);
      for (DropMask drop : List.of(DropMask.NONE, DROP)) {
        Loops.Attended attended = Loops.attention(each, s.batch(), s.time(), s.width(), s.heads(), drop);
        call(kernels.attention(kvHeads, drop), List.of(qkv), attended.y(), attended.lse());
      }
      cached(qkv, each, kvHeads);
    }
  }

  /// The newest tokens of all, as one sequence: one, some, all.
  private void cached(double[] qkv, double[] each, int kvHeads) {
    double[] y = Loops.attention(each, 1, s.rows(), s.width(), s.heads(), DropMask.NONE).y();
    int row = qkv.length / s.rows();
    double[] kv = new double[qkv.length - s.size()];
    Arrays.setAll(kv, i -> qkv[i / (row - s.width()) * row + s.width() + i % (row - s.width())]);
    for (int newest : new int[]{ 1, (s.rows() + 2) / 3, s.rows() }) {
      double[] before = kv.clone();
      Arrays.fill(before, before.length - newest * (row - s.width()), before.length, 9);
      call(kernels.cachedAttention(kvHeads, newest), List.of(last(qkv, newest * row), before),
          last(y, newest * s.width()));
    }
  }

  private static double[] last(double[] x, int count) {
    return Arrays.copyOfRange(x, x.length - count, x.length);
  }

  private void ends() {
    double[] tok = s.moderate(VOCABULARY * s.width(), 13);
    double[] pos = s.moderate((s.time() + 2) * s.width(), 14);
    int[] ids = s.ids(VOCABULARY);
    for (int first : new int[]{ 0, 1 }) {
      call(kernels.embedding(VOCABULARY, s.time() + 2, first), List.of(Sizes.numbers(ids), tok, pos),
          Loops.embedding(ids, first, s.time(), tok, pos, s.width()));
    }
    call(kernels.embedding(VOCABULARY, 0, 0), List.of(Sizes.numbers(ids), tok),
        Loops.embedding(ids, 0, s.time(), tok, new double[pos.length], s.width()));
    double[] logits = s.moderate(s.size(), 15);
    int[] targets = s.ids(s.width());
    Loops.Entropy entropy = Loops.crossEntropy(logits, targets, 0.25);
    List<double[]> values = List.of(logits, Sizes.numbers(targets));
    call(kernels.crossEntropy(s.width(), 0.25, true), values, new double[]{ entropy.loss() }, entropy.dlogits());
    call(kernels.crossEntropy(s.width(), 0.25, false), values, new double[]{ entropy.loss() });
  }

  /// A kernel that no benchmark measures.
  private void call(String kernel, List<Operand> inputs, Operand output, Body body, List<double[]> values,
      double[] expected) {
    call(new KernelCall(kernel, inputs, List.of(output), 0, KernelCall.NOTHING, body), values, expected);
  }

  private void call(KernelCall call, List<double[]> values, double[]... expected) {
    calls.add(new CheckedCall(call, s, calls.size(), values, expected));
  }
}

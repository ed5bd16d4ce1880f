package norma.bench.gpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.kernels.AdamW;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.random.RandomStream;

/// What a training step consists of, apart from the norms: see [NormWorks].
final class Works {
  private static final DropMask DROP = new DropMask(0.2, RandomStream.of(1, "measured"), 0);
  private static final Formula GELU = Formula.activation("gelu(x)", false);
  /// Layers of the model whose parameters the optimizer updates.
  private static final int LAYERS = 6;

  private Works() {}

  /// Makes a call with arrays of its own.
  interface Maker {
    Work of(Operands operands, Size size);
  }

  /// Dimensions of the calls.
  ///
  /// @param batch B
  /// @param time  T
  /// @param width C, of heads of 64
  record Size(int batch, int time, int width) {
    int rows() {
      return batch * time;
    }

    int heads() {
      return Math.max(1, width / 64);
    }
  }

  /// Those that only move numbers.
  static Map<String, Maker> moving() {
    Map<String, Maker> works = new LinkedHashMap<>();
    works.put("residual add", Works::add);
    works.put("dropout", Works::dropout);
    works.put("gelu", Works::gelu);
    works.put("gelu backward", Works::geluBackward);
    works.put("cross-entropy", Works::crossEntropy);
    works.put("embedding", Works::embedding);
    works.put("embedding backward", Works::embeddingBackward);
    works.put("AdamW", Works::adamW);
    return works;
  }

  /// Causal attention.
  static Map<String, Maker> attending() {
    Map<String, Maker> works = new LinkedHashMap<>();
    works.put("attention", Works::attention);
    works.put("attention backward", Works::attentionBackward);
    return works;
  }

  /// The products of linear layers.
  static Map<String, Maker> multiplying() {
    Map<String, Maker> works = new LinkedHashMap<>();
    works.put("linear C x 3C", (o, s) -> linear(o, s, s.width(), 3 * s.width()));
    works.put("linear C x 4C", (o, s) -> linear(o, s, s.width(), 4 * s.width()));
    works.put("linear 4C x C", (o, s) -> linear(o, s, 4 * s.width(), s.width()));
    works.put("linear C x 4C backward", Works::linearBackward);
    return works;
  }

  private static Work add(Operands o, Size s) {
    Array a = o.activations(s.rows(), s.width());
    Array b = o.activations(s.rows(), s.width());
    Array y = o.activations(s.rows(), s.width());
    return Work.moving(() -> o.kernels().add(a, b, y), a, b, y);
  }

  private static Work dropout(Operands o, Size s) {
    Array x = o.activations(s.rows(), s.width());
    Grad y = o.gradient(s.rows(), s.width());
    return Work.moving(() -> o.kernels().dropout(x, DROP, y), x, y.array());
  }

  private static Work gelu(Operands o, Size s) {
    Array x = o.activations(s.rows(), 4 * s.width());
    Array y = o.activations(s.rows(), 4 * s.width());
    Array slope = o.activations(s.rows(), 4 * s.width());
    Array none = o.constant(1, 0, s.rows());
    return Work.moving(() -> o.kernels().formula(GELU, x, List.of(), y, slope, none), x, y, slope);
  }

  private static Work geluBackward(Operands o, Size s) {
    Array dy = o.activations(s.rows(), 4 * s.width());
    Array slope = o.activations(s.rows(), 4 * s.width());
    Grad dx = o.gradient(s.rows(), 4 * s.width());
    Array none = o.constant(1, 0, s.rows());
    return Work.moving(() -> o.kernels().formulaBackward(GELU, dy, slope, List.of(), none, dx, List.of()), dy, slope,
        dx.array());
  }

  /// With as many classes as a row has channels.
  private static Work crossEntropy(Operands o, Size s) {
    Array logits = o.activations(s.rows(), s.width());
    Array targets = o.integers(s.width(), s.rows());
    Array loss = o.kernels().arena().empty(DType.FLOAT64);
    Array dlogits = o.activations(s.rows(), s.width());
    return Work.moving(() -> o.kernels().crossEntropy(logits, targets, 1.0 / s.rows(), loss, dlogits), logits, dlogits);
  }

  private static Work embedding(Operands o, Size s) {
    Array ids = o.tokens(s.batch(), s.time());
    Array tok = o.weights(Operands.vocabulary(), s.width());
    Array pos = o.weights(s.time(), s.width());
    Array y = o.activations(s.batch(), s.time(), s.width());
    return Work.moving(() -> o.kernels().embedding(ids, tok, pos, y), y);
  }

  private static Work embeddingBackward(Operands o, Size s) {
    Array dy = o.activations(s.batch(), s.time(), s.width());
    Array ids = o.tokens(s.batch(), s.time());
    Grad dtok = o.weightGradient(Operands.vocabulary(), s.width());
    Grad dpos = o.weightGradient(s.time(), s.width());
    return Work.moving(() -> o.kernels().embeddingBackward(dy, ids, dtok, dpos), dy);
  }

  private static Work adamW(Operands o, Size s) {
    int size = 12 * LAYERS * s.width() * s.width();
    Array w = o.weights(size);
    Array g = o.weights(size);
    Array m = o.weights(size);
    Array v = o.constant(1, size);
    AdamW constants = new AdamW(1e-6, 0.9, 0.99, 1e-8, 0.1, 100, 1);
    return Work.moving(() -> o.kernels().adamWInPlace(w, g, m, v, constants), w, w, g, m, m, v, v);
  }

  private static Work attention(Operands o, Size s) {
    Array qkv = o.activations(s.batch(), s.time(), 3 * s.width());
    Array y = o.activations(s.batch(), s.time(), s.width());
    Array lse = o.kernels().statistics(s.batch(), s.heads(), s.time());
    return Work.products(4 * pairs(s), () -> o.kernels().attention(qkv, s.heads(), DropMask.NONE, y, lse));
  }

  /// Five products: the scores once more, then the gradients of weights, queries, keys and values (Dao et al., arXiv:2205.14135).
  private static Work attentionBackward(Operands o, Size s) {
    Kernels kernels = o.kernels();
    Array dy = o.activations(s.batch(), s.time(), s.width());
    Array qkv = o.activations(s.batch(), s.time(), 3 * s.width());
    Array y = o.activations(s.batch(), s.time(), s.width());
    Array lse = kernels.statistics(s.batch(), s.heads(), s.time());
    Grad dqkv = o.gradient(s.batch(), s.time(), 3 * s.width());
    kernels.attention(qkv, s.heads(), DropMask.NONE, y, lse);
    return Work.products(10 * pairs(s),
        () -> kernels.attentionBackward(dy, qkv, y, lse, s.heads(), DropMask.NONE, dqkv));
  }

  /// Pairs of a query and a key that it sees, over all heads, times the head's width.
  private static double pairs(Size s) {
    return (double) s.rows() * (s.time() + 1) / 2 * s.width();
  }

  /// A product with a weight.
  static Work linear(Operands o, Size s, int in, int out) {
    Array x = o.activations(s.rows(), in);
    Array w = o.linearWeight(out, in);
    Array y = o.activations(s.rows(), out);
    return Work.products(2.0 * s.rows() * in * out, () -> o.kernels().linear(x, w, null, y));
  }

  private static Work linearBackward(Operands o, Size s) {
    int out = 4 * s.width();
    Array dy = o.activations(s.rows(), out);
    Array x = o.activations(s.rows(), s.width());
    Array w = o.linearWeight(out, s.width());
    Grad dx = o.gradient(s.rows(), s.width());
    Grad dw = o.weightGradient(out, s.width());
    return Work.products(4.0 * s.rows() * s.width() * out,
        () -> o.kernels().linearBackward(dy, x, w, dx, dw, null));
  }
}

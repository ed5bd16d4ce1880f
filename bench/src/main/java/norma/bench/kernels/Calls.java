package norma.bench.kernels;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.array.Array;
import norma.kernels.AdamW;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// The kernels that are measured, by name: what each reads and writes, and how it is called.
final class Calls {
  private static final Map<String, Factory> ALL = all();

  private Calls() {}

  /// Prepares a call.
  @FunctionalInterface
  private interface Factory {
    Call of(Fixture f, Size s);
  }

  private static Map<String, Factory> all() {
    Map<String, Factory> all = new LinkedHashMap<>();
    all.put("linear", Calls::linear);
    all.put("linearInputGradient", (f, s) -> linearBackward(f, s, true, false));
    all.put("linearWeightGradient", (f, s) -> linearBackward(f, s, false, true));
    all.put("linearBackward", (f, s) -> linearBackward(f, s, true, true));
    all.put("attention", Calls::attention);
    all.put("attentionBackward", Calls::attentionBackward);
    for (String type : NormCalls.TYPES) {
      all.put(type, (f, s) -> NormCalls.forward(type, f, s));
      all.put(type + "Backward", (f, s) -> NormCalls.backward(type, f, s));
    }
    all.put("add", Calls::add);
    all.put("crossEntropy", Calls::crossEntropy);
    all.put("embedding", Calls::embedding);
    all.put("embeddingBackward", Calls::embeddingBackward);
    all.put("sum", Calls::sum);
    all.put("adamW", Calls::adamW);
    return all;
  }

  /// Their names.
  static Set<String> names() {
    return ALL.keySet();
  }

  /// The call of one kernel.
  ///
  /// @throws IllegalArgumentException if there is none of this name
  static Call of(String kernel, Fixture fixture, Size size) {
    Factory factory = ALL.get(kernel);
    if (factory == null) {
      throw new IllegalArgumentException("there is no kernel '" + kernel + "' here; expected one of " + names());
    }
    return factory.of(fixture, size);
  }

  /// The MLP's first product.
  private static Call linear(Fixture f, Size s) {
    Array x = f.normal(s.rows(), s.width());
    Array w = f.normal(4 * s.width(), s.width());
    Array y = f.empty(s.rows(), 4 * s.width());
    Kernels kernels = f.kernels();
    kernels.prepare(w); // as a training step does
    return Call.moving(product(s), () -> kernels.linear(x, w, null, y), x, w, y).with(2.0 * x.size() * w.dim(0));
  }

  private static Call linearBackward(Fixture f, Size s, boolean input, boolean weight) {
    Array dy = f.normal(s.rows(), 4 * s.width());
    Array x = f.normal(s.rows(), s.width());
    Array w = f.normal(4 * s.width(), s.width());
    Grad dx = input ? f.grad(s.rows(), s.width()) : null;
    Grad dw = weight ? f.grad(4 * s.width(), s.width()) : null;
    Kernels kernels = f.kernels();
    kernels.prepare(w);
    List<Array> moved = new ArrayList<>(List.of(dy));
    if (dx != null) {
      moved.addAll(List.of(w, dx.array()));
    }
    if (dw != null) {
      moved.addAll(List.of(x, dw.array()));
    }
    return Call.moving(product(s), () -> kernels.linearBackward(dy, x, w, dx, dw, null), moved.toArray(Array[]::new))
        .with((input && weight ? 4.0 : 2.0) * x.size() * w.dim(0));
  }

  private static String product(Size s) {
    return s.rows() + "x" + s.width() + "x" + 4 * s.width();
  }

  private static Call attention(Fixture f, Size s) {
    Array qkv = f.normal(s.batch(), s.time(), 3 * s.width());
    Array y = f.empty(s.batch(), s.time(), s.width());
    Array lse = f.empty(s.batch(), s.heads(), s.time());
    Kernels kernels = f.kernels();
    return Call.moving(heads(s), () -> kernels.attention(qkv, s.heads(), DropMask.NONE, y, lse), qkv, y, lse)
        .with(4 * pairs(s));
  }

  private static Call attentionBackward(Fixture f, Size s) {
    Array dy = f.normal(s.batch(), s.time(), s.width());
    Array qkv = f.normal(s.batch(), s.time(), 3 * s.width());
    Array y = f.empty(s.batch(), s.time(), s.width());
    Array lse = f.empty(s.batch(), s.heads(), s.time());
    Grad dqkv = f.grad(s.batch(), s.time(), 3 * s.width());
    Kernels kernels = f.kernels();
    try (Kernels.Scratch _ = kernels.scratch()) {
      kernels.attention(qkv, s.heads(), DropMask.NONE, y, lse);
    }
    return Call.moving(heads(s), () -> kernels.attentionBackward(dy, qkv, y, lse, s.heads(), DropMask.NONE, dqkv), dy,
        qkv, y, lse, dqkv.array()).with(8 * pairs(s));
  }

  private static String heads(Size s) {
    return s.batch() + "x" + s.time() + "x" + s.width() + ", " + s.heads() + " heads";
  }

  /// Pairs of a query and a key that it sees, over all heads, times the head's width.
  private static double pairs(Size s) {
    return (double) s.rows() * (s.time() + 1) / 2 * s.width();
  }

  private static Call add(Fixture f, Size s) {
    Array a = f.normal(s.rows(), s.width());
    Array b = f.normal(s.rows(), s.width());
    Array y = f.empty(s.rows(), s.width());
    Kernels kernels = f.kernels();
    return Call.moving(matrix(a), () -> kernels.add(a, b, y), a, b, y);
  }

  private static Call crossEntropy(Fixture f, Size s) {
    Array logits = f.normal(s.rows(), s.vocabulary());
    Array targets = f.tokens(s.vocabulary(), s.rows());
    Array loss = f.loss();
    Array dlogits = f.empty(s.rows(), s.vocabulary());
    Kernels kernels = f.kernels();
    return Call.moving(matrix(logits), () -> kernels.crossEntropy(logits, targets, 1.0 / s.rows(), loss, dlogits),
        logits, targets, dlogits);
  }

  private static Call embedding(Fixture f, Size s) {
    Array ids = f.tokens(s.vocabulary(), s.batch(), s.time());
    Array tok = f.normal(s.vocabulary(), s.width());
    Array pos = f.normal(s.time(), s.width());
    Array y = f.empty(s.batch(), s.time(), s.width());
    Kernels kernels = f.kernels();
    return Call.moving(matrix(y), () -> kernels.embedding(ids, tok, pos, y), ids, tok, pos, y);
  }

  private static Call embeddingBackward(Fixture f, Size s) {
    Array dy = f.normal(s.batch(), s.time(), s.width());
    Array ids = f.tokens(s.vocabulary(), s.batch(), s.time());
    Grad dtok = f.grad(s.vocabulary(), s.width());
    Grad dpos = f.grad(s.time(), s.width());
    Kernels kernels = f.kernels();
    return Call.moving(matrix(dy), () -> kernels.embeddingBackward(dy, ids, dtok, dpos), dy, ids, dtok.array(),
        dpos.array());
  }

  /// The gradients of a step's four shards, added up, and the square of their norm.
  private static Call sum(Fixture f, Size s) {
    Array total = f.normal(s.parameters());
    List<Array> parts = List.of(f.normal(s.parameters()), f.normal(s.parameters()), f.normal(s.parameters()));
    Kernels kernels = f.kernels();
    return Call.moving(matrix(total), () -> {
      if (Double.isNaN(kernels.sumInPlace(total, parts))) {
        throw new IllegalStateException("the sum of squares is no number");
      }
    }, total, parts.get(0), parts.get(1), parts.get(2), total);
  }

  private static Call adamW(Fixture f, Size s) {
    Array w = f.normal(s.parameters());
    Array g = f.normal(s.parameters());
    Array m = f.empty(s.parameters());
    Array v = f.positive(s.parameters());
    Kernels kernels = f.kernels();
    AdamW constants = new AdamW(1e-6, 0.9, 0.99, 1e-8, 0.1, 100, 1);
    return Call.moving(matrix(w), () -> kernels.adamWInPlace(w, g, m, v, constants), w, g, m, v, w, m, v);
  }

  static String matrix(Array x) {
    return x.rank() == 1 ? Long.toString(x.size()) : x.rows() + "x" + x.dim(-1);
  }

}

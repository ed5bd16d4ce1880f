package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.formula.Routine;
import norma.kernels.AdamW;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.kernels.RotaryAngles;
import norma.kernels.rows.RowKernels;
import org.jspecify.annotations.Nullable;

/// Fused float32 kernels for one worker thread. Products, attention and the two ends of the model are in files of their own.
final class CpuKernels implements Kernels, AutoCloseable {
  private static final Routine TAKE = Routine.of("strided from; elements to; to = from");
  private static final Routine PUT = Routine.of("elements from; strided to; to = from");
  private static final Routine PUT_ADD = Routine.of("elements from; strided to; to = to + from");
  static final Routine ADD = Routine.of("elements a b y; y = a + b");
  private static final Routine ADD_VECTOR = Routine.of("elements y; channels b; y = y + b");
  private static final Routine ADD_UP = Routine.of("elements x; channels sum; sum = sum + x");
  private static final Routine MIX = Routine.of("elements x y z; numbers a b; z = a * x + b * y");
  private static final Routine MULTIPLY = Routine.of("elements x y; numbers factor; y = factor * x");
  private static final Routine MULTIPLY_ADD = Routine.of("elements x y; numbers factor; y = y + factor * x");
  private static final Routine PRODUCT = Routine.of("elements a b y; y = b * a");
  private static final Routine PRODUCT_ADD = Routine.of("elements a b y; y = y + b * a");
  private static final Routine ADAMW = Routine.of("""
      elements w g m v
      numbers keep rate root eps scale beta1 beta2
      grad = scale * g
      m = beta1 * (m - grad) + grad
      v = beta2 * (v - grad^2) + grad^2
      w = keep * w - rate * m / (root * sqrt(v) + eps)""");
  /// From 1.5 * 2^23 on float32 has whole numbers only: a sum is rounded to one, halves to even. No scale is below the normal numbers.
  private static final Routine ROUND = Routine.of("""
      elements x y
      scale = max(largest(abs(x)) / 127, 1.1754944e-38)
      y = scale * (x / scale + 12582912 - 12582912)""");
  /// Elements of a dropout mask at a time.
  private static final int MASKED = 1 << 14;

  private final Arena arena;
  private final LinearProducts products;
  private final RowKernels formulas;
  private final DropFactors factors = new DropFactors();
  private final Flat flat;
  private final Map<Integer, Routine> totals = new HashMap<>();
  private final Tokens tokens;
  private final CausalAttention attention;
  private final Rotation rotation;

  /// @param arena    of this worker
  /// @param tiles    of this worker, for attention
  /// @param products of linear layers
  /// @param rows     of this worker
  /// @param angles   of the backend
  CpuKernels(Arena arena, Tiles tiles, LinearProducts products, RowKernels rows, RotaryAngles angles) {
    this.arena = arena;
    this.formulas = rows;
    this.products = products;
    this.flat = new Flat(rows);
    this.tokens = new Tokens(rows);
    this.attention = new CausalAttention(tiles, rows, factors);
    this.rotation = new Rotation(rows, angles);
  }

  @Override
  public Arena arena() {
    return arena;
  }

  @Override
  public DType dtype() {
    return DType.FLOAT32;
  }

  @Override
  public void prepare(Array w) {
    products.prepare(w);
  }

  @Override
  public void linear(Array x, Array w, @Nullable Array b, Array y) {
    products.forward(x, w, y);
    if (b != null) {
      formulas.routine(ADD_VECTOR, w.dim(0)).bind(y.segment(), b.segment()).run(x.rows());
    }
  }

  @Override
  public void linearBackward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw, @Nullable Grad db) {
    products.backward(dy, x, w, dx, dw);
    if (db != null) {
      formulas.routine(ADD_UP, w.dim(0)).bind(dy.segment(), db.start()).run(x.rows());
    }
  }

  @Override
  public void roundRows(Array x, Array y) {
    formulas.routine(ROUND, x.dim(-1)).bind(x.segment(), y.segment()).run(x.rows());
  }

  @Override
  public void embedding(Array ids, Array tok, @Nullable Array pos, int first, Array y) {
    tokens.embedding(ids, tok, pos, first, y);
  }

  @Override
  public void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {
    tokens.embeddingBackward(dy, ids, dtok, dpos);
  }

  @Override
  public void attention(Array qkv, int heads, DropMask drop, Array y, Array lse) {
    attention.forward(qkv, heads, drop, y, lse);
  }

  @Override
  public void cachedAttention(Array qkv, Array cache, int first, int heads, Array y) {
    int time = qkv.dim(1);
    int width = qkv.dim(2) - y.dim(2);
    takeColumns(qkv, y.dim(2), cache.slice((long) first * width, time, width));
    attention.forward(qkv, cache.slice(0, first + time, width), heads, y);
  }

  @Override
  public void attentionBackward(Array dy, Array qkv, Array y, Array lse, int heads, DropMask drop,
      @Nullable Grad dqkv) {
    if (dqkv != null) {
      attention.backward(dy, qkv, lse, heads, drop, dqkv);
    }
  }

  @Override
  public void rotate(Array x, int heads, int headWidth, int first, boolean back, Grad y) {
    rotation.run(x, heads, headWidth, first, back, y);
  }

  @Override
  public void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits) {
    tokens.crossEntropy(logits, targets, scale, loss, dlogits);
  }

  @Override
  public double sumInPlace(Array total, List<Array> parts) {
    MemorySegment[] operands = Stream.concat(Stream.of(total), parts.stream()).map(Array::segment)
        .toArray(MemorySegment[]::new);
    return flat.run(totals.computeIfAbsent(parts.size(), CpuKernels::total), Flat.NO_NUMBERS, total.size(), operands);
  }

  /// Adds so many parts, and sums the squares of the result in the same pass.
  private static Routine total(int parts) {
    StringBuilder names = new StringBuilder();
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < parts; i++) {
      names.append(" part").append(i);
      lines.append("total = total + part").append(i).append(';');
    }
    return Routine.of("elements total" + names + "; channels squares;" + lines + "squares = squares + total^2");
  }

  @Override
  public void adamWInPlace(Array w, Array g, Array m, Array v, AdamW c) {
    double[] numbers = { 1 - c.lr() * c.weightDecay(), c.lr() / c.correction1(), 1 / Math.sqrt(c.correction2()),
        c.eps(), c.gradScale(), c.beta1(), c.beta2() };
    flat.run(ADAMW, numbers, w.size(), w.segment(), g.segment(), m.segment(), v.segment());
  }

  @Override
  public void mix(double a, Array x, double b, Array y, Array z) {
    flat.run(MIX, new double[]{ a, b }, x.size(), x.segment(), y.segment(), z.segment());
  }

  @Override
  public void add(Array a, Array b, Array y) {
    flat.run(ADD, Flat.NO_NUMBERS, a.size(), a.segment(), b.segment(), y.segment());
  }

  @Override
  public void multiply(Array x, double factor, Grad y) {
    MemorySegment to = y.array().segment();
    if (factor == 1 && !y.add()) {
      to.copyFrom(x.segment());
    } else {
      flat.run(y.add() ? MULTIPLY_ADD : MULTIPLY, new double[]{ factor }, x.size(), x.segment(), to);
    }
  }

  @Override
  public void dropout(Array x, DropMask mask, Grad y) {
    for (long from = 0; from < x.size(); from += MASKED) {
      int count = (int) Math.min(MASKED, x.size() - from);
      flat.run(y.add() ? PRODUCT_ADD : PRODUCT, Flat.NO_NUMBERS, count, x.segment().asSlice(4 * from),
          factors.of(mask, from, count), y.array().segment().asSlice(4 * from));
    }
  }

  @Override
  public void takeColumns(Array x, int from, Array y) {
    formulas.routine(TAKE, y.dim(-1), x.dim(-1)).bind(0, x.segment(), from).bind(1, y.segment(), 0).run(x.rows());
  }

  @Override
  public void putColumns(Array x, int from, Grad y) {
    formulas.routine(y.add() ? PUT_ADD : PUT, x.dim(-1), y.array().dim(-1)).bind(0, x.segment(), 0)
        .bind(1, y.array().segment(), from).run(x.rows());
  }

  @Override
  public void fill(Array x, double value) {
    MemorySegment segment = x.segment();
    if (Double.doubleToRawLongBits(value) == 0) { // not -0
      segment.fill((byte) 0);
      return;
    }
    for (long i = 0; i < x.size(); i++) {
      x.dtype().set(segment, i, value);
    }
  }

  @Override
  public int kept(Formula formula) {
    return formulas.statistics(formula);
  }

  @Override
  public void formula(Formula formula, List<Array> inputs, List<Array> outputs, Array statistics) {
    formulas.forward(formula, inputs, outputs, statistics);
  }

  @Override
  public void formulaBackward(Formula formula, Array dy, List<Array> inputs, Array statistics,
      List<@Nullable Grad> gradients) {
    formulas.backward(formula, dy, inputs, statistics, gradients);
  }

  @Override
  public void close() {
    products.close();
    attention.close();
    tokens.close();
    flat.close();
    factors.close();
    formulas.close();
  }
}

package norma.kernels.vector;

import static norma.kernels.Checks.check;
import static norma.kernels.vector.Vectors.get;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.kernels.AdamW;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.kernels.rows.RowKernels;
import org.jspecify.annotations.Nullable;

/// Fused float32 kernels for one worker thread. This class checks the arguments; the mathematics is in one file per family.
final class CpuKernels implements Kernels, AutoCloseable {
  private static final Scratch NOTHING = () -> {};

  private final Arena arena;
  private final LinearProducts products;
  private final @Nullable RowKernels formulas;
  private final Spare row = new Spare();
  private final DropFactors factors = new DropFactors();
  private final CausalAttention attention;

  /// @param arena    of this worker
  /// @param tiles    of this worker, for attention
  /// @param products of linear layers
  /// @param formulas as machine code; null where that cannot run, and the definition does
  CpuKernels(Arena arena, Tiles tiles, LinearProducts products, @Nullable RowKernels formulas) {
    this.arena = arena;
    this.formulas = formulas;
    this.products = products;
    this.attention = new CausalAttention(tiles, factors);
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
  public Scratch scratch() {
    return NOTHING;
  }

  @Override
  public void prepare(Array w) {
    products.prepare(w);
  }

  @Override
  public void linear(Array x, Array w, @Nullable Array b, Array y) {
    int rows = x.rows();
    int in = w.dim(1);
    int out = w.dim(0);
    check(x, rows, in);
    check(y, rows, out);
    products.forward(x, w, y);
    if (b != null) {
      check(b, 1, out);
      Sums.addToRows(b, y);
    }
  }

  @Override
  public void linearBackward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw, @Nullable Grad db) {
    int rows = x.rows();
    int in = w.dim(1);
    int out = w.dim(0);
    check(dy, rows, out);
    check(x, rows, in);
    check(dx, rows, in);
    check(dw, out, in);
    products.backward(dy, x, w, dx, dw);
    if (db != null) {
      check(db.array(), 1, out);
      Sums.columns(dy, db);
    }
  }

  @Override
  public void roundRows(Array x, Array y) {
    check(y, x.rows(), x.dim(-1));
    RowRounding.round(x, y);
  }

  @Override
  public void embedding(Array ids, Array tok, Array pos, Array y) {
    check(y, ids.size(), tok.dim(1));
    check(pos, pos.dim(0), tok.dim(1));
    Tokens.embedding(ids, tok, pos, y);
  }

  @Override
  public void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {
    check(dy, ids.size(), dy.dim(-1));
    Tokens.embeddingBackward(dy, ids, dtok, dpos);
  }

  @Override
  public void attention(Array qkv, int heads, DropMask drop, Array y, Array lse) {
    check(qkv, y.rows(), 3L * y.dim(-1));
    check(lse, heads, y.rows());
    attention.forward(qkv, heads, drop, y, lse);
  }

  @Override
  public void attentionBackward(Array dy, Array qkv, Array y, Array lse, int heads, DropMask drop,
      @Nullable Grad dqkv) {
    check(qkv, y.rows(), 3L * y.dim(-1));
    check(lse, heads, y.rows());
    check(dy, y.rows(), y.dim(-1));
    if (dqkv != null) {
      check(dqkv.array(), y.rows(), 3L * y.dim(-1));
      attention.backward(dy, qkv, y, lse, heads, drop, dqkv);
    }
  }

  @Override
  public void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits) {
    check(targets, logits.rows(), 1);
    MemorySegment probabilities = row.floats(logits.dim(-1));
    if (dlogits != null) {
      check(dlogits, logits.rows(), logits.dim(-1));
    }
    Tokens.crossEntropy(logits, targets, scale, loss, dlogits, probabilities);
  }

  @Override
  public double sumInPlace(Array total, List<Array> parts) {
    for (Array part : parts) {
      check(part, 1, total.size());
    }
    return Elementwise.sumInPlace(total, parts);
  }

  @Override
  public void adamWInPlace(Array w, Array g, Array m, Array v, AdamW constants) {
    check(g, 1, w.size());
    check(m, 1, w.size());
    check(v, 1, w.size());
    Elementwise.adamW(w, g, m, v, constants);
  }

  @Override
  public void add(Array a, Array b, Array y) {
    check(b, 1, a.size());
    check(y, 1, a.size());
    Elementwise.add(a, b, y);
  }

  @Override
  public void scale(Array x, Array s, Array y) {
    check(y, 1, x.size());
    Elementwise.multiply(x, number(s), Grad.write(y));
  }

  @Override
  public void scaleBackward(Array dy, Array x, Array s, @Nullable Grad dx, @Nullable Grad ds) {
    check(dy, 1, x.size());
    if (dx != null) {
      check(dx.array(), 1, x.size());
      Elementwise.multiply(dy, number(s), dx);
    }
    if (ds != null) {
      Sums.put(ds, Elementwise.dot(dy, x));
    }
  }

  @Override
  public void multiply(Array x, double factor, Grad y) {
    check(y.array(), 1, x.size());
    if (factor == 1) {
      Sums.put(x, y);
    } else {
      Elementwise.multiply(x, (float) factor, y);
    }
  }

  @Override
  public void multiply(Array a, Array b, Grad y) {
    check(b, 1, a.size());
    check(y.array(), 1, a.size());
    Elementwise.multiply(a, b, y);
  }

  @Override
  public void dropout(Array x, DropMask mask, Grad y) {
    check(y.array(), 1, x.size());
    Elementwise.dropout(x, mask, y, factors);
  }

  @Override
  public void takeColumns(Array x, int from, Array y) {
    check(y, x.rows(), y.dim(-1));
    for (int row = 0; row < x.rows(); row++) {
      MemorySegment.copy(x.segment(), 4 * ((long) row * x.dim(-1) + from), y.segment(), 4L * row * y.dim(-1),
          4L * y.dim(-1));
    }
  }

  @Override
  public void putColumns(Array x, int from, Grad y) {
    Array target = y.array();
    check(target, x.rows(), target.dim(-1));
    for (int row = 0; row < x.rows(); row++) {
      long to = (long) row * target.dim(-1) + from;
      if (y.add()) {
        Sums.add(x.segment(), (long) row * x.dim(-1), target.segment(), to, x.dim(-1));
      } else {
        MemorySegment.copy(x.segment(), 4L * row * x.dim(-1), target.segment(), 4 * to, 4L * x.dim(-1));
      }
    }
  }

  @Override
  public void fill(Array x, double value) {
    Elementwise.fill(x, value);
  }

  @Override
  public int kept(Formula formula) {
    return formulas == null ? 0 : formulas.statistics(formula);
  }

  @Override
  public void formula(Formula formula, Array x, List<Array> parameters, Array y, @Nullable Array slope,
      Array statistics) {
    check(y, x.rows(), x.dim(-1));
    if (formulas == null) {
      Kernels.super.formula(formula, x, parameters, y, slope, statistics);
    } else {
      formulas.forward(formula, x, parameters, y, slope, statistics);
    }
  }

  @Override
  public void formulaBackward(Formula formula, Array dy, Array x, List<Array> parameters, Array statistics,
      @Nullable Grad dx, List<@Nullable Grad> gradients) {
    check(dy, x.rows(), x.dim(-1));
    check(dx, x.rows(), x.dim(-1));
    if (formulas == null) {
      Kernels.super.formulaBackward(formula, dy, x, parameters, statistics, dx, gradients);
    } else {
      formulas.backward(formula, dy, x, parameters, statistics, dx, gradients);
    }
  }

  @Override
  public void close() {
    products.close();
    row.close();
    if (formulas != null) {
      formulas.close();
    }
    attention.close();
  }

  /// A scalar; losses and their gradients are FLOAT64.
  private static float number(Array scalar) {
    return scalar.dtype() == DType.FLOAT64
        ? (float) scalar.segment().get(ValueLayout.JAVA_DOUBLE, 0)
        : get(scalar.segment(), 0);
  }
}

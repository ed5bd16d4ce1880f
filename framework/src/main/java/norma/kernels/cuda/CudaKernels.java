package norma.kernels.cuda;

import static norma.kernels.cuda.Compiler.Source.ELEMENTWISE;
import static norma.kernels.cuda.Compiler.Source.TOKENS;

import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.kernels.AdamW;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.kernels.cuda.Compiler.Source;
import norma.kernels.cuda.CudaBackend.Precision;
import norma.kernels.cuda.Launch.Grid;
import norma.kernels.cuda.Products.Matrix;
import org.jspecify.annotations.Nullable;

/// Which kernel of the GPU does what, with how many threads. The mathematics is in the sources beside this class.
///
/// Sums over rows are made in two steps, a part for each block and then the parts in their order: the same numbers give the same
/// bits.
final class CudaKernels implements Kernels, AutoCloseable {
  /// Rows whose gradients one block adds to the tokens' before the parts are added.
  private static final int ROWS_OF_PART = 1024;
  private static final long MOST_PARTIALS = 1 << 24;

  private final Arena arena;
  private final CudaBackend backend;
  private final Stream stream;
  private final Precision precision;
  private final DeviceClock clock;
  private final Grids grids;
  private @Nullable CudaMemory scratch;

  CudaKernels(Arena arena, CudaBackend backend, Precision precision) {
    this.arena = arena;
    this.backend = backend;
    this.stream = backend.stream();
    this.precision = precision;
    this.clock = backend.clock();
    this.grids = new Grids(backend.device().multiprocessors(), precision == Precision.BF16);
  }

  @Override
  public Arena arena() {
    return arena;
  }

  @Override
  public DType dtype() {
    return backend.activations();
  }

  @Override
  public Array statistics(int... shape) {
    return arena.empty(DType.FLOAT32, shape);
  }

  @Override
  public long mark() {
    return clock.mark();
  }

  @Override
  public long nanos(long mark) {
    return clock.nanos(mark);
  }

  @Override
  public void prepare(Array w) {
    if (precision == Precision.BF16) {
      backend.prepare(w);
    }
  }

  // Products

  @Override
  public void linear(Array x, Array w, @Nullable Array b, Array y) {
    Matrix weight = x.dtype() == dtype() ? weight(w) : Matrix.of(w); // the optimizer's products are of weights alone
    product(Matrix.of(x), false, weight, true, Matrix.of(y), false);
    if (b != null) {
      launch(ELEMENTWISE, "add_bias", grids.each(y.size())).array(y).array(b).integer(x.rows()).integer(w.dim(0));
    }
  }

  @Override
  public void linearBackward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw, @Nullable Grad db) {
    int rows = x.rows();
    if (dx != null) {
      product(Matrix.of(dy), false, weight(w), false, Matrix.of(dx.array()), dx.add());
    }
    if (dw != null) {
      product(Matrix.of(dy), true, Matrix.of(x), false, Matrix.of(dw.array()), dw.add());
    }
    if (db != null) {
      int width = w.dim(0);
      int parts = grids.sums(rows);
      long partial = scratch((long) parts * width * Float.BYTES);
      launch(ELEMENTWISE, "column_partials", Grids.of(parts)).array(dy).number(partial).integer(rows).integer(width);
      columnSums(partial, parts, width, db);
    }
  }

  private void product(Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c, boolean add) {
    Products.describe(stream.next(0, Grid.NONE), a, transposeA, b, transposeB, c, add,
        precision != Precision.FP32 && a.dtype() == DType.FLOAT32 ? Products.Compute.TF32 : Products.Compute.FLOAT32);
  }

  /// A weight in the type of the activations.
  private Matrix weight(Array w) {
    if (precision != Precision.BF16) {
      return Matrix.of(w);
    }
    Array prepared = backend.prepared(w);
    if (prepared != null) {
      return Matrix.of(prepared);
    }
    long copy = scratch(w.size() * DType.BFLOAT16.bytes());
    toBf16(w, copy);
    return new Matrix(copy, DType.BFLOAT16, w.dim(0), w.dim(1));
  }

  /// Rounds float32 numbers.
  ///
  /// @param to address of as many bfloat16
  void toBf16(Array from, long to) {
    launch(ELEMENTWISE, "to_bf16_array", grids.each(from.size())).array(from).number(to).number(from.size());
  }

  @Override
  public void roundRows(Array x, Array y) {
    String kernel = x.dtype() == dtype() ? "round_rows" : "round_rows_of_weight";
    launch(ELEMENTWISE, kernel, grids.warps(x.rows())).array(x).array(y).integer(x.rows()).integer(x.dim(-1));
  }

  // Tokens

  @Override
  public void embedding(Array ids, Array tok, @Nullable Array pos, int first, Array y) {
    int rows = Math.toIntExact(ids.size());
    launch(TOKENS, "embedding", grids.each(y.size(), 1)).array(ids).array(tok).array(pos).integer(first).array(y)
        .integer(rows).integer(ids.dim(1)).integer(tok.dim(1));
  }

  @Override
  public void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {
    int rows = Math.toIntExact(ids.size());
    int width = dy.dim(-1);
    if (dtok != null) {
      int vocabulary = dtok.array().dim(0);
      long size = (long) vocabulary * width;
      int parts = Math.clamp(MOST_PARTIALS / size, 1, Math.ceilDiv(rows, ROWS_OF_PART));
      long partial = scratch(parts * size * Float.BYTES);
      launch(TOKENS, "token_partials", Grids.of(vocabulary, parts)).array(dy).array(ids).number(partial)
          .integer(rows).integer(vocabulary).integer(width).integer(parts);
      columnSums(partial, parts, Math.toIntExact(size), dtok);
    }
    if (dpos != null) {
      boolean cleared = !dpos.add() && dpos.array().dim(0) > ids.dim(1); // positions that no sequence reaches
      if (cleared) {
        fill(dpos.array(), 0);
      }
      int columns = ids.dim(1) * width;
      launch(ELEMENTWISE, "sum_columns", grids.each(columns, 1)).array(dy).integer(ids.dim(0)).integer(columns)
          .grad(cleared ? Grad.add(dpos.array()) : dpos);
    }
  }

  @Override
  public void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits) {
    int rows = logits.rows();
    Grid grid = Grids.of(grids.sums(rows));
    long partial = scratch((long) grid.x() * Double.BYTES);
    launch(TOKENS, "cross_entropy", grid).array(logits).array(targets).real(scale).array(dlogits).number(partial)
        .integer(rows).integer(logits.dim(-1));
    sum(partial, grid, loss);
  }

  // Attention

  @Override
  public void attention(Array qkv, int heads, DropMask drop, Array y, Array lse) {
    attention("attention", qkv, y, heads, launch -> launch.array(qkv).array(y).array(lse), drop);
  }

  @Override
  public void attentionBackward(Array dy, Array qkv, Array y, Array lse, int heads, DropMask drop,
      @Nullable Grad dqkv) {
    if (dqkv == null) {
      return;
    }
    long delta = scratch(lse.bytes());
    for (String kernel : List.of("attention_backward_queries", "attention_backward_keys")) {
      attention(kernel, qkv, y, heads,
          launch -> launch.array(dy).array(qkv).array(y).array(lse).number(delta).grad(dqkv),
          drop);
    }
  }

  private void attention(String name, Array qkv, Array y, int heads, Consumer<Launch> arrays, DropMask drop) {
    Grids.Attention choice = grids.attention(y, heads);
    Launch launch = stream.next(backend.modules().kernel(choice.source(), choice.headWidth(), name), choice.grid());
    arrays.accept(launch);
    launch.integer(y.dim(0)).integer(y.dim(1)).integer(heads).integer(Kernels.kvHeads(qkv, y, heads))
        .integer(y.dim(2) / heads).drop(drop);
  }

  @Override
  public void rotate(Array x, int heads, int headWidth, int first, boolean back, Grad y) {
    Array angles = backend.angles().table(headWidth, first + x.dim(1));
    int width = x.dim(2);
    long steps = (long) x.rows() * (width - heads * (headWidth / 2)); // pairs, and channels that are copied
    launch(ELEMENTWISE, "rotate", grids.each(steps, 1)).array(x).array(angles).integer(angles.dim(1)).integer(first)
        .grad(y)
        .integer(x.rows()).integer(x.dim(1)).integer(width).integer(heads).integer(headWidth).integer(back ? 1 : 0);
  }

  // Optimizer

  @Override
  public double sumInPlace(Array total, List<Array> parts) {
    for (Array part : parts) {
      mix(1, total, 1, part, total);
    }
    Array sum = arena.empty(DType.FLOAT64);
    squares(total, sum);
    return backend.read(sum)[0];
  }

  @Override
  public void adamWInPlace(Array w, Array g, Array m, Array v, AdamW c) {
    launch(ELEMENTWISE, "adamw", grids.each(w.size(), 4)).array(w).array(g).array(m).array(v)
        .real(1 - c.lr() * c.weightDecay())
        .real(c.beta1()).real(c.beta2()).real(c.lr() / c.correction1()).real(1 / Math.sqrt(c.correction2()))
        .real(c.eps()).real(c.gradScale()).number(w.size());
  }

  @Override
  public void mix(double a, Array x, double b, Array y, Array z) {
    launch(ELEMENTWISE, "mix", grids.each(x.size(), 4)).real(a).array(x).real(b).array(y).array(z).number(x.size());
  }

  @Override
  public void normalize(Array x, double floor, Array y) {
    Array squares = arena.empty(DType.FLOAT64);
    squares(x, squares);
    launch(ELEMENTWISE, "normalize", grids.each(x.size(), 4)).array(x).array(squares).real(floor).array(y)
        .number(x.size());
  }

  /// Sum of the squares of numbers in the weights' type.
  private void squares(Array x, Array sum) {
    Grid grid = grids.sums(x.size(), 4);
    long partial = scratch((long) grid.x() * Double.BYTES);
    launch(ELEMENTWISE, "square_partials", grid).array(x).number(partial).number(x.size());
    sum(partial, grid, sum);
  }

  // Element by element

  @Override
  public void add(Array a, Array b, Array y) {
    stream
        .defer(new Stream.Sum(a, b, y, () -> launch(ELEMENTWISE, "add", grids.each(y.size())).array(a).array(b).array(y)
            .number(y.size())));
  }

  @Override
  public void multiply(Array x, double factor, Grad y) {
    if (x.dtype() != dtype() || y.array().dtype() != dtype()) {
      throw new IllegalArgumentException(
          "expected " + dtype() + ", the activations' type, not " + x + " and " + y.array());
    }
    launch(ELEMENTWISE, "multiply", grids.each(x.size())).array(x).real(factor).grad(y).number(x.size());
  }

  @Override
  public void dropout(Array x, DropMask mask, Grad y) {
    launch(ELEMENTWISE, "dropout", grids.each(x.size())).array(x).drop(mask).grad(y).number(x.size());
  }

  @Override
  public void takeColumns(Array x, int from, Array y) {
    copyColumns(x, from, Grad.write(y), 0, y.dim(-1));
  }

  @Override
  public void putColumns(Array x, int from, Grad y) {
    copyColumns(x, 0, y, from, x.dim(-1));
  }

  private void copyColumns(Array x, int from, Grad y, int to, int width) {
    launch(ELEMENTWISE, "copy_columns", grids.each((long) x.rows() * width, 1)).array(x).integer(x.dim(-1))
        .integer(from)
        .grad(y).integer(y.array().dim(-1)).integer(to).integer(width).integer(x.rows());
  }

  @Override
  public void fill(Array x, double value) {
    Grid grid = grids.each(x.size());
    switch (x.dtype()) {
      case FLOAT64 -> launch(ELEMENTWISE, "fill_double", grid).array(x).real64(value).number(x.size());
      case FLOAT32 -> launch(ELEMENTWISE, "fill_float", grid).array(x).real(value).number(x.size());
      case BFLOAT16 -> launch(ELEMENTWISE, "fill_real", grid).array(x).real(value).number(x.size());
      case INT32 -> throw new IllegalArgumentException("integers are written, not filled: " + x);
    }
  }

  // Norms

  @Override
  public int kept(Formula formula) {
    return backend.modules().kept(formula);
  }

  /// Adds first what makes x if that is still to be done.
  @Override
  public void formula(Formula formula, List<Array> inputs, List<Array> outputs, Array statistics) {
    Array x = inputs.getFirst();
    List<Array> others = inputs.subList(1, inputs.size());
    Stream.Sum sum = stream.take(x, others);
    PlannedFormula planned = backend.modules().formula(formula, x.dim(-1));
    RowWork work = planned.forward();
    long slots = scratch(Float.BYTES * (long) work.slots().size() * x.rows());
    Launch launch = stream.next(backend.modules().kernel(planned, "forward"), grids.of(work, x.rows()));
    if (sum == null) {
      launch.array(x).array(null).array(null);
    } else {
      launch.array(sum.a()).array(sum.b()).array(x);
    }
    others.forEach(launch::array);
    outputs.forEach(launch::array);
    launch.array(statistics).number(slots).integer(x.rows());
  }

  /// Parts of each block, then their sums and what follows from those.
  @Override
  public void formulaBackward(Formula formula, Array dy, List<Array> inputs, Array statistics,
      List<@Nullable Grad> gradients) {
    int rows = dy.rows();
    int width = dy.dim(-1);
    int points = formula.inputs().size();
    List<@Nullable Grad> ofParameters = gradients.subList(points, gradients.size());
    PlannedFormula planned = backend.modules().formula(formula, width);
    RowWork work = planned.backward();
    Grid grid = grids.of(work, rows);
    int parts = grid.x();
    int blocks = grid.x() * grid.y();
    int vectors = work.sums().size();
    int numbers = work.totals().size();
    long sums = scratch(Float.BYTES * ((long) vectors * (parts + 1) * width + (long) numbers * blocks
        + (long) work.slots().size() * rows));
    long ofAll = sums + Float.BYTES * (long) vectors * parts * width;
    long totals = ofAll + Float.BYTES * (long) vectors * width;
    long slots = totals + Float.BYTES * (long) numbers * blocks;
    Launch launch = stream.next(backend.modules().kernel(planned, "backward"), grid).array(dy);
    inputs.forEach(launch::array);
    launch.array(statistics);
    gradients.subList(0, points).forEach(launch::grad);
    launch.number(slots).number(totals).number(sums).integer(rows);
    if (ofParameters.stream().anyMatch(Objects::nonNull)) {
      Launch finish = stream.next(backend.modules().kernel(planned, "finish"),
          Grids.of(planned.joint() ? 1 : Math.ceilDiv(width, Lanes.WARP)));
      inputs.subList(points, inputs.size()).forEach(finish::array);
      finish.number(totals).integer(blocks).number(sums).integer(parts).number(ofAll);
      ofParameters.forEach(finish::grad);
    }
  }

  private void columnSums(long partial, int parts, int width, Grad out) {
    launch(ELEMENTWISE, "sum_columns_of_floats", grids.each(8L * width, 1)).number(partial).integer(parts)
        .integer(width).grad(out);
  }

  /// Adds up a part of each block.
  private void sum(long partial, Grid grid, Array out) {
    launch(ELEMENTWISE, "sum_doubles", Grids.of(1)).number(partial).integer(grid.x()).array(out);
  }

  private Launch launch(Source source, String kernel, Grid grid) {
    return stream.next(backend.modules().kernel(source, 0, kernel), grid);
  }

  /// Memory for the temporaries of one kernel and of those that follow it at once: the next call gives the same.
  private long scratch(long bytes) {
    if (scratch == null || scratch.length() * Float.BYTES < bytes) {
      if (scratch != null) {
        scratch.close();
        scratch = null;
      }
      scratch = new CudaMemory(stream, DType.FLOAT32, (bytes + Float.BYTES - 1) / Float.BYTES);
    }
    return scratch.address();
  }

  @Override
  public void close() {
    if (scratch != null) {
      scratch.close();
    }
    clock.close();
    arena.close();
  }
}

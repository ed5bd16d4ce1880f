package norma.kernels.nd4j;

import static norma.kernels.nd4j.Nd4jMath.columnSums;
import static norma.kernels.nd4j.Nd4jMath.matrix;
import static norma.kernels.nd4j.Nd4jMath.product;
import static norma.kernels.nd4j.Nd4jMath.store;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.kernels.AdamW;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.kernels.RotaryAngles;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.memory.enums.AllocationPolicy;
import org.nd4j.linalg.api.memory.enums.LearningPolicy;
import org.nd4j.linalg.api.memory.enums.ResetPolicy;
import org.nd4j.linalg.api.memory.enums.SpillPolicy;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/// The definition of every primitive: compositions of ND4J operations, readable first, in float32 or float64.
/// Faster backends are checked against it.
final class Nd4jKernels implements Kernels {
  /// Temporaries of one kernel: grows to the largest kernel's need, then stays.
  private static final WorkspaceConfiguration SCRATCH = WorkspaceConfiguration.builder().initialSize(0)
      .policyAllocation(AllocationPolicy.STRICT).policyLearning(LearningPolicy.FIRST_LOOP)
      .policyReset(ResetPolicy.BLOCK_LEFT).policySpill(SpillPolicy.REALLOCATE).build();

  private final Arena arena;
  private final DType dtype;

  /// @param arena receives results
  /// @param dtype FLOAT32 or FLOAT64
  Nd4jKernels(Arena arena, DType dtype) {
    this.arena = arena;
    this.dtype = dtype;
  }

  @Override
  public Arena arena() {
    return arena;
  }

  @Override
  public DType dtype() {
    return dtype;
  }

  @Override
  public Scratch scratch() {
    MemoryWorkspace scratch = Nd4j.getWorkspaceManager().getAndActivateWorkspace(SCRATCH, "norma.scratch");
    return scratch::close;
  }

  @Override
  public void formula(Formula formula, List<Array> inputs, List<Array> outputs, Array statistics) {
    Nd4jFormulas.forward(formula, inputs, outputs);
  }

  @Override
  public void formulaBackward(Formula formula, Array dy, List<Array> inputs, Array statistics,
      List<@Nullable Grad> gradients) {
    Nd4jFormulas.backward(formula, dy, inputs, gradients);
  }

  @Override
  public void linear(Array x, Array w, @Nullable Array b, Array y) {
    product(matrix(x), false, w.nd4j(), true, matrix(y));
    if (b != null) {
      matrix(y).addi(matrix(b));
    }
  }

  @Override
  public void linearBackward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw, @Nullable Grad db) {
    if (dx != null) {
      store(dx, product(matrix(dy), false, w.nd4j(), false));
    }
    if (dw != null) {
      store(dw, product(matrix(dy), true, matrix(x), false));
    }
    if (db != null) {
      store(db, columnSums(matrix(dy)));
    }
  }

  // By adding a number above which there are no fractions: ND4J's round takes halves away from 0.
  @Override
  public void roundRows(Array x, Array y) {
    double wholeNumbers = dtype == DType.FLOAT32 ? 0x1.8p23 : 0x1.8p52;
    INDArray scale = Transforms.max(Transforms.abs(matrix(x), true).max(true, 1).divi(127), Float.MIN_NORMAL, false);
    matrix(y).assign(matrix(x).div(scale).addi(wholeNumbers).subi(wholeNumbers).muli(scale));
  }

  @Override
  public void embedding(Array ids, Array tok, @Nullable Array pos, int first, Array y) {
    product(oneHot(ids, tok.dim(0), matrix(tok).dataType()), false, tok.nd4j(), false, matrix(y));
    if (pos != null) {
      y.nd4j().addi(pos.slice((long) first * pos.dim(1), 1, ids.dim(1), pos.dim(1)).nd4j());
    }
  }

  // By a product with the one-hot matrix: scatter_add loses updates of duplicate indices on two threads.
  @Override
  public void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {
    int batch = ids.dim(0);
    int time = ids.dim(1);
    if (dtok != null) {
      store(dtok, product(oneHot(ids, dtok.array().dim(0), matrix(dy).dataType()), true, matrix(dy), false));
    }
    if (dpos != null) {
      INDArray sum = columnSums(dy.reshape(batch, time * dy.dim(-1)).nd4j());
      if (!dpos.add()) {
        fill(dpos.array(), 0);
      }
      store(Grad.add(dpos.array().slice(0, time, dy.dim(-1))), sum);
    }
  }

  @Override
  public void attention(Array qkv, int heads, DropMask drop, Array y, Array lse) {
    int kvHeads = Kernels.kvHeads(qkv, y, heads);
    int headWidth = y.dim(-1) / heads;
    INDArray k = heads(qkv, heads, kvHeads, headWidth);
    INDArray v = heads(qkv, heads + kvHeads, kvHeads, headWidth);
    INDArray scores = scores(grouped(heads(qkv, 0, heads, headWidth), kvHeads), k, heads);
    INDArray max = scores.max(true, 3);
    INDArray exp = Transforms.exp(scores.subi(max), false);
    INDArray sum = exp.sum(true, 3);
    INDArray weights = dropped(exp.divi(sum), drop);
    lse.nd4j().assign(Transforms.log(sum, false).addi(max).reshape('c', new long[]{ lse.dim(0), heads, lse.dim(2) }));
    heads(y, 0, heads, headWidth).assign(grouped(product(grouped(weights, kvHeads), false, v, false), heads));
  }

  /// With P the weights and dP = dy v^T: dS = P (dP - rowsum(P dP)) / sqrt(D), dq = dS k, dk = dS^T q, dv = P^T dy.
  @Override
  public void attentionBackward(Array dy, Array qkv, Array y, Array lse, int heads, DropMask drop,
      @Nullable Grad dqkv) {
    if (dqkv == null) {
      return;
    }
    int kvHeads = Kernels.kvHeads(qkv, y, heads);
    int headWidth = dy.dim(-1) / heads;
    INDArray q = grouped(heads(qkv, 0, heads, headWidth), kvHeads);
    INDArray k = heads(qkv, heads, kvHeads, headWidth);
    INDArray v = heads(qkv, heads + kvHeads, kvHeads, headWidth);
    INDArray dout = grouped(heads(dy, 0, heads, headWidth), kvHeads);
    INDArray shift = lse.reshape(lse.dim(0), heads, lse.dim(2), 1).nd4j();
    INDArray p = Transforms.exp(scores(q, k, heads).subi(shift), false);
    INDArray dv = product(grouped(dropped(p.dup('c'), drop), kvHeads), true, dout, false);
    INDArray dp = dropped(grouped(product(dout, false, v, true), heads), drop);
    INDArray ds = grouped(dp.subi(dp.mul(p).sum(true, 3)).muli(p).muli(1 / Math.sqrt(headWidth)), kvHeads);
    dqkv.put(heads(dqkv.array(), 0, heads, headWidth), grouped(product(ds, false, k, false), heads));
    dqkv.put(heads(dqkv.array(), heads, kvHeads, headWidth), product(ds, true, q, false));
    dqkv.put(heads(dqkv.array(), heads + kvHeads, kvHeads, headWidth), dv);
  }

  @Override
  public void rotate(Array x, int heads, int headWidth, int first, boolean back, Grad y) {
    INDArray angles = Nd4j.createFromArray(RotaryAngles.of(headWidth, first, x.dim(1))).castTo(matrix(x).dataType());
    INDArray cosinesAndSines = angles.reshape('c', 2, 1, x.dim(1), 1, headWidth / 2);
    INDArray cos = cosinesAndSines.slice(0); // (1, T, 1, D/2)
    INDArray sin = cosinesAndSines.slice(1).muli(back ? -1 : 1);
    INDArray real = halves(x, 0, heads, headWidth);
    INDArray imaginary = halves(x, 1, heads, headWidth);
    y.put(halves(y.array(), 0, heads, headWidth), real.mul(cos).subi(imaginary.mul(sin)));
    y.put(halves(y.array(), 1, heads, headWidth), imaginary.mul(cos).addi(real.mul(sin)));
    int turned = heads * headWidth;
    if (turned < x.dim(2)) {
      int rest = x.dim(2) - turned;
      y.put(columns(y.array(), turned, rest), columns(x, turned, rest));
    }
  }

  @Override
  public void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits) {
    INDArray shifted = matrix(logits).sub(matrix(logits).max(true, 1));
    INDArray exp = Transforms.exp(shifted, true);
    INDArray sum = exp.sum(true, 1);
    INDArray oneHot = oneHot(targets, logits.dim(-1), shifted.dataType());
    INDArray nll = Transforms.log(sum, true).subi(shifted.muli(oneHot).sum(true, 1)); // (R, 1)
    loss.nd4j().assign(nll.castTo(DataType.DOUBLE).sum().muli(scale));
    if (dlogits != null) {
      matrix(dlogits).assign(exp.divi(sum).subi(oneHot).muli(scale));
    }
  }

  // In double: ND4J's whole-array norm2 in float32 is up to 10 % off.
  @Override
  public double sumInPlace(Array total, List<Array> parts) {
    for (Array part : parts) {
      total.nd4j().addi(part.nd4j());
    }
    INDArray values = total.nd4j().castTo(DataType.DOUBLE);
    return values.mul(values).sumNumber().doubleValue();
  }

  @Override
  public void adamWInPlace(Array w, Array g, Array m, Array v, AdamW c) {
    INDArray grad = g.nd4j().mul(c.gradScale());
    INDArray first = m.nd4j().muli(c.beta1()).addi(grad.mul(1 - c.beta1()));
    INDArray second = v.nd4j().muli(c.beta2()).addi(grad.muli(grad).muli(1 - c.beta2()));
    INDArray root = Transforms.sqrt(second.div(c.correction2()), false).addi(c.eps());
    w.nd4j().muli(1 - c.lr() * c.weightDecay()).subi(first.div(root).muli(c.lr() / c.correction1()));
  }

  @Override
  public void mix(double a, Array x, double b, Array y, Array z) {
    flat(z).assign(flat(x).mul(a).addi(flat(y).mul(b)));
  }

  @Override
  public void add(Array a, Array b, Array y) {
    flat(a).addi(flat(b), flat(y));
  }

  @Override
  public void multiply(Array x, double factor, Grad y) {
    store(y, flat(x).mul(factor));
  }

  @Override
  public void dropout(Array x, DropMask mask, Grad y) {
    store(y, flat(x).mul(factors(mask, x.size(), flat(x))));
  }

  @Override
  public void takeColumns(Array x, int from, Array y) {
    matrix(y).assign(columns(x, from, y.dim(-1)));
  }

  @Override
  public void putColumns(Array x, int from, Grad y) {
    y.put(columns(y.array(), from, x.dim(-1)), matrix(x));
  }

  @Override
  public void fill(Array x, double value) {
    flat(x).assign(value);
  }

  /// Some heads of (B, T, N), seen as (B, H, T, D): a view.
  private static INDArray heads(Array x, int first, int heads, int headWidth) {
    long row = x.dim(2);
    return x.nd4jView((long) first * headWidth, new long[]{ x.dim(0), heads, x.dim(1), headWidth },
        new long[]{ x.dim(1) * row, headWidth, row, 1 });
  }

  /// The first or the second half of each head of (B, T, N), as (B, T, H, D/2): a view.
  private static INDArray halves(Array x, int part, int heads, int headWidth) {
    long row = x.dim(2);
    return x.nd4jView((long) part * headWidth / 2, new long[]{ x.dim(0), x.dim(1), heads, headWidth / 2 },
        new long[]{ x.dim(1) * row, row, headWidth, 1 });
  }

  /// The rows of neighbouring heads one after the other, as those of one head: (B, H, T, N) as (B, K, H / K T, N), and back.
  private static INDArray grouped(INDArray x, int heads) {
    long rows = x.size(1) * x.size(2) / heads;
    return x.size(1) == heads ? x : x.reshape('c', x.size(0), heads, rows, x.size(3));
  }

  /// `q k^T / sqrt(D)`, minus infinity at later positions. (B, H, T, T)
  ///
  /// @param q in groups
  private static INDArray scores(INDArray q, INDArray k, int heads) {
    int time = Math.toIntExact(k.size(2));
    double[] later = new double[time * time];
    for (int i = 0; i < time; i++) {
      Arrays.fill(later, i * time + i + 1, (i + 1) * time, Double.NEGATIVE_INFINITY);
    }
    INDArray mask = Nd4j.createFromArray(later).castTo(q.dataType()).reshape(1, 1, time, time);
    return grouped(product(q, false, k, true), heads).muli(1 / Math.sqrt((double) q.size(3))).addi(mask);
  }

  private static INDArray dropped(INDArray weights, DropMask mask) {
    if (mask.probability() == 0) {
      return weights;
    }
    return weights.muli(factors(mask, weights.length(), weights).reshape('c', weights.shape()));
  }

  private static INDArray oneHot(Array ids, int count, DataType type) {
    int[] values = ids.segment().toArray(ValueLayout.JAVA_INT);
    double[] rows = new double[values.length * count];
    for (int i = 0; i < values.length; i++) {
      rows[i * count + Objects.checkIndex(values[i], count)] = 1;
    }
    return Nd4j.createFromArray(rows).castTo(type).reshape(values.length, count);
  }

  private static INDArray flat(Array x) {
    return x.reshape(Math.toIntExact(x.size())).nd4j();
  }

  private static INDArray columns(Array x, int from, int count) {
    return x.nd4jView(from, new long[]{ x.rows(), count }, new long[]{ x.dim(-1), 1 });
  }

  /// The factors of a mask, as an array like `model`.
  private static INDArray factors(DropMask mask, long size, INDArray model) {
    double[] factors = new double[Math.toIntExact(size)];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = mask.factor(i);
    }
    return Nd4j.createFromArray(factors).castTo(model.dataType());
  }
}

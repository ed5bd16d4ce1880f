package norma.kernels;

import java.util.List;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import org.jspecify.annotations.Nullable;

/// The primitives of a GPT, each forward with its backward beside it. One instance belongs to one worker thread.
///
/// Conventions: outputs are given by the caller and overwritten; a matrix argument may have more dimensions, its rows are
/// all but the last; a backward kernel receives what forward computed, never modifies its inputs, and skips a gradient
/// whose [Grad] is null; `...InPlace` names a kernel that modifies its argument. Scalars are arrays of shape ().
public interface Kernels {

  /// Memory of the step that these kernels work for.
  Arena arena();

  /// Element type of activations and their gradients.
  DType dtype();

  /// An array with undefined contents that lives until the end of the step.
  default Array empty(int... shape) {
    return arena().empty(dtype(), shape);
  }

  /// The same for numbers that activations are computed with (means, deviations, constants): in the type of the weights.
  default Array statistics(int... shape) {
    return empty(shape);
  }

  /// Whether these kernels compute. Tracing kernels only pass shapes through.
  default boolean computes() {
    return true;
  }

  /// This point in the order of the kernels' work, for measuring how long work takes. It costs no more than a look at a clock:
  /// kernels that run on a device put an event of the device between their launches, and wait for nothing but the
  /// first of a row of marks, which sets the device's time beside the host's.
  default long mark() {
    return System.nanoTime();
  }

  /// When a mark was reached, in nanoseconds of [System#nanoTime]; may wait until all work is done. Two marks of the same kernels
  /// differ by the time that the work between them took.
  default long nanos(long mark) {
    return mark;
  }

  /// Opens a scope for the temporaries of one kernel; closing it gives them back.
  default Scratch scratch() {
    return () -> {};
  }

  /// Memory for temporaries.
  interface Scratch extends AutoCloseable {
    @Override
    void close();
  }

  /// Says that `w`, a weight of linear layers, keeps its values until [Backend#weightsChanged]: products may use a copy of it
  /// in another order until then, in all kernels of the backend. Different threads may prepare different weights.
  default void prepare(Array w) {}

  /// `y = x W^T + b`, PyTorch's convention for a linear layer.
  ///
  /// @param x (R, K)
  /// @param w (N, K)
  /// @param b (N), or null
  /// @param y (R, N)
  void linear(Array x, Array w, @Nullable Array b, Array y);

  /// `dx = dy W`, `dw = dy^T x`, `db` = column sums of dy.
  ///
  /// @param dy (R, N)
  void linearBackward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw, @Nullable Grad db);

  /// Each row as int8 would keep it, in numbers of the same type: `y = s round(x / s)`, `s = max|x| / 127` over the row, halves
  /// to even numbers (symmetric absmax quantization, Dettmers et al., arXiv:2208.07339, equation 1). A row that is 0 stays 0.
  ///
  /// @param x (R, K)
  /// @param y (R, K)
  void roundRows(Array x, Array y);

  /// `y[b, t] = tok[ids[b, t]] + pos[first + t]`.
  ///
  /// @param ids   (B, T) INT32 in [0, V)
  /// @param tok   (V, C)
  /// @param pos   (at least first + T, C), or null
  /// @param first position of each sequence's first token
  /// @param y     (B, T, C)
  void embedding(Array ids, Array tok, @Nullable Array pos, int first, Array y);

  /// Sums the rows of dy by token into dtok and by position, from 0 on, into dpos.
  void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos);

  /// Causal self-attention of every head h: `softmax(q k^T / sqrt(D), no later positions) v` (Vaswani et al.,
  /// arXiv:1706.03762), with dropout on the weights. H / K neighbouring heads share keys and values (Ainslie et al., arXiv:2305.13245):
  /// their gradients are the sums over these heads, in their order.
  ///
  /// @param qkv  (B, T, (H + 2K) D): all queries, all keys, all values; heads contiguous
  /// @param drop mask over (B, H, T, T)
  /// @param y    (B, T, C)
  /// @param lse  (B, H, T), logarithm of the softmax denominators, for backward
  void attention(Array qkv, int heads, DropMask drop, Array y, Array lse);

  /// [#attention] of the next tokens of one sequence: rows of y are those that [#attention] gives in the whole sequence. What follows
  /// defines it; kernels of their own compute the new rows only.
  ///
  /// @param qkv   (1, S, (H + 2K) D)
  /// @param cache (at least first + S, 2K D): has keys and values of the tokens before, and gets those of the new ones
  /// @param first tokens before
  /// @param y     (1, S, C)
  default void cachedAttention(Array qkv, Array cache, int first, int heads, Array y) {
    int time = first + qkv.dim(1);
    int most = cache.dim(0); // memory for as many: whatever comes later lies at the same place for every length
    int width = y.dim(2);
    int row = qkv.dim(2);
    Array known = cache.slice(0, time, row - width);
    Array whole = empty(1, most, row).slice(0, 1, time, row);
    Array all = empty(1, most, width).slice(0, 1, time, width);
    fill(whole, 0); // queries of the tokens before: nobody wants what they ask for
    putColumns(known, width, Grad.write(whole));
    putColumns(qkv.reshape(1, qkv.dim(1) * row), first * row, Grad.write(whole.reshape(1, time * row)));
    takeColumns(whole, width, known);
    attention(whole, heads, DropMask.NONE, all, statistics(1, heads, most).slice(0, 1, heads, time));
    takeColumns(all.reshape(1, time * width), first * width, y.reshape(1, y.dim(1) * width));
  }

  /// Gradient of [#attention].
  ///
  /// @param dy (B, T, C)
  void attentionBackward(Array dy, Array qkv, Array y, Array lse, int heads, DropMask drop, @Nullable Grad dqkv);

  /// Heads of keys and values, K.
  ///
  /// @param qkv (B, T, (H + 2K) D)
  /// @param y   (B, T, H D)
  static int kvHeads(Array qkv, Array y, int heads) {
    return (int) (qkv.size() / (y.size() / heads) - heads) / 2;
  }

  /// Rotary position embedding (Su et al., arXiv:2104.09864): in the first heads of every row the channels i and i + D/2 are a complex
  /// number, which is multiplied by `exp(j t 10000^(-2 i / D))` at position t. The other heads are copied.
  ///
  /// @param x         (B, T, N), N a multiple of D
  /// @param headWidth D, even
  /// @param first     position of each sequence's first row
  /// @param back      whether to turn by the negative angle, as its gradient wants it
  /// @param y         (B, T, N)
  void rotate(Array x, int heads, int headWidth, int first, boolean back, Grad y);

  /// Mean negative log likelihood of the targets under softmax(logits), times `scale * R`: with `scale = 1/R` the mean.
  ///
  /// @param logits  (R, V)
  /// @param targets (R) INT32
  /// @param scale   weight of one row
  /// @param loss    () FLOAT64: `scale * sum over rows`, accumulated in double
  /// @param dlogits (R, V) receives the gradient for a loss gradient of 1, or null where none is needed
  void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits);

  /// `total += parts`, one after the other, in this order: the gradients of a step's shards.
  ///
  /// @return the sum of the result's squares, accumulated in double
  double sumInPlace(Array total, List<Array> parts);

  /// One [AdamW] update of a run of parameters.
  ///
  /// @param w weights
  /// @param g gradients
  /// @param m first moments
  /// @param v second moments
  void adamWInPlace(Array w, Array g, Array m, Array v, AdamW constants);

  /// `z = a x + b y`, of weights, gradients and what belongs to them; z may be x or y.
  void mix(double a, Array x, double b, Array y, Array z);

  /// `y = x / max(|x|, floor)`, where |x| is the root of the sum of all squares, of the same arrays; y may be x.
  default void normalize(Array x, double floor, Array y) {
    mix(1 / Math.max(Math.sqrt(sumInPlace(x, List.of())), floor), x, 0, x, y);
  }

  // Normalizations and activations: any formula over the channels of one token.

  /// Values of a row that forward leaves for backward.
  default int kept(Formula formula) {
    return 0;
  }

  /// `y = f(x, u; parameters)`.
  ///
  /// @param inputs     x (R, C), u (R, C) of a formula of two, then the parameters in the formula's order, vectors (C) and numbers ()
  /// @param outputs    receive y (R, C) and each slope (R, C) that the formula keeps
  /// @param statistics ([#kept], R) receives what backward needs
  void formula(Formula formula, List<Array> inputs, List<Array> outputs, Array statistics);

  /// Gradients of [#formula]. Sums over all tokens run in double or in two levels, on the CPU in float for a vector's channels.
  ///
  /// @param dy        (R, C)
  /// @param inputs    those of forward, with dy/dx and dy/du in the places of x and u if the formula keeps these
  /// @param gradients of the inputs
  void formulaBackward(Formula formula, Array dy, List<Array> inputs, Array statistics,
      List<@Nullable Grad> gradients);

  // What treats every element alike, and copies.

  /// `y = a + b`; y may be a.
  void add(Array a, Array b, Array y);

  /// `y = factor * x` for a constant.
  void multiply(Array x, double factor, Grad y);

  /// `y = x factor(i)` (Srivastava et al., JMLR 15, 2014, with the scaling at training time). Its own backward.
  void dropout(Array x, DropMask mask, Grad y);

  /// Copies columns `[from, from + width of y)` of x's rows to y.
  void takeColumns(Array x, int from, Array y);

  /// Copies x to columns `[from, from + width of x)` of y's rows, or adds it there.
  void putColumns(Array x, int from, Grad y);

  /// Sets every element.
  void fill(Array x, double value);
}

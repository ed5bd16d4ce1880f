package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.Kernels;

/// [Attention] of the next tokens of one sequence, whose earlier keys and values a cache has: those of the new tokens are put behind them.
/// Inputs: qkv (1, S, (H + 2K) D) and the cache (at least first + S, 2K D). Output (1, S, H D).
///
/// @param heads   number of heads H
/// @param kvHeads heads of keys and values K, which divides H
/// @param first   tokens before the new ones
public record CachedAttention(int heads, int kvHeads, int first) implements Op<Op.Nothing> {

  @Override
  public Output<Nothing> forward(Kernels kernels, Array... inputs) {
    Array qkv = inputs[0];
    Array cache = inputs[1];
    int time = qkv.dim(1);
    int headWidth = qkv.dim(2) / (heads + 2 * kvHeads);
    check(qkv, time, (long) (heads + 2 * kvHeads) * headWidth);
    check(cache, cache.dim(0), 2L * kvHeads * headWidth);
    Array y = kernels.empty(1, time, heads * headWidth);
    kernels.cachedAttention(qkv, cache, first, heads, y);
    return new Output<>(y, new Nothing());
  }

  /// @throws IllegalStateException always: tokens of earlier passes have left no tape
  @Override
  public void backward(Kernels kernels, Nothing saved, Array dy, Gradients gradients) {
    throw new IllegalStateException("attention to cached keys and values has no gradient; train without a cache");
  }
}

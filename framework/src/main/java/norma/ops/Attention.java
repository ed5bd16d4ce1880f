package norma.ops;

import static norma.ops.Checks.check;

import norma.array.Array;
import norma.kernels.DropMask;
import norma.kernels.Kernels;

/// Causal multi-head self-attention (arXiv:1706.03762), in groups of heads that share keys and values (arXiv:2305.13245). Input: qkv
/// (B, T, (H + 2K) D). Output (B, T, H D).
///
/// Keeps the logarithm of the softmax denominators instead of the (B, H, T, T) weights, as FlashAttention does
/// (arXiv:2205.14135): memory grows linearly in T.
///
/// @param heads   number of heads H
/// @param kvHeads heads of keys and values K, which divides H
/// @param drop    mask over the attention weights (B, H, T, T)
public record Attention(int heads, int kvHeads, DropMask drop) implements Op<Attention.Saved> {

  /// @param lse (B, H, T)
  public record Saved(Array qkv, Array y, Array lse) {}

  @Override
  public Output<Saved> forward(Kernels kernels, Array... inputs) {
    Array qkv = inputs[0];
    int all = heads + 2 * kvHeads;
    Array y = kernels.empty(qkv.dim(0), qkv.dim(1), qkv.dim(2) / all * heads);
    check(qkv, y.rows(), (long) y.dim(-1) / heads * all);
    Array lse = kernels.statistics(qkv.dim(0), heads, qkv.dim(1));
    kernels.attention(qkv, heads, drop, y, lse);
    return new Output<>(y, new Saved(qkv, y, lse));
  }

  @Override
  public void backward(Kernels kernels, Saved saved, Array dy, Gradients gradients) {
    kernels.attentionBackward(dy, saved.qkv, saved.y, saved.lse, heads, drop, gradients.into(0));
  }
}

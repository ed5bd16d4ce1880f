package norma.kernels;

import norma.array.Array;
import org.jspecify.annotations.Nullable;

/// The normalizations over the channels of one token, and the point-wise functions that stand in for them.
///
/// For all: x, y, dy are (R, C); weight and bias (C); `bias` and `dbias` may be null. Sums over all tokens run in double or
/// in two levels.
public interface NormKernels {

  /// LayerNorm (Ba, Kiros and Hinton, arXiv:1607.06450): `y = weight (x - mean) rstd + bias`,
  /// `rstd = 1/sqrt(var + eps)` with the population variance.
  ///
  /// @param mean (R), for backward
  /// @param rstd (R), for backward
  void layerNorm(Array x, Array weight, @Nullable Array bias, double eps, Array y, Array mean, Array rstd);

  /// With `n = (x - mean) rstd` and `g = dy weight`: `dx = rstd (g - mean(g) - n mean(g n))`, `dweight = sum(dy n)`.
  void layerNormBackward(Array dy, Array x, Array weight, Array mean, Array rstd, @Nullable Grad dx,
      @Nullable Grad dweight, @Nullable Grad dbias);

  /// RMSNorm (Zhang and Sennrich, arXiv:1910.07467): `y = weight x rstd + bias`, `rstd = 1/sqrt(mean(x^2) + eps)`.
  ///
  /// @param rstd (R), for backward
  void rmsNorm(Array x, Array weight, @Nullable Array bias, double eps, Array y, Array rstd);

  /// With `n = x rstd` and `g = dy weight`: `dx = rstd (g - n mean(g n))`, `dweight = sum(dy n)`.
  void rmsNormBackward(Array dy, Array x, Array weight, Array rstd, @Nullable Grad dx, @Nullable Grad dweight,
      @Nullable Grad dbias);

  /// DyT (Zhu et al., arXiv:2503.10622): `y = weight tanh(alpha x) + bias`.
  ///
  /// @param alpha ()
  void dyt(Array x, Array alpha, Array weight, @Nullable Array bias, Array y);

  /// With `t = tanh(alpha x)`: `dx = dy weight alpha (1 - t^2)`, `dalpha = sum(dy weight x (1 - t^2))`,
  /// `dweight = sum(dy t)`.
  void dytBackward(Array dy, Array x, Array alpha, Array weight, @Nullable Grad dx, @Nullable Grad dalpha,
      @Nullable Grad dweight, @Nullable Grad dbias);

  /// DyISRU (Stollenwerk, arXiv:2503.21708): `y = weight scale x / sqrt(b + x^2) + bias`, where b is the learnable beta
  /// or its softplus.
  ///
  /// @param beta     () as learned
  /// @param softplus whether `b = log(1 + exp(beta))`, else `b = beta`
  /// @param scale    1, or sqrt(C) as in the paper
  void dyisru(Array x, Array beta, boolean softplus, double scale, Array weight, @Nullable Array bias, Array y);

  /// With `r = b + x^2`: `dx = dy weight scale b r^-1.5`, `db = -0.5 sum(dy weight scale x r^-1.5)`,
  /// `dweight = sum(dy scale x r^-0.5)`; for softplus `dbeta = db / (1 + exp(-beta))`.
  void dyisruBackward(Array dy, Array x, Array beta, boolean softplus, double scale, Array weight, @Nullable Grad dx,
      @Nullable Grad dbeta, @Nullable Grad dweight, @Nullable Grad dbias);

  /// Derf (Chen et al., arXiv:2512.10938): `y = weight erf(alpha x + shift) + bias`.
  ///
  /// @param alpha ()
  /// @param shift ()
  void derf(Array x, Array alpha, Array shift, Array weight, @Nullable Array bias, Array y);

  /// With `u = alpha x + shift` and `e = 2/sqrt(pi) exp(-u^2)`: `dx = dy weight alpha e`,
  /// `dalpha = sum(dy weight x e)`, `dshift = sum(dy weight e)`, `dweight = sum(dy erf(u))`.
  void derfBackward(Array dy, Array x, Array alpha, Array shift, Array weight, @Nullable Grad dx,
      @Nullable Grad dalpha, @Nullable Grad dshift, @Nullable Grad dweight, @Nullable Grad dbias);
}

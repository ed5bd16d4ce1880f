package norma.optim;

import norma.array.Array;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), as `torch.optim.Muon` has it: the momentum m of a matrix's
/// gradient g, with every singular value near 1 in place of its own, is what the matrix w moves by.
///
///     m <- momentum * m + (1 - momentum) * g
///     O = the orthogonal matrix near (1 - momentum) * g + momentum * m      Nesterov's step
///     w <- w - lr * weightDecay * w - lr * 0.2 sqrt(max(rows, columns)) * O
///
/// The last factor gives the change the root mean square that AdamW's has (Liu et al., arXiv:2502.16982, equation 4;
/// `adjust_lr_fn="match_rms_adamw"` of PyTorch), so that both take the same learning rate and decay.
final class Muon {
  /// Iterations, and the polynomial a x + b x^3 + c x^5 of each, which the source has tuned to bring singular values near 1 fast.
  private static final int ITERATIONS = 5;
  private static final double A = 3.4445;
  private static final double B = -4.7750;
  private static final double C = 2.0315;
  /// Smallest norm that is divided by, of PyTorch.
  private static final double FLOOR = 1e-7;

  private Muon() {}

  /// One update. O is left in the place of the gradient.
  ///
  /// @param w           (N, K)
  /// @param g           gradient (N, K)
  /// @param m           momentum (N, K)
  /// @param rate        learning rate of this step
  /// @param weightDecay decoupled decay
  /// @param gradScale   factor on every gradient element first (clipping)
  static void update(Kernels kernels, Array w, Array g, Array m, double momentum, double rate, double weightDecay,
      double gradScale) {
    double part = (1 - momentum) * gradScale;
    Array x = kernels.statistics(w.shape());
    kernels.mix(momentum, m, part, g, m);
    kernels.mix(part, g, momentum, m, x);
    kernels.normalize(x, FLOOR, x);
    orthogonalize(kernels, x, g);
    kernels.mix(1 - rate * weightDecay, w, -rate * scale(w), g, w);
  }

  /// Times O, before the rate.
  static double scale(Array w) {
    return 0.2 * Math.sqrt(Math.max(w.dim(0), w.dim(1)));
  }

  /// Newton-Schulz iteration `X <- a X + (b S + c S S) X` with `S = X X^T`, which works on singular values alone. Of a matrix with more
  /// rows than columns it is `X <- a X + X (b S + c S S)` with `S = X^T X`, the same with a smaller S. S is symmetric: `S S^T = S S`.
  ///
  /// @param x (N, K), overwritten
  /// @param y (N, K) receives the result
  private static void orthogonalize(Kernels kernels, Array x, Array y) {
    boolean tall = x.dim(0) > x.dim(1);
    int side = Math.min(x.dim(0), x.dim(1));
    Array square = kernels.statistics(side, side);
    Array polynomial = kernels.statistics(side, side);
    Array from = x;
    Array to = y;
    for (int i = 0; i < ITERATIONS; i++) { // an odd number: the last result is in y
      if (tall) {
        transposedProduct(kernels, from, from, square);
      } else {
        kernels.linear(from, from, null, square);
      }
      kernels.linear(square, square, null, polynomial);
      kernels.mix(B, square, C, polynomial, polynomial);
      if (tall) {
        kernels.linear(from, polynomial, null, to);
      } else {
        transposedProduct(kernels, polynomial, from, to);
      }
      kernels.mix(A, from, 1, to, to);
      Array before = from;
      from = to;
      to = before;
    }
  }

  /// `c = a^T b`, the product of a weight's gradient.
  private static void transposedProduct(Kernels kernels, Array a, Array b, Array c) {
    kernels.linearBackward(a, b, c, null, Grad.write(c), null);
  }

  /// Floating-point operations of an update: in each iteration three products and two sums, besides twelve for each weight.
  static double flops(Array w) {
    double side = Math.min(w.dim(0), w.dim(1));
    double size = w.size();
    return ITERATIONS * (4 * side * size + 2 * side * side * side + 3 * side * side + 3 * size) + 12 * size;
  }
}

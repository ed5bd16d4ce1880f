package norma.kernels;

/// Constants of one AdamW update (Loshchilov and Hutter, arXiv:1711.05101): m and v are the moving averages of the gradient g
/// and of its square, and
///
///     w <- w - lr * weightDecay * w - lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)
///
/// @param lr           learning rate of this step
/// @param beta1        decay of m
/// @param beta2        decay of v
/// @param eps          added to the root
/// @param weightDecay  decoupled decay
/// @param step         counts from 1
/// @param gradScale    factor on every gradient element first (clipping)
public record AdamW(double lr, double beta1, double beta2, double eps, double weightDecay, long step,
    double gradScale) {

  /// Floating-point operations for one parameter: clip 1, moments 3 and 4, denominator 3, quotient 2, decay and step 2.
  public static final int FLOPS = 15;

  /// 1 - beta1^step.
  public double correction1() {
    return 1 - Math.pow(beta1, (double) step);
  }

  /// 1 - beta2^step.
  public double correction2() {
    return 1 - Math.pow(beta2, (double) step);
  }
}

package norma.kernels;

/// Constants of one update by stochastic gradient descent with momentum (Polyak, 1964) as `torch.optim.SGD` has it, with its
/// weight decay: not decoupled, the decay is part of the gradient g. m is the momentum, 0 at first, and
///
///     m <- momentum * m + g + weightDecay * w
///     w <- w - lr * m
///
/// @param lr          learning rate of this step
/// @param momentum    decay of m
/// @param weightDecay classic decay
/// @param gradScale   factor on every gradient element first (clipping)
public record Sgd(double lr, double momentum, double weightDecay, double gradScale) {

  /// Floating-point operations for one parameter: clip 1, momentum 2, decay 2, step 2.
  public static final int FLOPS = 7;
}

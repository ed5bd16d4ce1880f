package norma.ops;

import java.util.List;
import norma.array.Array;

/// What one operation costs on given shapes.
///
/// A multiply-add is two floating-point operations, a transcendental function one. Backward of a product counts twice its
/// forward; what an implementation recomputes does not count. Attention counts the lower triangle only.
///
/// @param forwardFlops  floating-point operations of forward
/// @param backwardFlops floating-point operations of backward
/// @param savedBytes    kept for backward besides inputs and output: statistics, slopes, a gradient
/// @param movedBytes    inputs read and output written by forward, each once
public record Cost(double forwardFlops, double backwardFlops, long savedBytes, long movedBytes) {

  /// Nothing.
  public static final Cost ZERO = new Cost(0, 0, 0, 0);

  /// The sum of two.
  public Cost plus(Cost other) {
    return new Cost(forwardFlops + other.forwardFlops, backwardFlops + other.backwardFlops,
        savedBytes + other.savedBytes, movedBytes + other.movedBytes);
  }

  /// Cost of an operation.
  ///
  /// @param inputs of the operation, as it receives them
  /// @param output of the operation
  public static Cost of(Op<?> op, List<Array> inputs, Array output) {
    Array x = inputs.getFirst();
    double n = output.size();
    long all = inputs.stream().mapToLong(Array::bytes).sum() + output.bytes();
    return switch (op) {
      case Linear _ -> product(n, x, inputs.size() > 2).keeping(0, all);
      case Embedding _ -> new Cost(n, 2 * n, 0, x.bytes() + 3 * output.bytes());
      case Add _ -> new Cost(n, 0, 0, all);
      case Scale _ -> new Cost(n, 3 * n, 0, all);
      case Gelu _ -> new Cost(8 * n, n, output.bytes(), all + output.bytes()); // erf, exp, six to combine; keeps the slope
      case Dropout _ -> new Cost(n, n, 0, all);
      case Reshape _ -> ZERO;
      case TakeColumns _ -> new Cost(0, n, 0, 2 * output.bytes());
      case Concat _ -> new Cost(0, 0, 0, all);
      case Attention attention -> attention(attention, x, output).keeping(
          (long) x.dim(0) * attention.heads() * x.dim(1) * x.dtype().bytes(), all);
      case CrossEntropy _ -> new Cost(5.0 * x.size(), 0, x.bytes(), 2 * x.bytes()); // its gradient in the same pass
      case NormOp<?> norm ->
        new Cost(norm.forwardFlops() * n, norm.backwardFlops() * n, norm.savedBytes(x), all);
    };
  }

  /// Inputs and outputs that an operation keeps for backward. Two operations often keep the same array: whoever adds bytes up
  /// counts it once.
  public static List<Array> kept(Op<?> op, List<Array> inputs, Array output) {
    return switch (op) {
      case Linear _,Embedding _,Scale _,NormOp<?> _ -> List.of(inputs.getFirst());
      case Attention _ -> List.of(inputs.getFirst(), output);
      case Add _,Gelu _,Dropout _,Reshape _,TakeColumns _,Concat _,CrossEntropy _ -> List.of();
    };
  }

  private Cost keeping(long saved, long moved) {
    return new Cost(forwardFlops, backwardFlops, saved, moved);
  }

  private static Cost product(double n, Array x, boolean bias) {
    double b = bias ? n : 0;
    return new Cost(2 * n * x.dim(-1) + b, 4 * n * x.dim(-1) + b, 0, 0);
  }

  /// Pairs of a query and a key that it may see, T (T + 1) / 2 for each sequence and head: two products forward and four
  /// backward, and a softmax of five operations each way.
  private static Cost attention(Attention attention, Array qkv, Array output) {
    double time = qkv.dim(1);
    double pairs = qkv.dim(0) * attention.heads() * time * (time + 1) / 2;
    double headWidth = output.dim(-1) / (double) attention.heads();
    return new Cost(pairs * (4 * headWidth + 5), pairs * (8 * headWidth + 5), 0, 0);
  }
}

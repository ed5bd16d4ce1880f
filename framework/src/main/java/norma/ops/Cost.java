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
/// @param forwardBytes  inputs read and output and savings written by forward, each once
/// @param backwardBytes the output's gradient and everything kept read, gradients of the inputs written, each once; a weight's
///     gradient is summed over the passes of a step, so that it is read as well. What another operation has left of an
///     input's gradient is not counted here: one operation does not know of it
public record Cost(double forwardFlops, double backwardFlops, long savedBytes, long forwardBytes, long backwardBytes) {

  /// Nothing.
  public static final Cost ZERO = new Cost(0, 0, 0, 0, 0);

  /// The sum of two.
  public Cost plus(Cost other) {
    return new Cost(forwardFlops + other.forwardFlops, backwardFlops + other.backwardFlops,
        savedBytes + other.savedBytes, forwardBytes + other.forwardBytes, backwardBytes + other.backwardBytes);
  }

  /// Cost of an operation.
  ///
  /// @param inputs of the operation, as it receives them
  /// @param output of the operation
  public static Cost of(Op<?> op, List<Array> inputs, Array output) {
    Array x = inputs.getFirst();
    double n = output.size();
    long all = inputs.stream().mapToLong(Array::bytes).sum() + output.bytes();
    long y = output.bytes();
    return switch (op) {
      case LinearOp _ -> product(n, x, inputs);
      case Embedding _ -> { // rows of a table or two
        int tables = inputs.size() - 1;
        long read = tables * output.size() * statistic(output);
        yield new Cost((tables - 1) * n, tables * n, 0, x.bytes() + read + y, x.bytes() + 2 * read + y);
      }
      case Add _ -> new Cost(n, 0, 0, all, 0); // both gradients are the output's
      case DropoutOp _ -> new Cost(n, n, 0, all, all);
      case Reshape _ -> ZERO;
      case TakeColumns _ -> new Cost(0, n, 0, 2 * y, 2 * y);
      case Concat _ -> new Cost(0, 0, 0, all, all);
      case Rotary rotary -> { // two products and a sum for each number of the heads that turn
        double flops = 3.0 * output.rows() * rotary.heads() * rotary.headWidth();
        yield new Cost(flops, flops, 0, all, all);
      }
      case Attention attention -> attention(attention, x, output);
      case CachedAttention _ -> throw new IllegalArgumentException("generation is not counted");
      case CrossEntropy _ -> // its gradient in the same pass
        new Cost(5.0 * x.size(), 0, x.bytes(), 2 * x.bytes() + inputs.get(1).bytes(), 0);
      case NormOp<?> norm -> new Cost(norm.forwardFlops() * n, norm.backwardFlops() * n, norm.savedBytes(x),
          all + norm.savedBytes(x), 2 * all - y + norm.savedBytes(x)
              - (norm instanceof FormulaOp f ? (f.formula().inputs().size() - f.kept(inputs).size()) * x.bytes() : 0));
    };
  }

  /// Inputs and outputs that an operation keeps for backward. Two operations often keep the same array: whoever adds bytes up
  /// counts it once.
  public static List<Array> kept(Op<?> op, List<Array> inputs, Array output) {
    return switch (op) {
      case FormulaOp f -> f.kept(inputs);
      case LinearOp _,Embedding _,NormOp<?> _ -> List.of(inputs.getFirst());
      case Attention _ -> List.of(inputs.getFirst(), output);
      case Add _,DropoutOp _,Reshape _,TakeColumns _,Concat _,Rotary _,CachedAttention _,CrossEntropy _ -> List.of();
    };
  }

  /// Bytes of a statistic, of a number in a table or of a weight's gradient, which are float32 at least.
  static long statistic(Array x) {
    return Math.max(Float.BYTES, x.dtype().bytes());
  }

  private static Cost product(double n, Array x, List<Array> inputs) {
    double b = inputs.size() > 2 ? n : 0;
    long in = inputs.stream().mapToLong(Array::bytes).sum();
    long y = (long) (n * x.dtype().bytes());
    long gradients = x.bytes() + 2 * (in - x.bytes()) / x.dtype().bytes() * statistic(x);
    return new Cost(2 * n * x.dim(-1) + b, 4 * n * x.dim(-1) + b, 0, in + y, in + y + gradients);
  }

  /// For each pair of a query and a key that it may see: two products forward and four backward, and a softmax of five operations
  /// each way.
  private static Cost attention(Attention attention, Array qkv, Array output) {
    double time = qkv.dim(1);
    // Pairs of a query and a key that it may see: T (T + 1) / 2 for each sequence and head.
    double pairs = qkv.dim(0) * attention.heads() * time * (time + 1) / 2;
    double headWidth = output.dim(-1) / (double) attention.heads();
    long sums = (long) qkv.dim(0) * attention.heads() * qkv.dim(1) * statistic(qkv);
    return new Cost(pairs * (4 * headWidth + 5), pairs * (8 * headWidth + 5), sums, qkv.bytes() + output.bytes() + sums,
        2 * qkv.bytes() + 2 * output.bytes() + sums);
  }
}

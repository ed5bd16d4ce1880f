package norma.kernels;

import java.util.List;
import java.util.function.Function;
import norma.array.Array;
import norma.array.DType;
import org.jspecify.annotations.Nullable;

/// A kernel with the shapes of its arrays, apart from any backend: tests give it numbers, benchmarks measure it. [KernelCalls] has those
/// of a training step.
///
/// @param kernel  name of the method, with a formula's name behind it
/// @param inputs  in the order that `body` reads them
/// @param outputs in the order that `body` writes them
/// @param flops   operations of matrix products; 0 where time is a matter of bytes
/// @param forward writes the inputs of kind [Kind#KEPT] and [Kind#STATISTICS], which a backward kernel gets from forward
/// @param body    calls the kernel
public record KernelCall(String kernel, List<Operand> inputs, List<Operand> outputs, double flops, Body forward,
    Body body) {
  /// A forward kernel needs nothing of another.
  static final Body NOTHING = (k, in, out) -> {};

  /// A call. A null output is a gradient that nobody needs.
  public interface Body {
    /// @param in  arrays of [#inputs]
    /// @param out where [#outputs] go
    void run(Kernels kernels, Array[] in, @Nullable Grad[] out);
  }

  /// What an array holds, and how often a call moves it at least.
  public enum Kind {
    /// Activations, or a gradient of theirs.
    ACTIVATION(1),
    /// The weight of a linear layer.
    MATRIX(1),
    /// Other parameters, or a gradient of parameters.
    WEIGHT(1),
    /// Parameters that the kernel reads and writes.
    UPDATED(2),
    /// Activations of earlier tokens, to which the kernel adds those of new ones.
    CACHE(1),
    /// INT32 below [Operand#bound].
    IDS(1),
    /// Vectors and numbers of a formula, too small to count.
    SMALL(0),
    /// Activations that forward has written.
    KEPT(0),
    /// Numbers a row that forward has written.
    STATISTICS(0),
    /// A FLOAT64 number.
    LOSS(0);

    private final int passes;

    Kind(int passes) {
      this.passes = passes;
    }
  }

  /// One array.
  ///
  /// @param bound of integers
  /// @param shape some formulas keep more on one backend than on another
  public record Operand(Kind kind, int bound, Function<Kernels, int[]> shape) {
    static Operand of(Kind kind, int... shape) {
      return new Operand(kind, 0, k -> shape);
    }

    static Operand ids(int bound, int... shape) {
      return new Operand(Kind.IDS, bound, k -> shape);
    }

    /// The element type.
    ///
    /// @param weights the backend's type of weights
    public DType dtype(Kernels kernels, DType weights) {
      return switch (kind) {
        case IDS -> DType.INT32;
        case LOSS -> DType.FLOAT64;
        case ACTIVATION, CACHE, KEPT -> kernels.dtype();
        case MATRIX, WEIGHT, UPDATED, SMALL, STATISTICS -> weights;
      };
    }

    private long bytes(Kernels kernels, DType weights) {
      return kind.passes * Array.size(shape.apply(kernels)) * dtype(kernels, weights).bytes();
    }
  }

  /// Bytes that it must at least read and write: every matrix once.
  ///
  /// @param weights the backend's type of weights
  public long bytes(Kernels kernels, DType weights) {
    return inputs.stream().mapToLong(operand -> operand.bytes(kernels, weights)).sum()
        + outputs.stream().mapToLong(operand -> operand.bytes(kernels, weights)).sum();
  }
}

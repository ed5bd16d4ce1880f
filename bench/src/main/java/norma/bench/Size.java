package norma.bench;

import norma.kernels.KernelCalls;

/// Dimensions of the measured calls: those of the shapes that `bench/compare` trains.
///
/// @param calls      by their dimensions
/// @param vocabulary V
/// @param parameters of the whole model, for the optimizer
public record Size(KernelCalls calls, int vocabulary, int parameters) {
  private static final int VOCABULARY = 77; // of the built-in corpus

  /// By name: S and M are those shapes, pass is what a worker computes at a time in a step of S.
  ///
  /// @throws IllegalArgumentException if there is none
  public static Size of(String name) {
    return switch (name) {
      case "S" -> of(Shape.S, Shape.S.batch());
      case "M" -> of(Shape.M, Shape.M.batch());
      case "pass" -> of(Shape.S, 3);
      default -> throw new IllegalArgumentException("there is no size '" + name + "'; expected S, M or pass");
    };
  }

  private static Size of(Shape shape, int batch) {
    return new Size(new KernelCalls(batch, shape.context(), shape.width(), shape.heads()), VOCABULARY,
        12 * shape.layers() * shape.width() * shape.width());
  }

  /// Calls on the MLP's hidden numbers.
  KernelCalls wide() {
    return new KernelCalls(calls.batch(), calls.time(), 4 * calls.width(), calls.heads());
  }

  /// A single sequence, and as small a part of the parameters.
  Size sequence() {
    return new Size(new KernelCalls(1, calls.time(), calls.width(), calls.heads()), vocabulary,
        parameters / calls.batch());
  }
}

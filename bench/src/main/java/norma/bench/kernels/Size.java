package norma.bench.kernels;

import norma.kernels.KernelCalls;

/// Dimensions of the measured calls: those of the shapes that `bench/compare` trains.
///
/// @param batch      B
/// @param time       T
/// @param width      C
/// @param heads      H
/// @param vocabulary V
/// @param parameters of the whole model, for the optimizer
record Size(int batch, int time, int width, int heads, int vocabulary, int parameters) {
  private static final int VOCABULARY = 78; // of the built-in corpus

  /// 768 rows of 128.
  static final Size S = new Size(12, 64, 128, 4, VOCABULARY, 12 * 4 * 128 * 128);
  /// 192 rows of 128: what a worker computes at a time in a step of S.
  static final Size PASS = new Size(3, 64, 128, 4, VOCABULARY, 12 * 4 * 128 * 128);
  /// 16384 rows of 384.
  static final Size M = new Size(64, 256, 384, 6, VOCABULARY, 12 * 6 * 384 * 384);

  /// By name.
  ///
  /// @throws IllegalArgumentException if there is none
  static Size of(String name) {
    return switch (name) {
      case "S" -> S;
      case "M" -> M;
      case "pass" -> PASS;
      default -> throw new IllegalArgumentException("there is no size '" + name + "'; expected S, M or pass");
    };
  }

  /// What one of several threads works on: a part of the sequences, and of the parameters.
  Size share(int threads) {
    return new Size(batch / threads, time, width, heads, vocabulary, parameters / threads);
  }

  /// A single sequence, and as small a part of the parameters.
  Size sequence() {
    return share(batch);
  }

  /// Kernels of these dimensions.
  KernelCalls calls() {
    return new KernelCalls(batch, time, width, heads);
  }
}

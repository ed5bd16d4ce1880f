package norma.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/// The size of a kernel call and the magnitude of its numbers.
///
/// @param batch sequences
/// @param time  length of each
/// @param width channels
/// @param scale factor on normally distributed activations; the point-wise kernels see it in full
record Sizes(int batch, int time, int width, double scale) {
  private static final List<Integer> EDGES = List.of(1, 3, 16, 31, 33, 127, 128);

  /// Row counts and widths around the edges of tiles and vectors: each count with itself, with its neighbour, and with one
  /// far away.
  static List<Sizes> all() {
    List<Sizes> all = new ArrayList<>();
    for (int i = 0; i < EDGES.size(); i++) {
      int rows = EDGES.get(i);
      int batch = rows % 3 == 0 ? 3 : 1;
      for (int apart : new int[]{ 0, 1, 4 }) {
        all.add(new Sizes(batch, rows / batch, EDGES.get((i + apart) % EDGES.size()), 1));
      }
    }
    all.add(new Sizes(1, 3, 768, 1)); // GPT-2's width
    return all;
  }

  /// Zeros, tiny and huge numbers, at two odd sizes.
  static List<Sizes> extreme() {
    List<Sizes> all = new ArrayList<>();
    for (double scale : new double[]{ 0, 1e-20, 1e18 }) {
      all.add(new Sizes(3, 11, 31, scale));
      all.add(new Sizes(1, 3, 128, scale));
    }
    return all;
  }

  KernelCalls calls() {
    return new KernelCalls(batch, time, width, heads());
  }

  /// Integers as a [CheckedCall] has them.
  static double[] numbers(int[] ids) {
    return Arrays.stream(ids).asDoubleStream().toArray();
  }

  int rows() {
    return batch * time;
  }

  int size() {
    return rows() * width;
  }

  int heads() {
    return width % 4 == 0 ? 4 : width % 3 == 0 ? 3 : 1;
  }

  /// Heads of keys and values: all, and one for all, and with four heads two.
  List<Integer> kvHeads() {
    return IntStream.of(heads(), 2, 1).filter(k -> heads() % k == 0).distinct().boxed().toList();
  }

  /// Activations.
  double[] x(long seed) {
    return Workbench.times(scale, Workbench.normal(size(), seed));
  }

  /// Activations of kernels whose products or exponentials of huge numbers say nothing.
  double[] moderate(int count, long seed) {
    return Workbench.times(Math.min(scale, 1), Workbench.normal(count, seed));
  }

  /// Token ids below `bound`, with many duplicates.
  int[] ids(int bound) {
    return IntStream.range(0, rows()).map(i -> (i * i + i / 3) % bound).toArray();
  }
}

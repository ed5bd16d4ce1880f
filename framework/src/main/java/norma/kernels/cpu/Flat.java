package norma.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import norma.array.DType;
import norma.array.HostMemory;
import norma.formula.Routine;
import norma.kernels.rows.RowKernels;
import norma.kernels.rows.Rows;

/// Routines over elements that are in no rows: they are divided into rows, and what is left into rows of one element.
final class Flat implements AutoCloseable {
  /// Elements of a row: as many sums run side by side, each of which waits for its last addition.
  private static final int ROW = 64;
  /// Elements of which sums are in float.
  private static final int BLOCK = 256 * ROW;
  static final double[] NO_NUMBERS = {};

  private final RowKernels rows;
  private final HostMemory sums = HostMemory.allocate(DType.FLOAT32, ROW);

  /// @param rows of this worker
  Flat(RowKernels rows) {
    this.rows = rows;
  }

  /// Runs a routine.
  ///
  /// @param n        elements of each operand
  /// @param operands without the vector, if the routine takes something to one
  /// @return the sum of that vector, in double over its places and over blocks
  double run(Routine routine, double[] numbers, long n, MemorySegment... operands) {
    boolean sums = routine.operands().size() > operands.length;
    double total = 0;
    long block = sums ? BLOCK : n;
    for (long from = 0; from < n; from += block) {
      long count = Math.min(block, n - from);
      total += run(routine, numbers, ROW, from, count / ROW, operands, sums);
      total += run(routine, numbers, 1, from + count / ROW * ROW, count % ROW, operands, sums);
    }
    return total;
  }

  private double run(Routine routine, double[] numbers, int width, long from, long count, MemorySegment[] operands,
      boolean sums) {
    double total = 0;
    if (count > 0) {
      Rows row = rows.routine(routine, width).with(numbers);
      for (int i = 0; i < operands.length; i++) {
        row.bind(i, operands[i], from);
      }
      MemorySegment sum = this.sums.segment();
      if (sums) {
        sum.fill((byte) 0);
        row.bind(operands.length, sum, 0);
      }
      row.run(Math.toIntExact(count));
      for (int i = 0; sums && i < width; i++) {
        total += sum.getAtIndex(JAVA_FLOAT_UNALIGNED, i);
      }
    }
    return total;
  }

  @Override
  public void close() {
    sums.close();
  }
}

package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.broadcastAt;
import static norma.kernels.vector.Vectors.loadAt;
import static norma.kernels.vector.Vectors.zero;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/// The register tiles that all products are made of: 6 rows and four vectors of columns, or two where there are 16 registers or
/// few columns. The sums stay in registers while the inner dimension goes by. The left operand is read a scalar at a time, from its
/// rows as they lie or from [Strips]; the right one from [Panels], a cache line at a time.
///
/// [#slim] is for few registers and operands that are both packed: eight rows by one vector, each number of the left operand used once.
///
/// Five times the same with other constants, because the constants are the point (docs/decisions/0004): offsets are `long` sums
/// of something that does not change and a constant power of two times the loop's `int`, so that HotSpot takes the bounds checks
/// out of the loop; 24 sums are neither an array nor something that a method can return. No tile adds to what is there: it goes
/// to spare memory, because one method with both is too large to be compiled without boxing.
final class Tiles {
  /// Rows of a tile.
  static final int ROWS = 6;
  /// Elements of a tile.
  static final int SIZE = ROWS * Panels.WIDE;
  /// Rows of a tile of one vector.
  static final int SLIM_ROWS = 8;
  private static final long SLIM_BYTES = 4L * SLIM_ROWS;
  private static final long VECTOR_BYTES = 4L * LANES;
  private static final long WIDE_BYTES = 4L * Panels.WIDE;
  private static final long NARROW_BYTES = 4L * Panels.NARROW;
  private static final long STRIP_BYTES = 4L * Strips.PITCH;

  private Tiles() {}

  /// Six rows by four vectors from zero: nothing but registers in the loop. Offsets in bytes.
  static void wide(int inner, MemorySegment a, long atA, long rowA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c02 = zero;
    FloatVector c03 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c12 = zero;
    FloatVector c13 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c22 = zero;
    FloatVector c23 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c32 = zero;
    FloatVector c33 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c42 = zero;
    FloatVector c43 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    FloatVector c52 = zero;
    FloatVector c53 = zero;
    long a1 = atA + rowA;
    long a2 = atA + 2 * rowA;
    long a3 = atA + 3 * rowA;
    long a4 = atA + 4 * rowA;
    long a5 = atA + 5 * rowA;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * WIDE_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b2 = loadAt(b, atB + 2 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b3 = loadAt(b, atB + 3 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * 4L);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = broadcastAt(a, a1 + k * 4L);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = broadcastAt(a, a2 + k * 4L);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = broadcastAt(a, a3 + k * 4L);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = broadcastAt(a, a4 + k * 4L);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = broadcastAt(a, a5 + k * 4L);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c02.intoArray(tile, 2 * LANES);
    c03.intoArray(tile, 3 * LANES);
    c10.intoArray(tile, 4 * LANES);
    c11.intoArray(tile, 5 * LANES);
    c12.intoArray(tile, 6 * LANES);
    c13.intoArray(tile, 7 * LANES);
    c20.intoArray(tile, 8 * LANES);
    c21.intoArray(tile, 9 * LANES);
    c22.intoArray(tile, 10 * LANES);
    c23.intoArray(tile, 11 * LANES);
    c30.intoArray(tile, 12 * LANES);
    c31.intoArray(tile, 13 * LANES);
    c32.intoArray(tile, 14 * LANES);
    c33.intoArray(tile, 15 * LANES);
    c40.intoArray(tile, 16 * LANES);
    c41.intoArray(tile, 17 * LANES);
    c42.intoArray(tile, 18 * LANES);
    c43.intoArray(tile, 19 * LANES);
    c50.intoArray(tile, 20 * LANES);
    c51.intoArray(tile, 21 * LANES);
    c52.intoArray(tile, 22 * LANES);
    c53.intoArray(tile, 23 * LANES);
  }

  /// The same, two vectors wide.
  static void narrow(int inner, MemorySegment a, long atA, long rowA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    long a1 = atA + rowA;
    long a2 = atA + 2 * rowA;
    long a3 = atA + 3 * rowA;
    long a4 = atA + 4 * rowA;
    long a5 = atA + 5 * rowA;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * NARROW_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * NARROW_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * 4L);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = broadcastAt(a, a1 + k * 4L);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = broadcastAt(a, a2 + k * 4L);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = broadcastAt(a, a3 + k * 4L);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = broadcastAt(a, a4 + k * 4L);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = broadcastAt(a, a5 + k * 4L);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c10.intoArray(tile, 2 * LANES);
    c11.intoArray(tile, 3 * LANES);
    c20.intoArray(tile, 4 * LANES);
    c21.intoArray(tile, 5 * LANES);
    c30.intoArray(tile, 6 * LANES);
    c31.intoArray(tile, 7 * LANES);
    c40.intoArray(tile, 8 * LANES);
    c41.intoArray(tile, 9 * LANES);
    c50.intoArray(tile, 10 * LANES);
    c51.intoArray(tile, 11 * LANES);
  }

  /// [#wide] with a strip as the left operand.
  static void wideStrip(int inner, MemorySegment a, long atA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c02 = zero;
    FloatVector c03 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c12 = zero;
    FloatVector c13 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c22 = zero;
    FloatVector c23 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c32 = zero;
    FloatVector c33 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c42 = zero;
    FloatVector c43 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    FloatVector c52 = zero;
    FloatVector c53 = zero;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * WIDE_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b2 = loadAt(b, atB + 2 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector b3 = loadAt(b, atB + 3 * VECTOR_BYTES + k * WIDE_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * STRIP_BYTES);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      c02 = x0.fma(b2, c02);
      c03 = x0.fma(b3, c03);
      FloatVector x1 = broadcastAt(a, atA + 4L + k * STRIP_BYTES);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      c12 = x1.fma(b2, c12);
      c13 = x1.fma(b3, c13);
      FloatVector x2 = broadcastAt(a, atA + 8L + k * STRIP_BYTES);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      c22 = x2.fma(b2, c22);
      c23 = x2.fma(b3, c23);
      FloatVector x3 = broadcastAt(a, atA + 12L + k * STRIP_BYTES);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      c32 = x3.fma(b2, c32);
      c33 = x3.fma(b3, c33);
      FloatVector x4 = broadcastAt(a, atA + 16L + k * STRIP_BYTES);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      c42 = x4.fma(b2, c42);
      c43 = x4.fma(b3, c43);
      FloatVector x5 = broadcastAt(a, atA + 20L + k * STRIP_BYTES);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
      c52 = x5.fma(b2, c52);
      c53 = x5.fma(b3, c53);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c02.intoArray(tile, 2 * LANES);
    c03.intoArray(tile, 3 * LANES);
    c10.intoArray(tile, 4 * LANES);
    c11.intoArray(tile, 5 * LANES);
    c12.intoArray(tile, 6 * LANES);
    c13.intoArray(tile, 7 * LANES);
    c20.intoArray(tile, 8 * LANES);
    c21.intoArray(tile, 9 * LANES);
    c22.intoArray(tile, 10 * LANES);
    c23.intoArray(tile, 11 * LANES);
    c30.intoArray(tile, 12 * LANES);
    c31.intoArray(tile, 13 * LANES);
    c32.intoArray(tile, 14 * LANES);
    c33.intoArray(tile, 15 * LANES);
    c40.intoArray(tile, 16 * LANES);
    c41.intoArray(tile, 17 * LANES);
    c42.intoArray(tile, 18 * LANES);
    c43.intoArray(tile, 19 * LANES);
    c50.intoArray(tile, 20 * LANES);
    c51.intoArray(tile, 21 * LANES);
    c52.intoArray(tile, 22 * LANES);
    c53.intoArray(tile, 23 * LANES);
  }

  /// [#narrow] with a strip as the left operand.
  static void narrowStrip(int inner, MemorySegment a, long atA, MemorySegment b, long atB,
      float[] tile) {
    FloatVector zero = zero();
    FloatVector c00 = zero;
    FloatVector c01 = zero;
    FloatVector c10 = zero;
    FloatVector c11 = zero;
    FloatVector c20 = zero;
    FloatVector c21 = zero;
    FloatVector c30 = zero;
    FloatVector c31 = zero;
    FloatVector c40 = zero;
    FloatVector c41 = zero;
    FloatVector c50 = zero;
    FloatVector c51 = zero;
    for (int k = 0; k < inner; k++) {
      FloatVector b0 = loadAt(b, atB + k * NARROW_BYTES);
      FloatVector b1 = loadAt(b, atB + VECTOR_BYTES + k * NARROW_BYTES);
      FloatVector x0 = broadcastAt(a, atA + k * STRIP_BYTES);
      c00 = x0.fma(b0, c00);
      c01 = x0.fma(b1, c01);
      FloatVector x1 = broadcastAt(a, atA + 4L + k * STRIP_BYTES);
      c10 = x1.fma(b0, c10);
      c11 = x1.fma(b1, c11);
      FloatVector x2 = broadcastAt(a, atA + 8L + k * STRIP_BYTES);
      c20 = x2.fma(b0, c20);
      c21 = x2.fma(b1, c21);
      FloatVector x3 = broadcastAt(a, atA + 12L + k * STRIP_BYTES);
      c30 = x3.fma(b0, c30);
      c31 = x3.fma(b1, c31);
      FloatVector x4 = broadcastAt(a, atA + 16L + k * STRIP_BYTES);
      c40 = x4.fma(b0, c40);
      c41 = x4.fma(b1, c41);
      FloatVector x5 = broadcastAt(a, atA + 20L + k * STRIP_BYTES);
      c50 = x5.fma(b0, c50);
      c51 = x5.fma(b1, c51);
    }
    c00.intoArray(tile, 0);
    c01.intoArray(tile, LANES);
    c10.intoArray(tile, 2 * LANES);
    c11.intoArray(tile, 3 * LANES);
    c20.intoArray(tile, 4 * LANES);
    c21.intoArray(tile, 5 * LANES);
    c30.intoArray(tile, 6 * LANES);
    c31.intoArray(tile, 7 * LANES);
    c40.intoArray(tile, 8 * LANES);
    c41.intoArray(tile, 9 * LANES);
    c50.intoArray(tile, 10 * LANES);
    c51.intoArray(tile, 11 * LANES);
  }

  /// Eight rows by one vector, both operands with as many columns as the tile has rows and columns.
  static void slim(int inner, MemorySegment a, long atA, MemorySegment b, long atB, float[] tile) {
    FloatVector zero = zero();
    FloatVector c0 = zero;
    FloatVector c1 = zero;
    FloatVector c2 = zero;
    FloatVector c3 = zero;
    FloatVector c4 = zero;
    FloatVector c5 = zero;
    FloatVector c6 = zero;
    FloatVector c7 = zero;
    for (int k = 0; k < inner; k++) {
      FloatVector x = loadAt(b, atB + k * VECTOR_BYTES);
      c0 = broadcastAt(a, atA + k * SLIM_BYTES).fma(x, c0);
      c1 = broadcastAt(a, atA + 4L + k * SLIM_BYTES).fma(x, c1);
      c2 = broadcastAt(a, atA + 8L + k * SLIM_BYTES).fma(x, c2);
      c3 = broadcastAt(a, atA + 12L + k * SLIM_BYTES).fma(x, c3);
      c4 = broadcastAt(a, atA + 16L + k * SLIM_BYTES).fma(x, c4);
      c5 = broadcastAt(a, atA + 20L + k * SLIM_BYTES).fma(x, c5);
      c6 = broadcastAt(a, atA + 24L + k * SLIM_BYTES).fma(x, c6);
      c7 = broadcastAt(a, atA + 28L + k * SLIM_BYTES).fma(x, c7);
    }
    c0.intoArray(tile, 0);
    c1.intoArray(tile, LANES);
    c2.intoArray(tile, 2 * LANES);
    c3.intoArray(tile, 3 * LANES);
    c4.intoArray(tile, 4 * LANES);
    c5.intoArray(tile, 5 * LANES);
    c6.intoArray(tile, 6 * LANES);
    c7.intoArray(tile, 7 * LANES);
  }
}

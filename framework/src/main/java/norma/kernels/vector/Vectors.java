package norma.kernels.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// Loads, stores and the functions that the norms need, accurate to a few units in the last place of float32.
final class Vectors {
  static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  /// Lanes of one vector.
  static final int LANES = SPECIES.length();
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private Vectors() {}

  /// Columns that fill whole vectors.
  static int whole(int columns) {
    return columns & -LANES;
  }

  static FloatVector load(MemorySegment segment, long index) {
    return FloatVector.fromMemorySegment(SPECIES, segment, index << 2, ORDER);
  }

  static void store(FloatVector vector, MemorySegment segment, long index) {
    vector.intoMemorySegment(segment, index << 2, ORDER);
  }

  static float get(MemorySegment segment, long index) {
    return segment.get(FLOAT, index << 2);
  }

  static void set(MemorySegment segment, long index, float value) {
    segment.set(FLOAT, index << 2, value);
  }

  static FloatVector broadcast(float value) {
    return FloatVector.broadcast(SPECIES, value);
  }

  static FloatVector zero() {
    return FloatVector.zero(SPECIES);
  }

  /// Sum of all lanes in a fixed order. The order of `reduceLanes(ADD)` is not specified: interpreted and compiled code differ in
  /// the last bit, and a run would depend on when its kernels were compiled.
  static float sum(FloatVector v) {
    FloatVector s = v;
    if (LANES >= 16) {
      s = s.add(s.rearrange(BY_8));
    }
    if (LANES >= 8) {
      s = s.add(s.rearrange(BY_4));
    }
    if (LANES >= 4) {
      s = s.add(s.rearrange(BY_2));
    }
    s = s.add(s.rearrange(BY_1));
    return s.lane(0);
  }

  private static final VectorShuffle<Float> BY_8 = rotation(8);
  private static final VectorShuffle<Float> BY_4 = rotation(4);
  private static final VectorShuffle<Float> BY_2 = rotation(2);
  private static final VectorShuffle<Float> BY_1 = rotation(1);

  private static VectorShuffle<Float> rotation(int by) {
    return VectorShuffle.fromOp(SPECIES, i -> (i + by) % LANES);
  }

  // exp x = 2^n exp r, n = round(x / ln 2), |r| <= ln 2 / 2; ln 2 in two parts (Cody and Waite, 1980), exp r by its Taylor
  // polynomial of degree 6, relative error 2e-7. Below -35 the
  // result is 0, not 6e-16 and less, which is nothing beside 1 in float32: products of such numbers soon are below the normal
  // ones, and each of those costs 100 cycles.
  private static final float EXP_ZERO = -35;
  private static final float LOG2E = 1.442_695f;
  private static final float LN2_HIGH = 0.693_359_4f;
  private static final float LN2_LOW = -2.121_944_4e-4f;
  private static final float ROUND = 12_582_912f; // 1.5 * 2^23: adding it rounds to an integer

  static FloatVector exp(FloatVector any) {
    FloatVector x = any.min(88f).max(EXP_ZERO);
    FloatVector shifted = x.fma(broadcast(LOG2E), broadcast(ROUND));
    FloatVector n = shifted.sub(ROUND);
    FloatVector r = n.fma(broadcast(-LN2_HIGH), x);
    r = n.fma(broadcast(-LN2_LOW), r);
    FloatVector p = r.mul(1f / 720).add(1f / 120).fma(r, broadcast(1f / 24)).fma(r, broadcast(1f / 6))
        .fma(r, broadcast(0.5f)).fma(r, broadcast(1)).fma(r, broadcast(1));
    IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
    FloatVector e = p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    return e.blend(0f, any.compare(VectorOperators.LT, EXP_ZERO));
  }

  static float exp(float x) {
    return x < EXP_ZERO ? 0 : (float) Math.exp(x);
  }

}

package norma.kernels.vector;

import static norma.kernels.vector.Vectors.LANES;
import static norma.kernels.vector.Vectors.get;
import static norma.kernels.vector.Vectors.load;
import static norma.kernels.vector.Vectors.set;
import static norma.kernels.vector.Vectors.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import norma.array.Array;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// Products whose operands are rounded to bfloat16 (8 bits of significand) and whose sums are float32, rounded once at the end; everything
/// else of a step stays float32, the weights that the optimizer sees too (Micikevicius et al. 2018, arXiv:1710.03740).
final class Bf16Products implements LinearProducts {
  private final Bf16Library library;
  private final PreparedWeights<Bf16Library.Store> prepared;
  private final Bf16Library.Store input;
  private final Bf16Library.Store output;
  private final Bf16Library.Store weight;
  private final Bf16Library.Store result;

  /// @param prepared shared by all workers
  Bf16Products(Bf16Library library, PreparedWeights<Bf16Library.Store> prepared) {
    this.library = library;
    this.prepared = prepared;
    this.input = library.store();
    this.output = library.store();
    this.weight = library.store();
    this.result = library.store();
  }

  @Override
  public void prepare(Array w) {
    prepared.put(w, library::store, rounded -> round(w, w.dim(0), w.dim(1), rounded));
  }

  @Override
  public void forward(Array x, Array w, Array y) {
    round(x, x.rows(), w.dim(1), input);
    multiply(input, false, weight(w), true, x.rows(), w.dim(0), Grad.write(y));
  }

  @Override
  public void backward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw) {
    if (dx == null && dw == null) {
      return;
    }
    round(dy, x.rows(), w.dim(0), output);
    if (dx != null) {
      multiply(output, false, weight(w), false, x.rows(), w.dim(1), dx);
    }
    if (dw != null) {
      round(x, x.rows(), w.dim(1), input);
      multiply(output, true, input, false, w.dim(0), w.dim(1), dw);
    }
  }

  @Override
  public void close() {
    input.close();
    output.close();
    weight.close();
    result.close();
  }

  private Bf16Library.Store weight(Array w) {
    Bf16Library.Store ready = prepared.of(w);
    return ready == null ? round(w, w.dim(0), w.dim(1), weight) : ready;
  }

  private void multiply(Bf16Library.Store a, boolean transposeA, Bf16Library.Store b, boolean transposeB, int rows,
      int columns, Grad c) {
    MemorySegment sums = result.shape(rows, columns);
    library.multiply(a, transposeA, b, transposeB, result);
    Loops.widen(sums, c.array().segment(), rows * columns, c.add());
  }

  private static Bf16Library.Store round(Array from, int rows, int columns, Bf16Library.Store to) {
    Loops.round(from.segment(), to.shape(rows, columns), rows * columns);
    return to;
  }

  /// One compilation each: see the package's description.
  static final class Loops {
    private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class,
        VectorShape.forBitSize(16 * LANES));
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final int HALF = 0x7fff; // with the last bit that stays: half of it, ties to even

    private Loops() {}

    /// To the nearest, ties to even. Infinities stay, and NaN as processors make it.
    static void round(MemorySegment from, MemorySegment to, int n) {
      int i = 0;
      for (; i < Vectors.whole(n); i += LANES) {
        IntVector bits = load(from, i).reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).lanewise(VectorOperators.AND, 1);
        IntVector rounded = bits.add(HALF).add(odd).lanewise(VectorOperators.LSHR, 16);
        ((ShortVector) rounded.convertShape(VectorOperators.I2S, SHORTS, 0)).intoMemorySegment(to, 2L * i,
            ByteOrder.nativeOrder());
      }
      for (; i < n; i++) {
        int bits = Float.floatToRawIntBits(get(from, i));
        to.set(SHORT, 2L * i, (short) ((bits + HALF + (bits >>> 16 & 1)) >>> 16));
      }
    }

    /// Writes as float32, or adds.
    static void widen(MemorySegment from, MemorySegment to, int n, boolean add) {
      int i = 0;
      for (; i < Vectors.whole(n); i += LANES) {
        IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, from, 2L * i, ByteOrder.nativeOrder())
            .convertShape(VectorOperators.ZERO_EXTEND_S2I, Vectors.INTS, 0);
        FloatVector value = bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
        store(add ? load(to, i).add(value) : value, to, i);
      }
      for (; i < n; i++) {
        float value = Float.intBitsToFloat(from.get(SHORT, 2L * i) << 16);
        set(to, i, add ? get(to, i) + value : value);
      }
    }
  }
}

package norma.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.kernels.cpu.TileCode.Kind;
import norma.machine.Bfloat16;
import norma.machine.Emulator;
import norma.machine.Executable;
import norma.machine.GuardedMemory;
import norma.machine.InstructionSet;
import norma.machine.RefusedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Machine code against plain Java, bit for bit, at all sizes around the edges of tiles, with every operand against a page that cannot be
/// read; and plain Java against sums in double.
class TilesTest {
  private static final long BYTES = 8 << 20;
  private static final int GAP = 3; // elements between rows that are nobody's
  private static final ValueLayout.OfInt BITS = ValueLayout.JAVA_INT_UNALIGNED;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final SplittableRandom random = new SplittableRandom(7);
  private final Tiles plain = new PlainTiles();
  private final GuardedMemory a = guarded();
  private final GuardedMemory b = guarded();
  private final GuardedMemory c = guarded();
  private final GuardedMemory panels = guarded();

  private static GuardedMemory guarded() {
    try {
      return new GuardedMemory(BYTES);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// The sets of instructions that this CPU has.
  static Stream<Tiles> machines() {
    return Stream.of("avx2", "avx512").flatMap(set -> {
      try {
        return Stream.of(ProductEngine.choose(set, Executable::of).tiles());
      } catch (IllegalArgumentException | RefusedException e) {
        return Stream.of(); // emulated ones are for all CPUs
      }
    });
  }

  static Stream<Tiles> emulated() {
    return Arrays.stream(InstructionSet.values()).map(set -> machine(set, Kind.FLOAT32));
  }

  private static Tiles machine(InstructionSet set, Kind kind) {
    try {
      return new MachineTiles(set, kind, Emulator::of);
    } catch (RefusedException e) {
      throw new AssertionError(e);
    }
  }

  static Stream<Tiles> bf16() throws RefusedException {
    ProductEngine here = ProductEngine.here();
    Tiles emulated = machine(InstructionSet.AVX512, Kind.BFLOAT16);
    return here.hasBf16() ? Stream.of(emulated, here.bf16()) : Stream.of(emulated);
  }

  /// @param rows    of the result
  /// @param columns of the result
  record Shape(int rows, int columns, int inner) {}

  static Stream<Shape> shapes(Tiles tiles) {
    int most = 2 * tiles.panel() + 1;
    return IntStream.rangeClosed(1, 2 * TileCode.ROWS + 1).boxed().flatMap(rows -> IntStream.rangeClosed(1, most)
        .mapToObj(columns -> new Shape(rows, columns, 1 + (rows * 7 + columns) % 9)));
  }

  @ParameterizedTest
  @MethodSource("machines")
  void machineCodeHasTheBitsOfPlainJavaAtEverySize(Tiles tiles) {
    shapes(tiles).forEach(shape -> {
      for (int kind = 0; kind < 8; kind++) {
        sameBits(tiles, shape, (kind & 1) != 0, (kind & 2) != 0, (kind & 4) != 0);
      }
    });
  }

  private static Stream<Shape> someShapes(Tiles tiles) {
    int panel = tiles.panel();
    return IntStream.of(1, 5, 6, 7, 13).boxed()
        .flatMap(rows -> IntStream.of(1, 7, 8, 9, 15, 16, 17, panel - 1, panel, panel + 1, 2 * panel + 1)
            .mapToObj(columns -> new Shape(rows, columns, 1 + (rows * 5 + columns) % 19)));
  }

  @ParameterizedTest
  @MethodSource("emulated")
  void emulatedCodeHasTheBitsOfPlainJava(Tiles tiles) {
    someShapes(tiles).forEach(shape -> {
      for (int kind = 0; kind < 4; kind++) {
        sameBits(tiles, shape, (kind & 1) != 0, (kind & 2) != 0, true);
      }
    });
  }

  /// Numbers of all sizes, those below the normal ones too.
  @ParameterizedTest
  @MethodSource("bf16")
  void bfloat16HasTheBitsOfTheManual(Tiles tiles) {
    try (Spare left = new Spare(); Spare right = new Spare()) {
      someShapes(tiles).forEach(s -> {
        for (boolean transposed : new boolean[]{ false, true }) {
          Matrix x = transposed ? matrix(a, s.inner, s.rows, true) : matrix(a, s.rows, s.inner, true);
          Matrix y = matrix(b, s.inner, s.columns, true);
          for (Matrix m : new Matrix[]{ x, y }) {
            for (long at = 0; at < m.segment().byteSize(); at += 4L * random.nextInt(1, 9)) {
              m.segment().set(FLOAT, at, (float) Math.scalb(random.nextDouble(-1, 1), random.nextInt(-140, -20)));
            }
          }
          Matrix result = matrix(c, s.rows, s.columns, true);
          Matrix expected = new Matrix(copy(result.segment()), 0, result.row());
          Matrix ready = transposed ? tiles.columns(x, s.inner, s.rows, left) : tiles.rows(x, s.rows, s.inner, left);
          Panels panels = Panels.in(right, s.inner, s.columns, tiles);
          tiles.pack(y, s.inner, s.columns, panels);
          tiles.multiply(s.rows, s.columns, s.inner, ready, transposed, panels, result, transposed);
          addRounded(s, x, transposed, y, expected, transposed);
          assertThat(copy(result.segment()).mismatch(expected.segment())).as("%s, transposed %s", s, transposed)
              .isEqualTo(-1);
        }
      });
    }
  }

  private static void addRounded(Shape s, Matrix x, boolean transposed, Matrix y, Matrix to, boolean add) {
    for (int i = 0; i < s.rows; i++) {
      for (int j = 0; j < s.columns; j++) {
        int sum = 0;
        for (int k = 0; k < s.inner; k += 2) {
          sum = Bfloat16.multiplyAdd(sum, pair(s, x, i, k, !transposed), pair(s, y, j, k, false));
        }
        float product = Float.intBitsToFloat(sum);
        long at = 4 * (i * to.row() + j);
        to.segment().set(FLOAT, at, add ? to.segment().get(FLOAT, at) + product : product);
      }
    }
  }

  /// Elements k and k + 1 of the inner dimension, 0 behind its end.
  private static int pair(Shape s, Matrix m, int i, int k, boolean byRows) {
    int pair = 0;
    for (int n = 0; n < 2 && k + n < s.inner; n++) {
      float value = (float) (byRows ? at(m, i, k + n) : at(m, k + n, i));
      pair |= Bfloat16.round(Float.floatToRawIntBits(value)) << (16 * n);
    }
    return pair;
  }

  @ParameterizedTest
  @MethodSource("machines")
  void machineCodeHasTheBitsOfPlainJavaForSizesThatAreDividedIntoBlocks(Tiles tiles) {
    for (Shape shape : new Shape[]{ new Shape(100, 65, 900), new Shape(7, 3, 20_000), new Shape(513, 77, 130) }) {
      sameBits(tiles, shape, true, false, true);
      sameBits(tiles, shape, false, true, false);
    }
  }

  private void sameBits(Tiles tiles, Shape s, boolean transposed, boolean add, boolean atEnd) {
    String what = tiles.description() + ", " + s + (transposed ? ", A transposed" : "") + (add ? ", added" : "");
    Matrix left = transposed ? matrix(a, s.inner, s.rows, atEnd) : matrix(a, s.rows, s.inner, atEnd);
    Matrix right = matrix(b, s.inner, s.columns, atEnd);
    Matrix result = matrix(c, s.rows, s.columns, atEnd);
    MemorySegment before = copy(result.segment());
    tiles.multiply(s.rows, s.columns, s.inner, left, transposed, Panels.of(right, tiles), result, add);
    MemorySegment asItLies = copy(result.segment());
    result.segment().copyFrom(before);
    Panels packed = packed(tiles, right, s.inner, s.columns, atEnd);
    tiles.multiply(s.rows, s.columns, s.inner, left, transposed, packed, result, add);
    MemorySegment fromPanels = copy(result.segment());
    result.segment().copyFrom(before);
    plain.multiply(s.rows, s.columns, s.inner, left, transposed, Panels.of(right, plain), result, add);
    assertThat(asItLies.mismatch(result.segment())).as(what).isEqualTo(-1);
    assertThat(fromPanels.mismatch(result.segment())).as(what + ", packed").isEqualTo(-1);
  }

  /// The last panel may end with the last vector of a row, no later.
  private Panels packed(Tiles tiles, Matrix from, int inner, int columns, boolean atEnd) {
    int panel = tiles.panel();
    int last = (columns - 1) / panel;
    int lanes = Math.ceilDiv(columns - last * panel, 16) * 16;
    long size = (long) last * panel * inner + (long) (inner - 1) * panel + Math.min(panel, lanes);
    MemorySegment segment = panels.bytes(4 * size, atEnd);
    segment.fill((byte) -1);
    Panels to = new Panels(segment, 0, panel, (long) panel * inner);
    tiles.pack(from, inner, columns, to);
    return to;
  }

  @ParameterizedTest
  @MethodSource("machines")
  void transposesAreExactAtEverySize(Tiles tiles) {
    for (int rows = 1; rows <= 17; rows++) {
      for (int columns = 1; columns <= 33; columns++) {
        Matrix from = matrix(a, rows, columns, columns % 2 == 0);
        Matrix to = matrix(b, columns, rows, columns % 2 == 0);
        MemorySegment before = copy(to.segment());
        tiles.transpose(from, rows, columns, to);
        MemorySegment actual = copy(to.segment());
        to.segment().copyFrom(before);
        plain.transpose(from, rows, columns, to);
        assertThat(actual.mismatch(to.segment())).as("%d x %d", rows, columns).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("machines")
  void withoutAnInnerDimensionTheResultIsZeroOrStays(Tiles tiles) {
    for (Tiles each : new Tiles[]{ tiles, plain }) {
      Matrix result = matrix(c, 3, 5, true);
      MemorySegment before = copy(result.segment());
      Panels nothing = new Panels(MemorySegment.NULL, 0, 5, each.panel());
      each.multiply(3, 5, 0, matrix(a, 3, 1, true), false, nothing, result, true);
      assertThat(result.segment().mismatch(before)).isEqualTo(-1);
      each.multiply(3, 5, 0, matrix(a, 3, 1, true), false, nothing, result, false);
      assertThat(IntStream.range(0, 3 * (5 + GAP) - GAP).filter(i -> i % (5 + GAP) < 5)
          .mapToObj(i -> result.segment().get(FLOAT, 4L * i))).containsOnly(0f);
      Panels something = Panels.of(matrix(b, 2, 5, true), each);
      each.multiply(0, 5, 2, result, false, something, result, false);
      each.multiply(3, 0, 2, result, false, something, result, false);
    }
  }

  /// An operand that is an element short never reaches the code.
  @ParameterizedTest
  @MethodSource("machines")
  void anOperandThatIsTooShortIsRefused(Tiles tiles) {
    for (int broken = 0; broken < 3; broken++) {
      Matrix[] operands = { matrix(a, 7, 9, false), matrix(b, 9, 70, false), matrix(c, 7, 70, false) };
      MemorySegment whole = operands[broken].segment();
      operands[broken] = new Matrix(whole.asSlice(0, whole.byteSize() - 4), 0, operands[broken].row());
      assertThatThrownBy(
          () -> tiles.multiply(7, 70, 9, operands[0], false, Panels.of(operands[1], tiles), operands[2], false))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void plainProductsAreSums() {
    for (Shape s : new Shape[]{ new Shape(1, 1, 1), new Shape(5, 65, 33), new Shape(2, 1030, 3) }) {
      for (boolean transposed : new boolean[]{ false, true }) {
        Matrix left = transposed ? matrix(a, s.inner, s.rows, true) : matrix(a, s.rows, s.inner, true);
        Matrix right = matrix(b, s.inner, s.columns, true);
        Matrix result = matrix(c, s.rows, s.columns, true);
        double[] before = numbers(result, s.rows, s.columns);
        plain.multiply(s.rows, s.columns, s.inner, left, transposed, packed(plain, right, s.inner, s.columns, true),
            result, true);
        double[] actual = numbers(result, s.rows, s.columns);
        for (int i = 0; i < s.rows; i++) {
          for (int j = 0; j < s.columns; j++) {
            double sum = before[i * s.columns + j];
            for (int k = 0; k < s.inner; k++) {
              sum += at(left, transposed ? k : i, transposed ? i : k) * at(right, k, j);
            }
            assertThat(actual[i * s.columns + j]).isCloseTo(sum, within(1e-6 * s.inner));
          }
        }
      }
    }
  }

  private static double[] numbers(Matrix m, int rows, int columns) {
    double[] all = new double[rows * columns];
    Arrays.setAll(all, i -> at(m, i / columns, i % columns));
    return all;
  }

  private static double at(Matrix m, int row, int column) {
    return m.segment().get(FLOAT, 4 * (m.at() + row * m.row() + column));
  }

  /// Rows with a gap between them, against one of the guards.
  private Matrix matrix(GuardedMemory memory, int rows, int columns, boolean atEnd) {
    long row = (long) columns + GAP;
    MemorySegment segment = memory.bytes(4 * ((rows - 1) * row + columns), atEnd);
    for (long at = 0; at < segment.byteSize(); at += 4) {
      segment.set(BITS, at, Float.floatToRawIntBits((float) random.nextDouble(-1, 1)));
    }
    return new Matrix(segment, 0, row);
  }

  private static MemorySegment copy(MemorySegment segment) {
    return MemorySegment.ofArray(segment.toArray(ValueLayout.JAVA_BYTE));
  }
}

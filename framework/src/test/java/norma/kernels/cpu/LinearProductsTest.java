package norma.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.array.HostMemory;
import norma.kernels.Grad;
import norma.machine.Executable;
import norma.machine.RefusedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Both sets of tiles, whichever this CPU would get, against sums in double.
class LinearProductsTest {
  private static final double ROUNDING = 1e-5; // of sums of at most 257 products of numbers below 1
  private final SplittableRandom random = new SplittableRandom(5);

  @ParameterizedTest
  @CsvSource({ "1, 1, 1", "3, 5, 7", "8, 8, 8", "17, 16, 33", "37, 65, 66", "64, 128, 96", "7, 130, 257" })
  void productsAreSums(int rows, int in, int out) throws RefusedException {
    for (ProductEngine engine : List.of(ProductEngine.choose("", Executable::of), Engines.plain(),
        ProductEngine.choose("avx2", Executable::of))) {
      for (boolean prepared : new boolean[]{ false, true }) {
        try (LinearProducts products = new LinearProducts(engine.tiles(),
            new PreparedWeights());
            Arena arena = new Arena(HostMemory::allocate, true)) {
          check(products, arena, rows, in, out, prepared);
        }
      }
    }
  }

  private void check(LinearProducts products, Arena arena, int rows, int in, int out, boolean prepared) {
    Array x = filled(arena, rows, in);
    Array w = filled(arena, out, in);
    Array dy = filled(arena, rows, out);
    Array dw = filled(arena, out, in);
    double before = at(dw, out - 1, in - 1);
    Array y = arena.empty(DType.FLOAT32, rows, out);
    Array dx = arena.empty(DType.FLOAT32, rows, in);
    if (prepared) {
      products.prepare(w);
    }
    products.forward(x, w, y);
    products.backward(dy, x, w, Grad.write(dx), Grad.add(dw));
    for (int r = 0; r < rows; r++) {
      for (int o = 0; o < out; o++) {
        double sum = 0;
        for (int i = 0; i < in; i++) {
          sum += at(x, r, i) * at(w, o, i);
        }
        assertThat(at(y, r, o)).as("y[%d, %d]", r, o).isCloseTo(sum, within(ROUNDING * in));
      }
      for (int i = 0; i < in; i++) {
        double sum = 0;
        for (int o = 0; o < out; o++) {
          sum += at(dy, r, o) * at(w, o, i);
        }
        assertThat(at(dx, r, i)).as("dx[%d, %d]", r, i).isCloseTo(sum, within(ROUNDING * out));
      }
    }
    double sum = before;
    for (int r = 0; r < rows; r++) {
      sum += at(dy, r, out - 1) * at(x, r, in - 1);
    }
    assertThat(at(dw, out - 1, in - 1)).as("dw, added").isCloseTo(sum, within(ROUNDING * rows));
    products.backward(dy, x, w, null, Grad.write(dw));
    assertThat(at(dw, out - 1, in - 1)).as("dw, written").isCloseTo(sum - before, within(ROUNDING * rows));
  }

  @Test
  void preparedWeightsAreReadUntilTheyChange() {
    try (PreparedWeights prepared = new PreparedWeights();
        LinearProducts products = new LinearProducts(Engines.plain().tiles(), prepared);
        Arena arena = new Arena(HostMemory::allocate, true)) {
      Array x = filled(arena, 1, 1);
      Array w = filled(arena, 1, 1);
      Array y = arena.empty(DType.FLOAT32, 1, 1);
      double before = at(x, 0, 0) * at(w, 0, 0);
      products.prepare(w);
      w.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 0, 5);
      products.forward(x, w, y);
      assertThat(at(y, 0, 0)).isCloseTo(before, within(ROUNDING));
      prepared.forget();
      products.forward(x, w, y);
      assertThat(at(y, 0, 0)).isCloseTo(5 * at(x, 0, 0), within(ROUNDING));
    }
  }

  private Array filled(Arena arena, int rows, int columns) {
    Array array = arena.empty(DType.FLOAT32, rows, columns);
    for (long i = 0; i < array.size(); i++) {
      array.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextDouble(-1, 1));
    }
    return array;
  }

  private static double at(Array array, int row, int column) {
    return array.segment().getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * array.dim(1) + column);
  }
}

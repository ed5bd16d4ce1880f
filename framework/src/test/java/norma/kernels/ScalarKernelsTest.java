package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import norma.array.Array;
import norma.array.DType;
import org.junit.jupiter.api.Test;

/// What the point-wise kernels do with part of an array, or with one array in two roles.
class ScalarKernelsTest {

  @Test
  void anAdditionMayGoToItsFirstArgument() {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      Array a = bench.array(new double[]{ 1, 2, 3 }, 3);
      Array b = bench.array(new double[]{ 10, 20, 30 }, 3);
      bench.run(() -> bench.kernels().add(a, b, a));
      assertThat(bench.read(a)).containsExactly(11, 22, 33);
      assertThat(bench.read(b)).containsExactly(10, 20, 30);
    }
  }

  @Test
  void columnsArePutWithoutTouchingTheirNeighbours() {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      Array y = bench.array(new double[]{ 1, 2, 3, 4, 5, 6, 7, 8 }, 2, 4);
      Array x = bench.array(new double[]{ 10, 20, 30, 40 }, 2, 2);
      bench.run(() -> bench.kernels().putColumns(x, 1, Grad.write(y)));
      assertThat(bench.read(y)).containsExactly(1, 10, 20, 4, 5, 30, 40, 8);
      bench.run(() -> bench.kernels().putColumns(x, 2, Grad.add(y)));
      assertThat(bench.read(y)).containsExactly(1, 10, 30, 24, 5, 30, 70, 48);
    }
  }

  @Test
  void multiplicationAndDropoutAddOrOverwrite() {
    DropMask all = DropMask.NONE;
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      Array x = bench.array(new double[]{ 1, -2 }, 2);
      Array y = bench.array(new double[]{ 5, 5 }, 2);
      bench.run(() -> bench.kernels().multiply(x, 3, Grad.add(y)));
      assertThat(bench.read(y)).containsExactly(8, -1);
      bench.run(() -> bench.kernels().dropout(x, all, Grad.add(y)));
      assertThat(bench.read(y)).containsExactly(9, -3);
      bench.run(() -> bench.kernels().multiply(x, 3, Grad.write(y)));
      assertThat(bench.read(y)).containsExactly(3, -6);
      bench.run(() -> bench.kernels().dropout(x, all, Grad.write(y)));
      assertThat(bench.read(y)).containsExactly(1, -2);
    }
  }
}

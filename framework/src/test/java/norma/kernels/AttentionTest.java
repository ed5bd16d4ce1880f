package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import norma.array.Array;
import norma.array.DType;
import org.junit.jupiter.api.Test;

class AttentionTest {

  @Test
  void aTokenAloneSeesOnlyItself() {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      double[] qkv = { 2, 3, 5, 7, 11, 13 }; // (1, 1, 3C)
      assertThat(attend(bench, qkv, 1, 2, 1)).containsExactly(11, 13);
      assertThat(attend(bench, qkv, 1, 2, 2)).containsExactly(11, 13);
      assertThat(attend(bench, new double[]{ 2, 3, 5 }, 1, 1, 1)).containsExactly(5);
    }
  }

  @Test
  void changingALaterTokenNeverChangesAnEarlierOutput() {
    int time = 6;
    int width = 4;
    double[] qkv = Workbench.normal(time * 3L * width, 1);
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      double[] before = attend(bench, qkv, time, width, 2);
      for (int changed = 1; changed < time; changed++) {
        double[] other = qkv.clone();
        for (int i = changed * 3 * width; i < (changed + 1) * 3 * width; i++) {
          other[i] += 1;
        }
        double[] after = attend(bench, other, time, width, 2);
        for (int i = 0; i < changed * width; i++) {
          assertThat(after[i]).as("token %d, channel %d", i / width, i % width).isEqualTo(before[i]);
        }
        assertThat(after[changed * width]).isNotEqualTo(before[changed * width]);
      }
    }
  }

  @Test
  void equalKeysGiveTheMeanOfTheValuesSoFar() {
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      double[] qkv = { 1, 0, 6, 1, 0, 2, 1, 0, 1 }; // (1, 3, 3), keys 0
      Array y = bench.unwritten(1, 3, 1);
      Array lse = bench.unwritten(1, 1, 3);
      Array in = bench.array(qkv, 1, 3, 3);
      bench.run(() -> bench.kernels().attention(in, 1, DropMask.NONE, y, lse));
      assertThat(bench.read(y)).containsExactly(new double[]{ 6, 4, 3 }, within(1e-12));
      assertThat(bench.read(lse)).containsExactly(new double[]{ 0, Math.log(2), Math.log(3) }, within(1e-12));
    }
  }

  @Test
  void scoresOfAMillionDoNotOverflow() {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      double[] qkv = { 1e3, 1e3, 3, 1e3, -1e3, 5 }; // (1, 2, 3): scores 1e6 and -1e6 for the second token
      assertThat(attend(bench, qkv, 2, 1, 1)).containsExactly(3, 3);
    }
  }

  private static double[] attend(Workbench bench, double[] qkv, int time, int width, int heads) {
    Array y = bench.unwritten(1, time, width);
    Array lse = bench.unwritten(1, heads, time);
    Array in = bench.array(qkv, 1, time, 3 * width);
    bench.run(() -> bench.kernels().attention(in, heads, DropMask.NONE, y, lse));
    return bench.read(y);
  }
}

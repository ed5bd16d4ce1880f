package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// [Tiles] in plain Java, which machine code is compared with: the same bits. For one thread.
final class PlainTiles implements Tiles {
  private static final int PANEL = 512;
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final float[] sums = new float[PANEL];
  private float[][] panel = new float[0][]; // a row for each step of the inner dimension

  @Override
  public int panel() {
    return PANEL;
  }

  @Override
  public String description() {
    return "plain Java";
  }

  @Override
  public void multiply(int rows, int columns, int inner, Matrix a, boolean transposed, Panels b, Matrix c,
      boolean add) {
    panel = panel.length < inner ? new float[inner][PANEL] : panel;
    for (int j = 0; rows > 0 && j < columns; j += PANEL) {
      int width = Math.min(PANEL, columns - j);
      Matrix right = b.panel(j / PANEL);
      for (int k = 0; k < inner; k++) {
        MemorySegment.copy(right.segment(), FLOAT, 4 * (right.at() + k * right.row()), panel[k], 0, width);
      }
      for (int i = 0; i < rows; i++) {
        Arrays.fill(sums, 0);
        for (int k = 0; k < inner; k++) {
          addTimes(get(a, transposed ? k * a.row() + i : i * a.row() + k), panel[k], sums, width);
        }
        put(c, i * c.row() + j, width, add);
      }
    }
  }

  private static void addTimes(float x, float[] row, float[] to, int width) {
    for (int i = 0; i < width; i++) {
      to[i] = Math.fma(x, row[i], to[i]);
    }
  }

  private void put(Matrix c, long at, int width, boolean add) {
    for (int i = 0; i < width; i++) {
      set(c, at + i, add ? get(c, at + i) + sums[i] : sums[i]);
    }
  }

  @Override
  public void pack(Matrix b, int inner, int columns, Panels to) {
    for (int j = 0; j < columns; j += PANEL) {
      Matrix panel = to.panel(j / PANEL);
      for (int k = 0; k < inner; k++) {
        MemorySegment.copy(b.segment(), 4 * (b.at() + k * b.row() + j), panel.segment(),
            4 * (panel.at() + k * panel.row()), 4L * Math.min(PANEL, columns - j));
      }
    }
  }

  @Override
  public void transpose(Matrix from, int rows, int columns, Matrix to) {
    MachineTiles.transpose(from, 0, rows, 0, columns, to);
  }

  private static float get(Matrix m, long at) {
    return m.segment().get(FLOAT, 4 * (m.at() + at));
  }

  private static void set(Matrix m, long at, float value) {
    m.segment().set(FLOAT, 4 * (m.at() + at), value);
  }
}

package norma.kernels.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static norma.machine.InstructionSet.AVX512;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import norma.kernels.cpu.PackCode.Numbers;
import norma.kernels.cpu.TileCode.Kind;
import norma.machine.Code;
import norma.machine.InstructionSet;
import norma.machine.RefusedException;

/// [Tiles] of machine code, assembled when they are first wanted, for the whole process. Bounds are checked for whole operands before the
/// code runs: it checks nothing itself.
final class MachineTiles implements Tiles {
  /// Elements of the left operand that stay in the second-level cache, 256 KiB, while all panels pass by.
  private static final int CACHED = 64 * 1024;
  private static final long MASK_BYTES = 32;

  private final InstructionSet set;
  private final Kind kind;
  private final Code.Maker maker;
  private final int vectors;
  private final int panel;
  private final Code[] tiles;
  private final Code[] packs;
  private final Code transpose;
  private final MemorySegment masks;
  private final MemorySegment zeros; // a row of a panel

  /// @throws RefusedException where machine code cannot run
  MachineTiles(InstructionSet set, Kind kind, Code.Maker maker) throws RefusedException {
    this.set = set;
    this.kind = kind;
    this.maker = maker;
    vectors = set == AVX512 ? 4 : 2;
    panel = vectors * set.lanes();
    tiles = new Code[4 * (vectors + 1)];
    packs = new Code[2 * (vectors + 1)];
    transpose = maker.of("transpose", new TransposeCode().assemble());
    masks = masks(set);
    zeros = Arena.global().allocate(4L * panel);
  }

  /// For each number of lanes a mask of so many.
  private static MemorySegment masks(InstructionSet set) {
    MemorySegment masks = Arena.global().allocate((set.lanes() + 1) * MASK_BYTES, MASK_BYTES);
    for (int n = 0; n <= set.lanes(); n++) {
      if (set == AVX512) {
        masks.set(ValueLayout.JAVA_SHORT, n * MASK_BYTES, (short) ((1 << n) - 1));
      } else {
        for (int i = 0; i < n; i++) {
          masks.set(ValueLayout.JAVA_INT, n * MASK_BYTES + 4L * i, -1);
        }
      }
    }
    return masks;
  }

  @Override
  public int panel() {
    return panel;
  }

  @Override
  public String description() {
    return "machine code, " + set.label() + ", " + TileCode.ROWS + " x " + vectors + " vectors";
  }

  @Override
  public int steps(int inner) {
    return kind == Kind.FLOAT32 ? inner : (inner + 1) / 2;
  }

  @Override
  public void multiply(int rows, int columns, int inner, Matrix a, boolean transposed, Panels b, Matrix c,
      boolean add) {
    if (rows == 0 || columns == 0) {
      return;
    }
    long atC = address(c, rows, columns);
    if (inner == 0) {
      for (int i = 0; !add && i < rows; i++) {
        c.segment().asSlice(4 * (c.at() + i * c.row()), 4L * columns).fill((byte) 0);
      }
      return;
    }
    int steps = steps(inner);
    long atA = transposed ? address(a, steps, rows) : address(a, rows, steps);
    long atB = address(b, steps, columns);
    long row = 4 * a.row();
    long down = transposed ? 4 : row; // bytes from row to row of A
    long across = transposed ? row : 4;
    int block = Math.max(TileCode.ROWS, CACHED / steps / TileCode.ROWS * TileCode.ROWS);
    for (int i = 0; i < rows; i += block) {
      long count = Math.min(block, rows - i);
      for (int j = 0; j < columns; j += panel) {
        int width = Math.min(panel, columns - j);
        tile(transposed, add, width).call(count, steps, atA + i * down, row, atB + 4 * (j / panel * b.next()),
            atC + 4 * (i * c.row() + j), 4 * c.row(), TileCode.ROWS * down - steps * across, mask(width), 4 * b.step());
      }
    }
  }

  @Override
  public Matrix rows(Matrix a, int rows, int inner, Spare spare) {
    if (kind == Kind.FLOAT32 || rows == 0 || inner == 0) {
      return a;
    }
    long from = address(a, rows, inner);
    int row = set.vectors(inner) * set.lanes() / 2;
    Matrix to = new Matrix(spare.floats((long) rows * row), 0, row);
    long atTo = address(to, rows, row);
    for (int j = 0; j < inner; j += panel) {
      int width = Math.min(panel, inner - j);
      pack(Numbers.BFLOAT16, width).call(rows, from + 4L * j, 4 * a.row(), atTo + 2L * j, mask(width), 4L * row, 0, 0,
          0, 0);
    }
    return to;
  }

  @Override
  public Matrix columns(Matrix a, int inner, int rows, Spare spare) {
    if (kind == Kind.FLOAT32) {
      return a;
    }
    int row = set.vectors(rows) * set.lanes();
    MemorySegment memory = spare.floats((long) row * steps(inner));
    pack(a, inner, rows, new Panels(memory, 0, row, panel));
    return new Matrix(memory, 0, row);
  }

  @Override
  public void pack(Matrix b, int inner, int columns, Panels to) {
    if (inner == 0 || columns == 0) {
      return;
    }
    long from = address(b, inner, columns);
    long atTo = address(to, steps(inner), set.vectors(columns) * set.lanes());
    int together = kind == Kind.FLOAT32 ? 1 : 2;
    Numbers numbers = kind == Kind.FLOAT32 ? Numbers.FLOAT32 : Numbers.PAIRS;
    int whole = inner / together;
    for (int j = 0; j < columns; j += panel) {
      int width = Math.min(panel, columns - j);
      long first = from + 4L * j;
      long panelAt = atTo + 4 * (j / panel * to.next());
      if (whole > 0) {
        pack(numbers, width).call(whole, first, 4L * together * b.row(), panelAt, mask(width), 4 * to.step(),
            4 * b.row(), 0, 0,
            0);
      }
      if (inner % together > 0) { // a row without a second one
        long last = first + 4L * (inner - 1) * b.row();
        pack(numbers, width).call(1, last, 0, panelAt + 4L * whole * to.step(), mask(width), 0, zeros.address() - last,
            0, 0, 0);
      }
    }
  }

  /// Whole squares by machine code, what is left of rows and columns one number after the other.
  @Override
  public void transpose(Matrix from, int rows, int columns, Matrix to) {
    if (rows == 0 || columns == 0) {
      return;
    }
    long atFrom = address(from, rows, columns);
    long atTo = address(to, columns, rows);
    int down = rows / TransposeCode.SIDE;
    int across = columns / TransposeCode.SIDE;
    if (down > 0 && across > 0) {
      transpose.call(down, across, atFrom, 4 * from.row(), atTo, 4 * to.row(), 0, 0, 0, 0);
    }
    transpose(from, 0, down * TransposeCode.SIDE, across * TransposeCode.SIDE, columns, to);
    transpose(from, down * TransposeCode.SIDE, rows, 0, columns, to);
  }

  /// Writes the transpose of rows `[row, rows)` and columns `[column, columns)` to where it belongs.
  static void transpose(Matrix from, int row, int rows, int column, int columns, Matrix to) {
    for (int r = row; r < rows; r++) {
      for (int c = column; c < columns; c++) {
        to.segment().setAtIndex(JAVA_FLOAT_UNALIGNED, to.at() + c * to.row() + r,
            from.segment().getAtIndex(JAVA_FLOAT_UNALIGNED, from.at() + r * from.row() + c));
      }
    }
  }

  /// Address of a matrix of this shape, all of whose elements lie in its segment.
  private static long address(Matrix m, long rows, long columns) {
    check(m.segment(), m.at(), (rows - 1) * m.row() + columns);
    return m.segment().address() + 4 * m.at();
  }

  private long address(Panels p, long inner, int columns) {
    int last = (columns - 1) / panel;
    check(p.segment(), p.at(), last * p.next() + (inner - 1) * p.step() + columns - (long) last * panel);
    return p.segment().address() + 4 * p.at();
  }

  private static void check(MemorySegment segment, long at, long elements) {
    Objects.checkFromIndexSize(4 * at, 4 * elements, segment.byteSize());
  }

  private long mask(int columns) {
    return masks.address() + ((columns - 1) % set.lanes() + 1) * MASK_BYTES;
  }

  // What one thread has assembled, another one sees whole: the code is a final field. At worst it is assembled twice.

  private Code tile(boolean transposed, boolean add, int width) {
    int kinds = (transposed ? 2 : 0) + (add ? 1 : 0);
    int index = kinds * (vectors + 1) + variant(width);
    Code made = tiles[index];
    if (made == null) {
      TileCode code = new TileCode(set, kind, set.vectors(width), !transposed, add, width < panel);
      made = maker.another(code.toString(), code.assemble());
      tiles[index] = made;
    }
    return made;
  }

  private Code pack(Numbers to, int width) {
    int index = (to == Numbers.BFLOAT16 ? vectors + 1 : 0) + variant(width);
    Code made = packs[index];
    if (made == null) {
      PackCode code = new PackCode(set, to, set.vectors(width), width < panel);
      made = maker.another(code.toString(), code.assemble());
      packs[index] = made;
    }
    return made;
  }

  private int variant(int width) {
    return width == panel ? vectors : set.vectors(width) - 1;
  }
}

package norma.kernels.cpu;

import static norma.machine.Assembler.at;

import norma.machine.Assembler;
import norma.machine.Assembler.Label;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Register;
import norma.machine.Assembler.Vector;
import norma.machine.InstructionSet;

/// Transposes a matrix of squares of [#SIDE] rows and columns, as machine code for any CPU with AVX2. Called with (squares down,
/// squares across, from, strideFrom, to, strideTo), strides in bytes; both counts are at least 1.
///
/// A square is 16 loads, of which eight fill the upper halves of registers, and 16 shuffles.
final class TransposeCode {
  static final int SIDE = 8;
  private static final int HALF = SIDE / 2;

  private static final Register DOWN = Register.RDI;
  private static final Register ACROSS = Register.RSI;
  private static final Register FROM = Register.RDX;
  private static final Register STRIDE_FROM = Register.RCX;
  private static final Register TO = Register.R8;
  private static final Register STRIDE_TO = Register.R9;
  private static final Register COUNT = Register.RAX;
  private static final Register SOURCE = Register.R10;
  private static final Register TARGET = Register.R11;
  private static final Register FROM_3 = Register.R12;
  private static final Register TO_3 = Register.R13;
  private static final Register LOWER = Register.RBX;

  private final Assembler out = new Assembler(InstructionSet.AVX2);

  byte[] assemble() {
    out.begin(LOWER, FROM_3, TO_3);
    out.lea(FROM_3, at(STRIDE_FROM, STRIDE_FROM, 2));
    out.lea(TO_3, at(STRIDE_TO, STRIDE_TO, 2));
    Label rows = new Label();
    Label columns = new Label();
    out.bind(rows);
    out.mov(COUNT, ACROSS);
    out.mov(SOURCE, FROM);
    out.mov(TARGET, TO);
    out.align(32);
    out.bind(columns);
    square();
    out.add(SOURCE, 4 * SIDE);
    out.lea(TARGET, at(TARGET, STRIDE_TO, SIDE));
    out.dec(COUNT);
    out.jne(columns);
    out.lea(FROM, at(FROM, STRIDE_FROM, SIDE));
    out.add(TO, 4 * SIDE);
    out.dec(DOWN);
    out.jne(rows);
    return out.end();
  }

  /// Rows 0 to 3 are the lower halves of registers, rows 4 to 7 the upper ones; columns 0 to 3 and 4 to 7 one after the other.
  private void square() {
    out.lea(LOWER, at(SOURCE, STRIDE_FROM, HALF));
    for (int columns = 0; columns < SIDE; columns += HALF) {
      for (int r = 0; r < HALF; r++) {
        out.vmovupsX(new Vector(r), row(SOURCE, STRIDE_FROM, FROM_3, r, 4 * columns));
        out.vinsertf128(new Vector(r), new Vector(r), row(LOWER, STRIDE_FROM, FROM_3, r, 4 * columns));
      }
      for (int pair = 0; pair < 2; pair++) { // columns of rows 0 and 1, of 2 and 3
        out.vunpcklpsY(new Vector(4 + pair), new Vector(2 * pair), new Vector(2 * pair + 1));
        out.vunpckhpsY(new Vector(6 + pair), new Vector(2 * pair), new Vector(2 * pair + 1));
      }
      for (int c = 0; c < HALF; c++) {
        int pair = c < 2 ? 4 : 6;
        out.vshufpsY(new Vector(8 + columns + c), new Vector(pair), new Vector(pair + 1), c % 2 == 0 ? 0x44 : 0xEE);
      }
    }
    for (int c = 0; c < SIDE; c++) {
      if (c == HALF) {
        out.lea(LOWER, at(TARGET, STRIDE_TO, HALF));
      }
      out.vmovupsY(row(c < HALF ? TARGET : LOWER, STRIDE_TO, TO_3, c % HALF, 0), new Vector(8 + c));
    }
  }

  private static Memory row(Register base, Register stride, Register three, int row, int offset) {
    return switch (row) {
      case 0 -> at(base, offset);
      case 3 -> new Memory(base, three, 1, offset);
      default -> new Memory(base, stride, row, offset);
    };
  }
}

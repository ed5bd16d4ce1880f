package norma.kernels.cpu;

import static norma.machine.Assembler.at;

import norma.machine.Assembler;
import norma.machine.Assembler.Label;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Register;
import norma.machine.Assembler.Vector;
import norma.machine.InstructionSet;

/// A column of register tiles, `C = A B` or `C += A B`, as machine code: rows by vectors of sums, which start at zero and stay in
/// registers while the inner dimension goes by; a sum is added to C when it is finished. Rows that do not fill a tile are a smaller one.
///
/// Called with (rows, inner, a, strideA, b, c, strideC, nextA, mask, strideB), strides in bytes; rows and inner are at least 1. B is
/// read a vector after the other from each step of the inner dimension to the next, strideB apart; nextA leads from the end of what a
/// tile reads of A to what the next one reads.
///
/// @param set     instructions
/// @param kind    of the products
/// @param vectors of a tile's columns
/// @param byRows  whether strideA leads from row to row of A, whose inner dimension lies side by side; else it leads from one step of the
///                inner dimension to the next, and rows lie side by side
/// @param add     whether to add to C
/// @param masked  whether the last vector has only the columns of the mask
record TileCode(InstructionSet set, Kind kind, int vectors, boolean byRows, boolean add, boolean masked) {

  /// What is multiplied: float32, or pairs of bfloat16, of which two steps of the inner dimension are one.
  enum Kind {
    FLOAT32, BFLOAT16
  }

  private static final Register LEFT_OVER = Register.RDI;
  private static final Register INNER = Register.RSI;
  private static final Register A = Register.RDX;
  private static final Register STRIDE_A = Register.RCX;
  private static final Register B = Register.R8;
  private static final Register C = Register.R9;
  private static final Register K = Register.RAX;
  private static final Register PANEL = Register.R10;
  private static final Register STRIDE_C = Register.R11;
  private static final Register STRIDE_B = Register.R15;
  private static final Register NEXT_A = Register.R14;
  private static final Register[] SAVED = { Register.R12, Register.R13, Register.R14, Register.R15 };
  /// Odd multiples of strideA: 1, 3, 5 and so on.
  private static final Register[] ODD = { STRIDE_A, Register.R12, Register.R13 };
  /// Steps whose columns are fetched ahead: each is on another line, often another page. Weight gradients of 512 rows by AVX-512 take 3 to 5 %
  /// less time; no other distance can be addressed without a register (Zen 5, 2026-11-29).
  private static final int AHEAD = 8;
  /// Rows of a whole tile: with two vectors of AVX2 or four of AVX-512 all registers but one, and the fastest of those measured.
  static final int ROWS = 6;

  byte[] assemble() {
    Assembler out = new Assembler(set);
    out.begin(SAVED);
    out.lea(ODD[1], at(STRIDE_A, STRIDE_A, 2));
    out.lea(ODD[2], at(STRIDE_A, STRIDE_A, 4));
    int arguments = 8 * (SAVED.length + 1);
    out.mov(STRIDE_C, at(Register.RSP, arguments));
    out.mov(NEXT_A, at(Register.RSP, arguments + 8));
    out.mov(STRIDE_B, at(Register.RSP, arguments + 24));
    if (masked) {
      out.mov(K, at(Register.RSP, arguments + 16));
      out.mask(at(K, 0));
    }
    Label next = new Label();
    Label end = new Label();
    out.bind(next);
    for (int r = ROWS; r > 0; r--) {
      Label fewer = new Label();
      out.cmp(LEFT_OVER, r);
      out.jb(fewer);
      tile(out, r);
      out.add(A, NEXT_A);
      out.sub(LEFT_OVER, r);
      out.jmp(r == ROWS ? next : end);
      out.bind(fewer);
    }
    out.bind(end);
    return out.end();
  }

  private void tile(Assembler out, int rows) {
    for (int s = 0; s < rows * vectors; s++) {
      out.zero(new Vector(s));
    }
    out.mov(K, INNER);
    out.mov(PANEL, B);
    Label loop = new Label();
    out.align(64);
    out.bind(loop);
    for (int v = 0; v < vectors; v++) {
      out.vmovups(right(v), at(PANEL, v * set.bytes()), isMasked(v));
    }
    for (int r = 0; r < rows; r++) {
      Vector x = right(vectors);
      out.vbroadcastss(x, left(r));
      for (int v = 0; v < vectors; v++) {
        if (kind == Kind.FLOAT32) {
          out.vfmadd231ps(sum(r, v), x, right(v));
        } else {
          out.vdpbf16ps(sum(r, v), x, right(v));
        }
      }
    }
    if (byRows) {
      out.add(A, 4);
    } else {
      out.prefetcht0(at(A, STRIDE_A, AHEAD));
      out.add(A, STRIDE_A);
    }
    out.add(PANEL, STRIDE_B);
    out.dec(K);
    out.jne(loop);
    for (int r = 0; r < rows; r++, out.add(C, STRIDE_C)) {
      for (int v = 0; v < vectors; v++) {
        if (add) {
          out.vmovups(right(0), at(C, v * set.bytes()), isMasked(v));
          out.vaddps(sum(r, v), sum(r, v), right(0));
        }
        out.vmovups(at(C, v * set.bytes()), sum(r, v), isMasked(v));
      }
    }
  }

  private Vector sum(int row, int vector) {
    return new Vector(row * vectors + vector);
  }

  private Vector right(int vector) {
    return new Vector(ROWS * vectors + vector);
  }

  /// A number of the left operand: a row is an odd number times 1, 2, 4 or 8, as an address can have it.
  private Memory left(int row) {
    if (!byRows) {
      return at(A, 4 * row);
    }
    int twos = Integer.numberOfTrailingZeros(row);
    return row == 0 ? at(A, 0) : at(A, ODD[(row >> twos) / 2], 1 << twos);
  }

  private boolean isMasked(int vector) {
    return masked && vector == vectors - 1;
  }
}

package norma.kernels.cpu;

import static norma.machine.Assembler.at;

import norma.machine.Assembler;
import norma.machine.Assembler.Label;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Register;
import norma.machine.Assembler.Vector;
import norma.machine.InstructionSet;

/// Copies some columns of a matrix, as machine code, perhaps rounded to bfloat16: row by row, or pairs of rows to one row of pairs. What the
/// mask leaves out is 0 in the copy, which has whole vectors.
///
/// Called with (rows, from, stride, to, mask, strideTo, second): rows of the copy, at least 1; strides in bytes, from row to row of the
/// copy and from what makes one of them to what makes the next; from the first row of a pair to the second.
///
/// @param set     instructions
/// @param to      what is written
/// @param vectors of columns
/// @param masked  whether the last vector has only the columns of the mask
record PackCode(InstructionSet set, Numbers to, int vectors, boolean masked) {
  enum Numbers {
    FLOAT32, BFLOAT16, PAIRS
  }

  private static final Register ROWS = Register.RDI;
  private static final Register FROM = Register.RSI;
  private static final Register STRIDE = Register.RDX;
  private static final Register TO = Register.RCX;
  private static final Register MASK = Register.R8;
  private static final Register STRIDE_TO = Register.R9;
  private static final Register SECOND = Register.R10;

  byte[] assemble() {
    Assembler out = new Assembler(set);
    if (masked) {
      out.mask(at(MASK, 0));
    }
    out.mov(SECOND, at(Register.RSP, 8));
    Label loop = new Label();
    out.align(32);
    out.bind(loop);
    for (int v = 0; v < vectors; v++) {
      Vector first = new Vector(2 * v);
      out.vmovups(first, at(FROM, v * set.bytes()), masked && v == vectors - 1);
      if (to == Numbers.BFLOAT16) {
        out.vcvtneps2bf16(first, first);
        out.vmovupsY(at(TO, v * set.bytes() / 2), first);
        continue;
      }
      if (to == Numbers.PAIRS) {
        pair(out, first, new Vector(2 * v + 1), v);
      }
      out.vmovups(at(TO, v * set.bytes()), first);
    }
    out.add(FROM, STRIDE);
    out.add(TO, STRIDE_TO);
    out.dec(ROWS);
    out.jne(loop);
    return out.end();
  }

  private void pair(Assembler out, Vector first, Vector second, int v) {
    Memory other = new Memory(FROM, SECOND, 1, v * set.bytes());
    out.vmovups(second, other, masked && v == vectors - 1);
    out.vcvtneps2bf16(first, first);
    out.vcvtneps2bf16(second, second);
    out.vpmovzxwd(first, first);
    out.vpmovzxwd(second, second);
    out.vpslld(second, second, 16);
    out.vpord(first, first, second);
  }
}

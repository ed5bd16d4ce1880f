package norma.kernels.cpu;

import static norma.machine.Assembler.R10;
import static norma.machine.Assembler.R11;
import static norma.machine.Assembler.R8;
import static norma.machine.Assembler.R9;
import static norma.machine.Assembler.RAX;
import static norma.machine.Assembler.RCX;
import static norma.machine.Assembler.RDI;
import static norma.machine.Assembler.RDX;
import static norma.machine.Assembler.RSI;
import static norma.machine.Assembler.RSP;
import static norma.machine.Assembler.at;

import norma.machine.Assembler;
import norma.machine.Assembler.Label;
import norma.machine.Assembler.Register;
import norma.machine.Assembler.Vector;
import norma.machine.InstructionSet;

/// Rounds rows of float32 to bfloat16, as machine code for CPUs that have it. Called with (rows, whole vectors of a row, from, strideFrom,
/// to, strideTo, mask), strides in bytes; rows are at least 1. A row of the result has whole vectors, zeros behind its end.
///
/// @param masked whether there are columns behind the whole vectors, those of the mask
record RoundCode(boolean masked) {
  static final InstructionSet SET = InstructionSet.AVX512;
  private static final Register ROWS = RDI;
  private static final Register WHOLE = RSI;
  private static final Register FROM = RDX;
  private static final Register STRIDE_FROM = RCX;
  private static final Register TO = R8;
  private static final Register STRIDE_TO = R9;
  private static final Register COUNT = RAX;
  private static final Register SOURCE = R10;
  private static final Register TARGET = R11;
  private static final Vector X = new Vector(0);

  byte[] assemble() {
    Assembler out = new Assembler(SET);
    if (masked) {
      out.mov(COUNT, at(RSP, 8));
      out.mask(at(COUNT, 0));
    }
    Label row = new Label();
    Label loop = new Label();
    Label rest = new Label();
    out.bind(row);
    out.mov(SOURCE, FROM);
    out.mov(TARGET, TO);
    out.mov(COUNT, WHOLE);
    out.cmp(COUNT, 1);
    out.jb(rest);
    out.align(32);
    out.bind(loop);
    vector(out, false);
    out.add(SOURCE, SET.bytes());
    out.add(TARGET, SET.bytes() / 2);
    out.dec(COUNT);
    out.jne(loop);
    out.bind(rest);
    if (masked) {
      vector(out, true);
    }
    out.add(FROM, STRIDE_FROM);
    out.add(TO, STRIDE_TO);
    out.dec(ROWS);
    out.jne(row);
    out.vzeroupper();
    out.ret();
    return out.code();
  }

  private static void vector(Assembler out, boolean masked) {
    out.vmovups(X, at(SOURCE, 0), masked);
    out.vcvtneps2bf16(X, X);
    out.vmovupsY(at(TARGET, 0), X);
  }
}

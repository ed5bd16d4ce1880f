package norma.machine;

import static norma.machine.Assembler.Register.RSP;
import static norma.machine.Assembler.at;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Register;
import norma.machine.Assembler.Vector;

/// Every instruction of the assembler with operands drawn by a fixed seed, and the same as text for GNU as: an instruction is one line
/// here.
final class Encodings {
  private static final String[] REGISTERS = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10",
      "r11", "r12", "r13", "r14", "r15" };
  /// Around the ends of a byte, plain and in units of 4, 32 and 64.
  private static final int[] OFFSETS = { 0, 4, 8, 32, 64, 124, 127, 128, -128, -64, -4, 252, 256, 508, 512, -512, 4096,
      8128, 8192, -8192, -8256, 0x7654_3210 };
  private static final int[] IMMEDIATES = { 1, 4, 127, 128, -128, -129, 0x7654_3210 };

  private final List<Line> lines = new ArrayList<>();
  private final Random random = new Random(1);
  private final InstructionSet set;

  /// One instruction.
  ///
  /// @param text as GNU as reads it in Intel's syntax
  record Line(String text, byte[] code) {}

  private Encodings(InstructionSet set) {
    this.set = set;
  }

  static List<Line> of(InstructionSet set, int rounds) {
    Encodings all = new Encodings(set);
    for (int round = 0; round < rounds; round++) {
      all.vectors();
      all.halves();
      all.addresses();
    }
    all.jumps();
    return all.lines;
  }

  private void one(Consumer<Assembler> instruction, String name, String... operands) {
    Assembler out = new Assembler(set);
    instruction.accept(out);
    lines.add(new Line(String.join(" ", name, String.join(",", operands)), out.code()));
  }

  private void vectors() {
    boolean wide = set == InstructionSet.AVX512;
    Vector a = vector(wide ? 32 : 16);
    Vector b = vector(wide ? 32 : 16);
    Vector c = vector(wide ? 32 : 16);
    String kind = wide ? "zmm" : "ymm";
    String ta = text(kind, a);
    String tb = text(kind, b);
    String tc = text(kind, c);
    Memory m = memory();
    String tm = text(kind, m);
    one(o -> o.vmovups(a, m), "vmovups", ta, tm);
    one(o -> o.vmovups(m, a), "vmovups", tm, ta);
    one(o -> o.vmovups(a, m, false), "vmovups", ta, tm);
    one(o -> o.vmovups(m, a, false), "vmovups", tm, ta);
    one(o -> o.vbroadcastss(a, m), "vbroadcastss", ta, text("d", m));
    one(o -> o.vaddps(a, b, m), "vaddps", ta, tb, tm);
    one(o -> o.vaddps(a, b, c), "vaddps", ta, tb, tc);
    one(o -> o.vfmadd231ps(a, b, c), "vfmadd231ps", ta, tb, tc);
    one(o -> o.vfmadd231ps(a, b, m), "vfmadd231ps", ta, tb, tm);
    one(o -> o.zero(a), wide ? "vpxord" : "vxorps", ta, ta, ta);
    one(Assembler::vzeroupper, "vzeroupper");
    if (wide) {
      one(o -> o.vmovups(a, m, true), "vmovups", ta.concat("{k1}{z}"), tm);
      one(o -> o.vmovups(m, a, true), "vmovups", tm.concat("{k1}"), ta);
      one(o -> o.mask(m), "kmovw", "k1", text("", m));
      one(o -> o.vdpbf16ps(a, b, c), "vdpbf16ps", ta, tb, tc);
      one(o -> o.vcvtneps2bf16(a, b), "vcvtneps2bf16", text("ymm", a), tb);
      one(o -> o.vpmovzxwd(a, b), "vpmovzxwd", ta, text("ymm", b));
      one(o -> o.vpslld(a, b, 16), "vpslld", ta, tb, "16");
      one(o -> o.vpord(a, b, c), "vpord", ta, tb, tc);
    } else {
      one(o -> o.vmovups(a, m, true), "vmaskmovps", ta, "ymm15", tm);
      one(o -> o.vmovups(m, a, true), "vmaskmovps", tm, "ymm15", ta);
      one(o -> o.mask(m), "vmovups", "ymm15", tm);
    }
    formulas(wide, a, b, c, m);
  }

  private void formulas(boolean wide, Vector a, Vector b, Vector c, Memory m) {
    String kind = wide ? "zmm" : "ymm";
    String ta = text(kind, a);
    String tb = text(kind, b);
    String tc = text(kind, c);
    String tm = text(kind, m);
    one(o -> o.vmulps(a, b, m), "vmulps", ta, tb, tm);
    one(o -> o.vsubps(a, b, m), "vsubps", ta, tb, tm);
    one(o -> o.vminps(a, b, m), "vminps", ta, tb, tm);
    one(o -> o.vdivps(a, b, c), "vdivps", ta, tb, tc);
    one(o -> o.vmaxps(a, b, m), "vmaxps", ta, tb, tm);
    one(o -> o.vsqrtps(a, m), "vsqrtps", ta, tm);
    one(o -> o.vandps(a, b, m), "vandps", ta, tb, tm);
    one(o -> o.vorps(a, b, m), "vorps", ta, tb, tm);
    one(o -> o.vxorps(a, b, m), "vxorps", ta, tb, tm);
    one(o -> o.vmovaps(a, b), "{load} vmovaps", ta, tb);
    one(o -> o.vfmadd213ps(a, b, m), "vfmadd213ps", ta, tb, tm);
    one(o -> o.vfnmadd213ps(a, b, m), "vfnmadd213ps", ta, tb, tm);
    one(o -> o.vfnmadd231ps(a, b, m), "vfnmadd231ps", ta, tb, tm);
    one(o -> o.vpaddd(a, b, m), "vpaddd", ta, tb, tm);
    one(o -> o.vpsubd(a, b, m), "vpsubd", ta, tb, tm);
    one(o -> o.vpsrad(a, b, 23), "vpsrad", ta, tb, "23");
    one(o -> o.vpslld(a, b, 31), "vpslld", ta, tb, "31");
    one(o -> o.vcvtdq2ps(a, b), "vcvtdq2ps", ta, tb);
    one(o -> o.vcvtps2dq(a, b), "vcvtps2dq", ta, tb);
    one(o -> o.vpermilps(a, b, 0x4E), "vpermilps", ta, tb, "0x4e");
    one(o -> o.blocks(a, b, 1), wide ? "vshuff32x4" : "vperm2f128", ta, tb, tb, "1");
    if (wide) {
      one(o -> o.masked(a, b), "vmovaps", ta.concat("{k1}{z}"), tb);
      one(o -> o.select(a, b, m, 30, c), "vcmpps", "k2", tb, tm, "30; vmovaps " + ta + "{k2}{z}", tc);
    } else {
      one(o -> o.masked(a, b), "vandps", ta, "ymm15", tb);
      one(o -> o.select(a, b, m, 30, c), "vcmpps", ta, tb, tm, "30; vandps " + ta, ta, tc);
    }
    Vector low = vector(16);
    one(o -> o.vmovss(m, low), "vmovss", text("d", m), text("xmm", low));
  }

  /// Shorter vectors, encoded by VEX in either set.
  private void halves() {
    Vector a = vector(16);
    Vector b = vector(16);
    Vector c = vector(16);
    Memory m = memory();
    String ta = text("ymm", a);
    String tb = text("ymm", b);
    String tc = text("ymm", c);
    one(o -> o.vmovupsY(m, a), "vmovups", text("ymm", m), ta);
    one(o -> o.vmovupsX(a, m), "vmovups", text("xmm", a), text("xmm", m));
    one(o -> o.vinsertf128(a, b, m), "vinsertf128", ta, tb, text("xmm", m), "1");
    one(o -> o.vunpcklpsY(a, b, c), "vunpcklps", ta, tb, tc);
    one(o -> o.vunpckhpsY(a, b, c), "vunpckhps", ta, tb, tc);
    one(o -> o.vshufpsY(a, b, c, 0x44), "vshufps", ta, tb, tc, "0x44");
  }

  private void addresses() {
    Register x = register(0);
    Register y = register(1); // GNU as has a shorter code for RAX and an immediate
    Memory m = memory();
    String tx = REGISTERS[x.number()];
    String ty = REGISTERS[y.number()];
    String tm = text("q", m);
    int by = IMMEDIATES[random.nextInt(IMMEDIATES.length)];
    String tby = Integer.toString(by);
    one(o -> o.mov(x, y), "mov", tx, ty);
    one(o -> o.mov(x, m), "mov", tx, tm);
    one(o -> o.mov(m, x), "mov", tm, tx);
    one(o -> o.lea(x, m), "lea", tx, text("", m));
    one(o -> o.add(x, y), "add", tx, ty);
    one(o -> o.add(y, by), "add", ty, tby);
    one(o -> o.sub(y, by), "sub", ty, tby);
    one(o -> o.cmp(y, by), "cmp", ty, tby);
    one(o -> o.xor(x, y), "xor", tx, ty);
    one(o -> o.dec(x), "dec", tx);
    one(o -> o.push(x), "push", tx);
    one(o -> o.pop(x), "pop", tx);
    one(o -> o.prefetcht0(m), "prefetcht0", text("", m));
    one(Assembler::ret, "ret");
  }

  /// Over three bytes forwards and backwards; GNU as is kept from its short jumps.
  private void jumps() {
    Register x = new Register(0);
    one(o -> {
      Assembler.Label end = new Assembler.Label();
      o.jne(end);
      o.dec(x);
      o.bind(end);
    }, "{disp32} jne 9f; dec rax; 9:");
    one(o -> {
      Assembler.Label end = new Assembler.Label();
      o.jb(end);
      o.dec(x);
      o.bind(end);
    }, "{disp32} jb 9f; dec rax; 9:");
    one(o -> {
      Assembler.Label start = new Assembler.Label();
      o.bind(start);
      o.dec(x);
      o.jmp(start);
    }, "9: dec rax; {disp32} jmp 9b");
    one(o -> { // more uses than a label starts with
      Assembler.Label end = new Assembler.Label();
      for (int i = 0; i < 5; i++) {
        o.jmp(end);
      }
      o.bind(end);
    }, "{disp32} jmp 9f; ".repeat(5).concat("9:"));
    one(o -> {
      o.dec(x);
      o.align(16);
    }, "dec rax; {disp32} nop dword ptr [rax+rax*1+0]; {disp8} nop dword ptr [rax+0]; nop");
  }

  private Vector vector(int of) {
    return new Vector(random.nextInt(of));
  }

  private Register register(int from) {
    return new Register(random.nextInt(from, REGISTERS.length));
  }

  private Memory memory() {
    Register base = register(0);
    Register index = register(0);
    int scale = 1 << random.nextInt(4);
    int offset = OFFSETS[random.nextInt(OFFSETS.length)];
    return switch (random.nextInt(4)) {
      case 0 -> at(base, index, index.number() == RSP.number() ? 1 : scale);
      case 1 -> at(base, offset);
      case 2 -> at(base, 0);
      default -> new Memory(base, index, index.number() == RSP.number() ? 1 : scale, offset);
    };
  }

  private static String text(String kind, Vector v) {
    return kind + v.number();
  }

  /// @param kind of what lies there: vectors, d and q for words of 4 and 8 bytes
  private static String text(String kind, Memory m) {
    String type = switch (kind) {
      case "" -> "";
      case "d" -> "dword ptr ";
      case "q" -> "qword ptr ";
      default -> kind + "word ptr ";
    };
    String index = m.index().number() == RSP.number() ? "" : "+" + REGISTERS[m.index().number()] + "*" + m.scale();
    String offset = m.offset() == 0 ? "" : (m.offset() < 0 ? "" : "+") + m.offset();
    return type + "[" + REGISTERS[m.base().number()] + index + offset + "]";
  }
}

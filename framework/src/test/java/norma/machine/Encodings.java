package norma.machine;

import static norma.machine.Assembler.RSP;
import static norma.machine.Assembler.at;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

  private void one(String text, Consumer<Assembler> instruction) {
    Assembler out = new Assembler(set);
    instruction.accept(out);
    lines.add(new Line(text, out.code()));
  }

  private void vectors() {
    boolean wide = set == InstructionSet.AVX512;
    Vector a = vector(wide ? 32 : 16);
    Vector b = vector(wide ? 32 : 16);
    Vector c = vector(wide ? 32 : 16);
    String ta = (wide ? "zmm" : "ymm") + a.number();
    String tb = (wide ? "zmm" : "ymm") + b.number();
    String tc = (wide ? "zmm" : "ymm") + c.number();
    Memory m = memory();
    String at = text(m);
    String tm = (wide ? "zmmword ptr " : "ymmword ptr ") + at;
    one("vmovups " + ta + "," + tm, o -> o.vmovups(a, m));
    one("vmovups " + tm + "," + ta, o -> o.vmovups(m, a));
    one("vbroadcastss " + ta + ",dword ptr " + at, o -> o.vbroadcastss(a, m));
    one("vaddps " + ta + "," + tb + "," + tm, o -> o.vaddps(a, b, m));
    one("vaddps " + ta + "," + tb + "," + tc, o -> o.vaddps(a, b, c));
    one("vfmadd231ps " + ta + "," + tb + "," + tc, o -> o.vfmadd231ps(a, b, c));
    one("vfmadd231ps " + ta + "," + tb + "," + tm, o -> o.vfmadd231ps(a, b, m));
    one((wide ? "vpxord " : "vxorps ") + ta + "," + ta + "," + ta, o -> o.zero(a));
    if (wide) {
      one("vfmadd231ps " + ta + "," + tb + ",dword ptr " + at + "{1to16}", o -> o.vfmadd231ps(a, b, m.everywhere()));
      one("vmovups " + ta + "{k1}{z}," + tm, o -> o.vmovups(a, m, true));
      one("vmovups " + tm + "{k1}," + ta, o -> o.vmovups(m, a, true));
      one("vmovups " + ta + "," + tm, o -> o.vmovups(a, m, false));
      one("vmovups " + tm + "," + ta, o -> o.vmovups(m, a, false));
      one("kmovw k1,word ptr " + at, o -> o.mask(m));
      one("vdpbf16ps " + ta + "," + tb + "," + tc, o -> o.vdpbf16ps(a, b, c));
      one("vcvtneps2bf16 ymm" + a.number() + "," + tb, o -> o.vcvtneps2bf16(a, b));
      one("vpmovzxwd " + ta + ",ymm" + b.number(), o -> o.vpmovzxwd(a, b));
      one("vpslld " + ta + "," + tb + ",16", o -> o.vpslld(a, b, 16));
      one("vpord " + ta + "," + tb + "," + tc, o -> o.vpord(a, b, c));
    } else {
      one("vmaskmovps " + ta + ",ymm15," + tm, o -> o.vmovups(a, m, true));
      one("vmaskmovps " + tm + ",ymm15," + ta, o -> o.vmovups(m, a, true));
      one("vmovups ymm15," + tm, o -> o.mask(m));
    }
    one("vzeroupper", Assembler::vzeroupper);
    formulas(a, b, c, m);
  }

  private void formulas(Vector a, Vector b, Vector c, Memory m) {
    boolean wide = set == InstructionSet.AVX512;
    String kind = wide ? "zmm" : "ymm";
    String ta = kind + a.number();
    String tab = ta + "," + kind + b.number();
    String tc = kind + c.number();
    String tm = (wide ? "zmmword ptr " : "ymmword ptr ") + text(m);
    one("vmulps " + tab + "," + tm, o -> o.vmulps(a, b, m));
    one("vsubps " + tab + "," + tm, o -> o.vsubps(a, b, m));
    one("vminps " + tab + "," + tm, o -> o.vminps(a, b, m));
    one("vdivps " + tab + "," + tc, o -> o.vdivps(a, b, c));
    one("vmaxps " + tab + "," + tm, o -> o.vmaxps(a, b, m));
    one("vsqrtps " + ta + "," + tm, o -> o.vsqrtps(a, m));
    one("vandps " + tab + "," + tm, o -> o.vandps(a, b, m));
    one("vorps " + tab + "," + tm, o -> o.vorps(a, b, m));
    one("vxorps " + tab + "," + tm, o -> o.vxorps(a, b, m));
    one("{load} vmovaps " + tab, o -> o.vmovaps(a, b));
    one("vfmadd213ps " + tab + "," + tm, o -> o.vfmadd213ps(a, b, m));
    one("vfnmadd213ps " + tab + "," + tm, o -> o.vfnmadd213ps(a, b, m));
    one("vfnmadd231ps " + tab + "," + tm, o -> o.vfnmadd231ps(a, b, m));
    one("vpaddd " + tab + "," + tm, o -> o.vpaddd(a, b, m));
    one("vpsubd " + tab + "," + tm, o -> o.vpsubd(a, b, m));
    one("vpsrad " + tab + ",23", o -> o.vpsrad(a, b, 23));
    one("vpslld " + tab + ",31", o -> o.vpslld(a, b, 31));
    one("vcvtdq2ps " + tab, o -> o.vcvtdq2ps(a, b));
    one("vcvtps2dq " + tab, o -> o.vcvtps2dq(a, b));
    one("vpermilps " + tab + ",0x4e", o -> o.vpermilps(a, b, 0x4E));
    one((wide ? "vshuff32x4 " : "vperm2f128 ") + tab + "," + kind + b.number() + ",1", o -> o.blocks(a, b, 1));
    if (wide) {
      one("vmovaps " + ta + "{k1}{z}," + kind + b.number(), o -> o.masked(a, b));
      one("vcmpps k2," + kind + b.number() + "," + tm + ",30; vmovaps " + ta + "{k2}{z}," + tc,
          o -> o.select(a, b, m, 30, c));
    } else {
      one("vandps " + ta + ",ymm15," + kind + b.number(), o -> o.masked(a, b));
      one("vcmpps " + tab + "," + tm + ",30; vandps " + ta + "," + ta + "," + tc, o -> o.select(a, b, m, 30, c));
    }
    Vector low = vector(16);
    one("vmovss dword ptr " + text(m) + ",xmm" + low.number(), o -> o.vmovss(m, low));
  }

  /// Shorter vectors, encoded by VEX in either set.
  private void halves() {
    Vector a = vector(16);
    Vector b = vector(16);
    Vector c = vector(16);
    Memory m = memory();
    String of = "ymm" + a.number() + ",ymm" + b.number();
    one("vmovups ymmword ptr " + text(m) + ",ymm" + a.number(), o -> o.vmovupsY(m, a));
    one("vmovups xmm" + a.number() + ",xmmword ptr " + text(m), o -> o.vmovupsX(a, m));
    one("vinsertf128 " + of + ",xmmword ptr " + text(m) + ",1", o -> o.vinsertf128(a, b, m));
    one("vunpcklps " + of + ",ymm" + c.number(), o -> o.vunpcklpsY(a, b, c));
    one("vunpckhps " + of + ",ymm" + c.number(), o -> o.vunpckhpsY(a, b, c));
    one("vshufps " + of + ",ymm" + c.number() + ",0x44", o -> o.vshufpsY(a, b, c, 0x44));
  }

  private void addresses() {
    Register x = register(0);
    Register y = register(1); // GNU as has a shorter code for RAX and an immediate
    Memory m = memory();
    String at = text(m);
    int by = IMMEDIATES[random.nextInt(IMMEDIATES.length)];
    one("mov " + text(x) + "," + text(y), o -> o.mov(x, y));
    one("mov " + text(x) + ",qword ptr " + at, o -> o.mov(x, m));
    one("mov qword ptr " + at + "," + text(x), o -> o.mov(m, x));
    one("lea " + text(x) + "," + at, o -> o.lea(x, m));
    one("add " + text(x) + "," + text(y), o -> o.add(x, y));
    one("add " + text(x) + ",qword ptr " + at, o -> o.add(x, m));
    one("add " + text(y) + "," + by, o -> o.add(y, by));
    one("sub " + text(y) + "," + by, o -> o.sub(y, by));
    one("cmp " + text(y) + "," + by, o -> o.cmp(y, by));
    one("dec " + text(x), o -> o.dec(x));
    one("xor " + text(x) + "," + text(y), o -> o.xor(x, y));
    one("push " + text(x), o -> o.push(x));
    one("pop " + text(x), o -> o.pop(x));
    one("ret", Assembler::ret);
    one("cpuid", Assembler::cpuid);
    one("xgetbv", Assembler::xgetbv);
  }

  /// Over three bytes forwards and backwards; GNU as is kept from its short jumps.
  private void jumps() {
    Register x = new Register(0);
    one("{disp32} jne 9f; dec rax; 9:", o -> {
      Assembler.Label end = new Assembler.Label();
      o.jne(end);
      o.dec(x);
      o.bind(end);
    });
    one("{disp32} jb 9f; dec rax; 9:", o -> {
      Assembler.Label end = new Assembler.Label();
      o.jb(end);
      o.dec(x);
      o.bind(end);
    });
    one("9: dec rax; {disp32} jmp 9b", o -> {
      Assembler.Label start = new Assembler.Label();
      o.bind(start);
      o.dec(x);
      o.jmp(start);
    });
    one("{disp32} jmp 9f; ".repeat(5) + "9:", o -> { // more uses than a label starts with
      Assembler.Label end = new Assembler.Label();
      for (int i = 0; i < 5; i++) {
        o.jmp(end);
      }
      o.bind(end);
    });
    one("dec rax; nop; nop; nop; nop; nop", o -> {
      o.dec(x);
      o.align(8);
    });
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
      default -> new Memory(base, index, index.number() == RSP.number() ? 1 : scale, offset, false);
    };
  }

  private static String text(Register register) {
    return REGISTERS[register.number()];
  }

  private static String text(Memory m) {
    String index = m.index().number() == RSP.number() ? "" : "+" + text(m.index()) + "*" + m.scale();
    return "[" + text(m.base()) + index + (m.offset() == 0 ? "" : String.format(Locale.ROOT, "%+d", m.offset())) + "]";
  }
}

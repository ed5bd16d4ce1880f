package norma.machine;

import java.util.Arrays;

/// Machine code for x86-64, an instruction at a time, with vectors of one [InstructionSet]. Names, order of operands and opcodes are
/// those of Intel's manual (Software Developer's Manual, volume 2): what is written to comes first.
///
/// An instruction that is not here is a line: its opcode with prefix and map, as the manual has them. It is tested against GNU as by
/// a line in `EncodingTest`. No lambda and no switch over types, whose first use would cost more time than all the code.
public final class Assembler {

  /// A register or an address.
  public sealed interface Operand {
    /// Of the register, or of the address's base.
    int number();
  }

  /// A vector register.
  public record Vector(int number) implements Operand {}

  /// A general register. System V passes arguments in RDI, RSI, RDX, RCX, R8, R9, then on the stack from RSP + 8 on; a function must
  /// keep RBX, RBP and R12 to R15.
  public record Register(int number) implements Operand {
    public static final Register RAX = new Register(0);
    public static final Register RCX = new Register(1);
    public static final Register RDX = new Register(2);
    public static final Register RBX = new Register(3);
    public static final Register RSP = new Register(4);
    public static final Register RBP = new Register(5);
    public static final Register RSI = new Register(6);
    public static final Register RDI = new Register(7);
    public static final Register R8 = new Register(8);
    public static final Register R9 = new Register(9);
    public static final Register R10 = new Register(10);
    public static final Register R11 = new Register(11);
    public static final Register R12 = new Register(12);
    public static final Register R13 = new Register(13);
    public static final Register R14 = new Register(14);
    public static final Register R15 = new Register(15);
  }

  /// `base + index * scale + offset`.
  ///
  /// @param index [Register#RSP], which cannot be one, stands for none
  /// @param scale 1, 2, 4 or 8
  public record Memory(Register base, Register index, int scale, int offset) implements Operand {
    @Override
    public int number() {
      return base.number;
    }
  }

  /// A place to jump to, known or not yet.
  public static final class Label {
    private static final int UNKNOWN = -1;
    private int place = UNKNOWN;
    private int[] uses = new int[4];
    private int used;
  }

  private static final Vector NONE = new Vector(0);
  private static final Vector MASK = new Vector(15);
  /// Bits of EVEX: masked by k1; lanes outside of the mask become 0.
  private static final int K1 = 1;
  private static final int K2 = 2;
  private static final int ZEROING = 0x80;
  /// Lengths of vectors as VEX and EVEX have them.
  private static final int BITS_128 = 0;
  private static final int BITS_256 = 1;
  private static final int BITS_512 = 2;

  private final InstructionSet set;
  private final boolean wide;
  private byte[] code = new byte[1 << 12];
  private int size;
  private Register[] saved = {};

  /// An assembler without code.
  public Assembler(InstructionSet set) {
    this.set = set;
    wide = set == InstructionSet.AVX512;
  }

  /// The number or vector at `base + offset`.
  public static Memory at(Register base, int offset) {
    return new Memory(base, Register.RSP, 1, offset);
  }

  /// The number or vector at `base + index * scale`.
  public static Memory at(Register base, Register index, int scale) {
    return new Memory(base, index, scale, 0);
  }

  /// What was assembled.
  public byte[] code() {
    return Arrays.copyOf(code, size);
  }

  /// Begins a function that changes registers which it must keep.
  public void begin(Register... changed) {
    saved = changed;
    for (Register register : saved) {
      push(register);
    }
  }

  /// Ends the function.
  ///
  /// @return what was assembled
  public byte[] end() {
    for (int i = saved.length - 1; i >= 0; i--) {
      pop(saved[i]);
    }
    vzeroupper();
    ret();
    return code();
  }

  // Vectors of numbers of 32 bits, of the whole width of the set.

  public void vmovups(Vector to, Memory from) { vector(0x0F_10, to, NONE, from, 0); }
  public void vmovups(Memory to, Vector from) { vector(0x0F_11, from, NONE, to, 0); }
  public void vbroadcastss(Vector to, Memory from) { vector(0x66_0F38_18, to, NONE, from, 0); }
  public void vaddps(Vector to, Vector a, Operand b) { vector(0x0F_58, to, a, b, 0); }
  public void vfmadd231ps(Vector to, Vector a, Operand b) { vector(0x66_0F38_B8, to, a, b, 0); } // to = a * b + to
  public void zero(Vector to) { vector(wide ? 0x66_000F_EF : 0x0F_57, to, to, to, 0); } // vpxord, vxorps
  public void vzeroupper() { bytes(0xC5, 0xF8, 0x77); }

  /// Before instructions with a mask: AVX-512 reads 16 bits, AVX2 eight lanes whose sign counts.
  public void mask(Memory from) {
    if (wide) {
      vex(0x0F_90, BITS_128, 1, NONE, from); // kmovw k1
    } else {
      vmovups(MASK, from);
    }
  }

  /// Lanes that the mask leaves out are not read and become 0.
  public void vmovups(Vector to, Memory from, boolean masked) {
    if (masked && !wide) {
      vector(0x66_0F38_2C, to, MASK, from, 0); // vmaskmovps
    } else {
      vector(0x0F_10, to, NONE, from, masked ? ZEROING | K1 : 0);
    }
  }

  /// Lanes that the mask leaves out are not written.
  public void vmovups(Memory to, Vector from, boolean masked) {
    if (masked && !wide) {
      vector(0x66_0F38_2E, from, MASK, to, 0); // vmaskmovps
    } else {
      vector(0x0F_11, from, NONE, to, masked ? K1 : 0);
    }
  }

  // What formulas need.

  public void vmulps(Vector to, Vector a, Operand b) { vector(0x0F_59, to, a, b, 0); }
  public void vsubps(Vector to, Vector a, Operand b) { vector(0x0F_5C, to, a, b, 0); }
  public void vminps(Vector to, Vector a, Operand b) { vector(0x0F_5D, to, a, b, 0); }
  public void vdivps(Vector to, Vector a, Operand b) { vector(0x0F_5E, to, a, b, 0); }
  public void vmaxps(Vector to, Vector a, Operand b) { vector(0x0F_5F, to, a, b, 0); }
  public void vsqrtps(Vector to, Operand a) { vector(0x0F_51, to, NONE, a, 0); }
  public void vandps(Vector to, Vector a, Operand b) { vector(0x0F_54, to, a, b, 0); }
  public void vorps(Vector to, Vector a, Operand b) { vector(0x0F_56, to, a, b, 0); }
  public void vxorps(Vector to, Vector a, Operand b) { vector(0x0F_57, to, a, b, 0); }
  public void vmovaps(Vector to, Vector from) { vector(0x0F_28, to, NONE, from, 0); }
  public void vfmadd213ps(Vector to, Vector a, Operand b) { vector(0x66_0F38_A8, to, a, b, 0); } // to = a * to + b
  public void vfnmadd213ps(Vector to, Vector a, Operand b) { vector(0x66_0F38_AC, to, a, b, 0); } // to = -a * to + b
  public void vfnmadd231ps(Vector to, Vector a, Operand b) { vector(0x66_0F38_BC, to, a, b, 0); } // to = -a * b + to
  public void vpaddd(Vector to, Vector a, Operand b) { vector(0x66_000F_FE, to, a, b, 0); }
  public void vpsubd(Vector to, Vector a, Operand b) { vector(0x66_000F_FA, to, a, b, 0); }
  public void vpsrad(Vector to, Vector from, int by) { vector(0x66_000F_72, new Vector(4), to, from, 0); bytes(by); }
  public void vcvtdq2ps(Vector to, Operand from) { vector(0x0F_5B, to, NONE, from, 0); }
  public void vcvtps2dq(Vector to, Operand from) { vector(0x66_000F_5B, to, NONE, from, 0); }
  public void vpermilps(Vector to, Vector a, int how) { vector(0x66_0F3A_04, to, NONE, a, 0); bytes(how); }
  public void vmovss(Memory to, Vector from) { vex(0xF3_000F_11, BITS_128, from.number, NONE, to); } // registers 0 to 15

  /// Blocks of 128 bits in another order: vperm2f128 or vshuff32x4 of a vector with itself.
  public void blocks(Vector to, Vector a, int how) {
    vector(wide ? 0x66_0F3A_23 : 0x66_0F3A_06, to, a, a, 0);
    bytes(how);
  }

  /// Lanes of `from` that the mask takes, else 0.
  public void masked(Vector to, Vector from) {
    if (wide) {
      vector(0x0F_28, to, NONE, from, ZEROING | K1);
    } else {
      vandps(to, MASK, from);
    }
  }

  /// `value` in lanes where a and b compare as `how` says (vcmpps), else 0. In AVX2 to is not value.
  public void select(Vector to, Vector a, Operand b, int how, Vector value) {
    if (wide) {
      vector(0x0F_C2, new Vector(2), a, b, 0);
      bytes(how);
      vector(0x0F_28, to, NONE, value, ZEROING | K2);
    } else {
      vector(0x0F_C2, to, a, b, 0);
      bytes(how);
      vandps(to, to, value);
    }
  }

  // AVX-512 only: bfloat16, and what brings it into place.

  public void vdpbf16ps(Vector to, Vector a, Operand b) { vector(0xF3_0F38_52, to, a, b, 0); } // pairs, to += a b
  public void vcvtneps2bf16(Vector to, Vector from) { vector(0xF3_0F38_72, to, NONE, from, 0); } // half as many bytes
  public void vpmovzxwd(Vector to, Vector from) { vector(0x66_0F38_33, to, NONE, from, 0); } // twice as many bytes
  public void vpslld(Vector to, Vector from, int by) { vector(0x66_000F_72, new Vector(6), to, from, 0); bytes(by); }
  public void vpord(Vector to, Vector a, Vector b) { vector(0x66_000F_EB, to, a, b, 0); }

  // Vectors of 256 and 128 bits by VEX, in either set; registers 0 to 15.

  public void vmovupsY(Memory to, Vector from) { vex(0x0F_11, BITS_256, from.number, NONE, to); }
  public void vmovupsX(Vector to, Memory from) { vex(0x0F_10, BITS_128, to.number, NONE, from); }
  public void vinsertf128(Vector to, Vector a, Memory upper) {
    vex(0x66_0F3A_18, BITS_256, to.number, a, upper);
    bytes(1);
  }
  public void vunpcklpsY(Vector to, Vector a, Vector b) { vex(0x0F_14, BITS_256, to.number, a, b); }
  public void vunpckhpsY(Vector to, Vector a, Vector b) { vex(0x0F_15, BITS_256, to.number, a, b); }
  public void vshufpsY(Vector to, Vector a, Vector b, int how) { vex(0x0F_C6, BITS_256, to.number, a, b); bytes(how); }

  // Addresses and counters, 64 bits.

  public void mov(Register to, Register from) { general(0x89, from.number, to); }
  public void mov(Register to, Memory from) { general(0x8B, to.number, from); }
  public void mov(Memory to, Register from) { general(0x89, from.number, to); }
  public void lea(Register to, Memory address) { general(0x8D, to.number, address); }
  public void add(Register to, Register by) { general(0x01, by.number, to); }
  public void add(Register to, int by) { immediate(0, to, by); }
  public void sub(Register to, int by) { immediate(5, to, by); }
  public void cmp(Register a, int b) { immediate(7, a, b); }
  public void dec(Register to) { general(0xFF, 1, to); }
  public void xor(Register to, Register by) { general(0x31, by.number, to); }
  public void push(Register from) { rex(0x40, 0, from); bytes(0x50 | (from.number & 7)); }
  public void pop(Register to) { rex(0x40, 0, to); bytes(0x58 | (to.number & 7)); }
  public void prefetcht0(Memory at) { rex(0x40, 1, at); bytes(0x0F, 0x18); address(1, at, 1); }
  public void ret() { bytes(0xC3); }
  public void jmp(Label to) { bytes(0xE9); jump(to); }
  public void jb(Label to) { bytes(0x0F, 0x82); jump(to); }
  public void jne(Label to) { bytes(0x0F, 0x85); jump(to); }

  private void jump(Label to) {
    if (to.used == to.uses.length) {
      to.uses = Arrays.copyOf(to.uses, 2 * to.used);
    }
    to.uses[to.used++] = size;
    int4(to.place == Label.UNKNOWN ? 0 : to.place - size - 4);
  }

  /// The label is here: jumps to it, before and after, lead here.
  public void bind(Label label) {
    label.place = size;
    for (int i = 0; i < label.used; i++) {
      int end = size;
      size = label.uses[i];
      int4(end - size - 4);
      size = end;
    }
  }

  /// Fills up with few instructions that do nothing: those before a loop are read once a row.
  ///
  /// @param to a power of two
  public void align(int to) {
    int left = -size & to - 1;
    for (; left >= 8; left -= 8) {
      bytes(0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0);
    }
    for (; left >= 4; left -= 4) {
      bytes(0x0F, 0x1F, 0x40, 0);
    }
    for (; left > 0; left--) {
      bytes(0x90);
    }
  }

  // Encodings. Opcodes are written prefix_map_opcode, as the manual has it: 66.0F38 B8.

  private void vector(int opcode, Vector first, Vector second, Operand third, int mask) {
    if (wide) {
      evex(opcode, first.number, second, third, mask);
    } else {
      vex(opcode, BITS_256, first.number, second, third);
    }
  }

  private void vex(int opcode, int length, int first, Vector second, Operand third) {
    int rxb = ~extensions(first, third) & 7;
    int rest = (~second.number & 15) << 3 | length << 2 | prefix(opcode);
    if (map(opcode) == 1 && (rxb & 3) == 3) {
      bytes(0xC5, rxb >> 2 << 7 | rest, opcode);
    } else {
      bytes(0xC4, rxb << 5 | map(opcode), rest, opcode);
    }
    address(first, third, 1);
  }

  private void evex(int opcode, int first, Vector second, Operand third, int mask) {
    bytes(0x62, (~extensions(first, third) & 7) << 5 | (~first & 16) | map(opcode),
        (~second.number & 15) << 3 | 4 | prefix(opcode),
        mask | BITS_512 << 5 | (~second.number & 16) >> 1, opcode);
    address(first, third, opcode == 0x66_0F38_18 ? 4 : set.bytes());
  }

  private static int prefix(int opcode) {
    return switch (opcode >>> 24) {
      case 0x66 -> 1;
      case 0xF3 -> 2;
      default -> 0;
    };
  }

  private static int map(int opcode) {
    return switch (opcode >>> 8 & 0xFFFF) {
      case 0x0F38 -> 2;
      case 0x0F3A -> 3;
      default -> 1;
    };
  }

  private void general(int opcode, int register, Operand operand) {
    rex(0x48, register, operand);
    bytes(opcode);
    address(register, operand, 1);
  }

  private void immediate(int operation, Register to, int value) {
    boolean small = value == (byte) value;
    general(small ? 0x83 : 0x81, operation, to);
    if (small) {
      bytes(value);
    } else {
      int4(value);
    }
  }

  private void rex(int start, int register, Operand operand) {
    int rex = start | extensions(register, operand);
    if (rex != 0x40) {
      bytes(rex);
    }
  }

  /// The fourth bits of register, index and base; of a vector as third operand, the fifth and the fourth.
  private static int extensions(int register, Operand operand) {
    int index = operand instanceof Memory m ? m.index.number >> 3 : 0;
    return (register >> 3 & 1) << 2 | index << 1 | operand.number() >> 3;
  }

  /// ModRM, SIB and offset, which is a byte where it is a small multiple of a unit.
  private void address(int register, Operand operand, int unit) {
    int field = (register & 7) << 3;
    int low = operand.number() & 7;
    if (!(operand instanceof Memory m)) {
      bytes(3 << 6 | field | low);
      return;
    }
    int steps = m.offset / unit;
    int mode = m.offset == 0 && low != 5 ? 0 : m.offset % unit == 0 && steps == (byte) steps ? 1 : 2;
    if (m.index.number == Register.RSP.number && low != 4) {
      bytes(mode << 6 | field | low);
    } else {
      bytes(mode << 6 | field | 4, Integer.numberOfTrailingZeros(m.scale) << 6 | (m.index.number & 7) << 3 | low);
    }
    if (mode == 1) {
      bytes(steps);
    } else if (mode == 2) {
      int4(m.offset);
    }
  }

  private void int4(int value) {
    bytes(value, value >> 8, value >> 16, value >> 24);
  }

  private void bytes(int... values) {
    if (size + values.length > code.length) {
      code = Arrays.copyOf(code, 2 * code.length);
    }
    for (int value : values) {
      code[size++] = (byte) value;
    }
  }
}

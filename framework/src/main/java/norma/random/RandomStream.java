package norma.random;

/// An endless sequence of random numbers that is indexed, not consumed: number i is a function of (seed, use, step, i).
/// Every use (initial weights of one parameter, batches, dropout of one layer, sampling) has a stream of its own, so
/// that adding or skipping one use never changes another.
///
/// @param key  from seed and use
/// @param step the step, or 0 for uses that have none
public record RandomStream(long key, long step) {

  private static final int M0 = 0xD2511F53;
  private static final int M1 = 0xCD9E8D57;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  /// The stream of one use.
  ///
  /// @param seed the run's seed
  /// @param use  what the numbers are for, for example `data.train` or `init.blocks.0.attn.qkv.weight`
  public static RandomStream of(long seed, String use) {
    long hash = 0xCBF29CE484222325L; // FNV-1a, 64 bit
    for (int i = 0; i < use.length(); i++) {
      hash = (hash ^ use.charAt(i)) * 0x100000001B3L;
    }
    return new RandomStream(mix(mix(seed) ^ hash), 0);
  }

  /// The same use at another step.
  public RandomStream at(long newStep) {
    return new RandomStream(key, newStep);
  }

  /// 32 random bits.
  public int bits(long index) {
    int[] words = new int[4];
    block(words, key, step, index >>> 2);
    return words[(int) (index & 3)];
  }

  /// The 32 random bits of the indices from `index` on: a block of four at a time.
  public void bits(long index, int[] out, int count) {
    int[] words = new int[4];
    for (int i = 0; i < count; i++) {
      int word = (int) ((index + i) & 3);
      if (i == 0 || word == 0) {
        block(words, key, step, (index + i) >>> 2);
      }
      out[i] = words[word];
    }
  }

  /// Uniform in [0, 1), 53 bits.
  public double uniform(long index) {
    int[] words = new int[4];
    block(words, key, step, index);
    long bits = ((words[0] & 0x1FFFFFL) << 32) | (words[1] & 0xFFFFFFFFL);
    return bits * 0x1p-53;
  }

  /// Standard normal, by Box and Muller's transform.
  public double normal(long index) {
    double radius = Math.sqrt(-2 * Math.log1p(-uniform(2 * index)));
    return radius * Math.cos(2 * Math.PI * uniform(2 * index + 1));
  }

  /// Uniform integer in [0, bound).
  public long bounded(long index, long bound) {
    return (long) (uniform(index) * bound);
  }

  private static long mix(long z) { // finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  /// The counter-based random generator Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011):
  /// block i of a stream is a pure function of the key and i, so that a result never depends on the order of calls, and any thread or
  /// device can compute any element. A block is four words.
  ///
  /// @param out     receives the words
  /// @param key     64-bit key
  /// @param high    upper half of the 128-bit counter
  /// @param low     lower half of the counter
  static void block(int[] out, long key, long high, long low) {
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

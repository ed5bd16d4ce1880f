package norma.random;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {

  /// Known answers of Random123 1.14 (`kat_vectors`, philox4x32 with 10 rounds): counter words c0 to c3, key words k0, k1.
  @ParameterizedTest
  @CsvSource({ "00000000 00000000 00000000 00000000, 00000000 00000000, 6627e8d5 e169c58d bc57ac4c 9b00dbd8",
      "ffffffff ffffffff ffffffff ffffffff, ffffffff ffffffff, 408f276d 41c83b0e a20bc7c6 6d5451fd",
      "243f6a88 85a308d3 13198a2e 03707344, a4093822 299f31d0, d16cfe09 94fdcceb 5001e420 24126ea1" })
  void knownAnswersOfRandom123(String counter, String key, String answer) {
    int[] c = words(counter);
    int[] k = words(key);
    int[] out = new int[4];
    RandomStream.block(out, joined(k[0], k[1]), joined(c[2], c[3]), joined(c[0], c[1]));
    assertThat(out).containsExactly(words(answer));
  }

  private static int[] words(String text) {
    String[] parts = text.split(" ", -1);
    int[] words = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      words[i] = Integer.parseUnsignedInt(parts[i], 16);
    }
    return words;
  }

  private static long joined(int low, int high) {
    return (low & 0xFFFFFFFFL) | ((long) high << 32);
  }
}

package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Against the examples of protobuf.dev/programming-guides/encoding, and what its tables say of the other types.
class ProtobufTest {
  private static void assertBytes(Protobuf message, String hex) {
    assertThat(HexFormat.ofDelimiter(" ").formatHex(message.toByteArray())).isEqualTo(hex);
  }

  @Test
  void theExamplesOfTheSpecificationAreThese() {
    assertBytes(new Protobuf().integer(1, 150), "08 96 01");
    assertBytes(new Protobuf().text(2, "testing"), "12 07 74 65 73 74 69 6e 67");
    assertBytes(new Protobuf().message(3, new Protobuf().integer(1, 150)), "1a 03 08 96 01");
    assertBytes(new Protobuf().integer(1, -2), "08 fe ff ff ff ff ff ff ff ff 01");
  }

  @Test
  void numbersAreLittleEndianAndRepeatedOnesPacked() {
    assertBytes(new Protobuf().number(5, 1.5f), "2d 00 00 c0 3f");
    assertBytes(new Protobuf().number(1, -2.0), "09 00 00 00 00 00 00 00 c0");
    assertBytes(new Protobuf().numbers(6, 1, -2),
        "32 10 00 00 00 00 00 00 f0 3f 00 00 00 00 00 00 00 c0");
  }

  @Test
  void aFieldAboveFifteenHasATagOfTwoBytesAndTextIsUtf8() {
    assertBytes(new Protobuf().text(16, "é"), "82 01 02 c3 a9");
    assertBytes(new Protobuf().integer(1, 0).bytes(2, new byte[0]), "08 00 12 00");
  }

  @Test
  void aLargeFieldIsMadeWhenTheMessageIsWritten() {
    List<String> made = new ArrayList<>();
    Protobuf inner = new Protobuf().integer(1, 7).bytes(2, 3, out -> {
      made.add("once");
      out.write(new byte[]{ 1, 2, 3 });
    }).integer(3, 8);
    Protobuf message = new Protobuf().message(4, inner).text(5, "a");
    assertThat(message.length()).isEqualTo(14);
    assertThat(made).isEmpty();
    assertBytes(message, "22 09 08 07 12 03 01 02 03 18 08 2a 01 61");
    assertThat(made).hasSize(1);
  }

  @Test
  void aLengthMayBeMoreThanAnIntCounts() {
    Protobuf tensor = new Protobuf().bytes(9, 3L << 30, out -> {
      throw new AssertionError("not asked for");
    });
    assertThat(new Protobuf().message(5, tensor).length()).isEqualTo((3L << 30) + 12);
  }
}

package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.text.Normalizer;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class FolderNameTest {
  private static final int LONGEST = 40;

  @Test
  void whatIsANameStays() {
    for (String name : List.of("a", "norms-quick", "x_1.5", "0", "A".repeat(LONGEST))) {
      assertThat(FolderName.of(name, LONGEST)).isEqualTo(name);
    }
  }

  @Test
  void textsThatAFileSystemOrAReaderTakesForOneHaveDifferentNames() {
    String cafe = "/data/caf\u00e9.txt";
    List<String> texts = List.of("/data/one.txt", "/data/One.txt", "data/one.txt", cafe,
        Normalizer.normalize(cafe, Normalizer.Form.NFD), "/data/\u043e\u0434\u0438\u043d.txt",
        "/data/\u0434\u0432\u0430.txt", "\ud83d\udc68\u200d\ud83d\udc69", "\ud83d\udc68\ud83d\udc69", "a b", "a  b",
        "..", "",
        "x".repeat(300) + "a", "x".repeat(300) + "b");
    assertThat(texts.stream().map(text -> FolderName.of(text, LONGEST).toLowerCase(Locale.ROOT))
        .collect(Collectors.toSet())).hasSize(texts.size())
        .allMatch(name -> name.matches("[a-z0-9][a-z0-9._-]{0," + (LONGEST - 1) + "}"));
  }

  @Test
  void theReadablePartIsTheBeginningOfTheOneAndTheEndOfTheOther() {
    assertThat(FolderName.hashed("dyt", "-corpus/a/very/long/path/to/the/text/one.txt", "all", LONGEST))
        .matches("dyt-[\\w.]+one\\.txt-[0-9a-f]{8}").hasSizeLessThanOrEqualTo(LONGEST);
    assertThat(FolderName.of("a=b", LONGEST)).matches("a_b-[0-9a-f]{8}");
  }
}

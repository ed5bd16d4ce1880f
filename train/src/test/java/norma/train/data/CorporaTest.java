package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import java.util.HexFormat;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.Token;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CorporaTest {
  @TempDir
  Path folder = Path.of("set by JUnit");

  @Test
  void dickensIsBuiltInAndLosesItsByteOrderMark() {
    Corpus corpus = Corpora.load("builtin:dickens", Token.CHAR);
    assertThat(corpus.symbols()).hasSize(1_214_979 - 3);
    assertThat(string(corpus)).startsWith("The Old Curiosity Shop\n").endsWith("like a tale that is told!");
    // 78 with the byte order mark.
    assertThat(Arrays.stream(corpus.symbols()).distinct().count()).isEqualTo(77);
    assertThat(corpus.sha256()).isEqualTo("70b924ea4d22d24d8650660ddddd29fc5c07eafc5803a904e6d1184f50ac4ed7");
    assertThat(corpus.source()).contains("builtin:dickens", "The Old Curiosity Shop");
  }

  @Test
  void macbethIsBuiltInAndKeepsItsLineEnds() {
    Corpus corpus = Corpora.load("builtin:macbeth", Token.CHAR);
    assertThat(corpus.symbols()).hasSize(103_605);
    assertThat(string(corpus)).startsWith("The Tragedie of Macbeth\r\n");
    assertThat(Arrays.stream(corpus.symbols()).distinct().count()).isEqualTo(66);
  }

  @ParameterizedTest
  @CsvSource({ "dikens, builtin:dickens", "Macbeth, builtin:macbeth", "mac, builtin:macbeth" })
  void anUnknownBuiltInNameGetsTheNearestOne(String name, String nearest) {
    refused("builtin:" + name).hasMessageContaining("there is no corpus builtin:" + name)
        .hasMessageContaining("did you mean " + nearest + "?").hasMessageEndingWith("builtin:dickens, builtin:macbeth");
  }

  @Test
  void aRelativePathStartsInTheWorkingDirectory() throws IOException {
    Path own = Files.writeString(folder.resolve("own.txt"), "ab");
    Corpus corpus = Corpora.load(Path.of("").toAbsolutePath().relativize(own).toString(), Token.CHAR);
    assertThat(string(corpus)).isEqualTo("ab");
    assertThat(corpus.source()).isEqualTo(own.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = { "line\r\nline\rline\nline\n\n", "e\u0301 is not \u00E9",
      "\uD83D\uDC69\u200D\uD83D\uDCBB👍🏽🇫🇷",
      "a\uFEFFb", "\u0000\u007F\u0080\u07FF\u0800\uFFFD\uFFFF\uD800\uDC00\uDBFF\uDFFF", "\u2028\u0085 \t" })
  void aTextIsReadWithoutAnyNormalization(String text) throws IOException {
    assertThat(string(Corpora.load(file(text.getBytes(UTF_8)), Token.CHAR))).isEqualTo(text);
  }

  @Test
  void oneLeadingByteOrderMarkIsStrippedAndOnlyOne() throws IOException {
    assertThat(string(Corpora.load(file("\uFEFF\uFEFFa\uFEFF".getBytes(UTF_8)), Token.CHAR)))
        .isEqualTo("\uFEFFa\uFEFF");
  }

  @Test
  void theHashIsOfTheRawBytesWithTheByteOrderMark() throws IOException {
    // printf '\xef\xbb\xbfab' | sha256sum
    assertThat(Corpora.load(file("\uFEFFab".getBytes(UTF_8)), Token.CHAR).sha256())
        .isEqualTo("e54dd095f92262cbaf1ef453de08896fee09647d82be9433cc344752e643e43d");
  }

  @ParameterizedTest
  @CsvSource({ "616263E9, E9, 3", // Latin-1 at the end of the file
      "FEFF0061, FE, 0", // UTF-16
      "C3A9E9616263, E9, 2", // Latin-1
      "616280, 80, 2", // a continuation byte alone
      "6162E282, E2, 2", // a sequence of three, truncated
      "6162F09F98, F0, 2", // a sequence of four, truncated
      "6162E28261, E2, 2", // the same inside the text
      "61C0AF, C0, 1", // overlong, two bytes
      "61E080AF, E0, 1", // overlong, three bytes
      "61F08080AF, F0, 1", // overlong, four bytes
      "6161EDA080, ED, 2", // a high surrogate
      "61EDA0BDEDB880, ED, 1", // a surrogate pair (CESU-8)
      "EFBBBF61EDBFBF, ED, 4", // a low surrogate after a byte order mark, which counts
      "61F4908080, F4, 1", // above U+10FFFF
      "61FF, FF, 1" })
  void malformedUtf8IsRefusedWithTheOffsetOfTheBadByte(String hex, String bad, int offset) throws IOException {
    String file = file(HexFormat.of().parseHex(hex));
    refused(file).hasMessageStartingWith(file + " is not UTF-8: bad byte 0x" + bad + " at offset " + offset + ":")
        .hasMessageContaining("iconv");
  }

  @ParameterizedTest
  @ValueSource(ints = { 65_533, 65_534, 65_535, 65_536, 65_537, 131_072 })
  void theDecodersChunksLeaveNoSeam(int before) throws IOException {
    String text = "a".repeat(before) + "😀é😀" + "b".repeat(70_000);
    assertThat(string(Corpora.load(file(text.getBytes(UTF_8)), Token.CHAR))).isEqualTo(text);
    byte[] broken = (text + "?").getBytes(UTF_8);
    broken[broken.length - 1] = (byte) 0xE2;
    refused(file(broken)).hasMessageContaining("0xE2 at offset " + (broken.length - 1) + ":");
  }

  @Test
  void aMissingFileIsNamedWithItsWholePath() {
    refused("nowhere.txt").hasMessageStartingWith("there is no file " + Path.of("nowhere.txt").toAbsolutePath())
        .hasMessageContaining("builtin:dickens");
  }

  @Test
  void aFolderIsRefused() {
    refused(folder.toString()).hasMessage(folder + " is a folder: data.corpus expects one file");
  }

  @Test
  void aDeviceIsRefused() {
    refused("/dev/null").hasMessageContaining("/dev/null is no regular file");
  }

  @Test
  void anEmptyFileIsRefusedAndSoIsAByteOrderMarkAlone() throws IOException {
    String empty = file(new byte[0]);
    refused(empty).hasMessageStartingWith(empty + " is empty: expected at least two distinct characters");
    refused(file("\uFEFF".getBytes(UTF_8))).hasMessageContaining(" is empty: ");
  }

  @Test
  void moreCharactersThanALanguageHasAreRefusedWithTheWayOut() throws IOException {
    int[] most = IntStream.range(0x10000, 0x20000).toArray();
    assertThat(Corpora.load(file(new String(most, 0, most.length).getBytes(UTF_8)), Token.CHAR).symbols())
        .hasSize(65_536);
    refused(file((new String(most, 0, most.length) + "a").getBytes(UTF_8)))
        .hasMessageContaining("has 65537 distinct characters; expected at most 65536: data.token=byte reads any file");
  }

  @Test
  void oneDistinctCharacterIsRefused() throws IOException {
    refused(file("😀😀😀".getBytes(UTF_8))).hasMessageContaining("has one distinct character, '😀' (U+1F600):");
    refused(file("\n\n".getBytes(UTF_8))).hasMessageContaining("LINE FEED (LF) (U+000A)");
  }

  @Test
  void aFileAboveTheSizeLimitIsRefusedUnread() throws IOException {
    Path sparse = folder.resolve("sparse.txt");
    try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
      file.setLength(Corpora.MAX_BYTES + 1);
    }
    refused(sparse.toString()).hasMessageContaining("sparse.txt has 1073741825 bytes: a corpus has at most 1073741824");
  }

  @Test
  void aFileForWhichJavaHasNoRoomIsRefusedUnread() throws IOException {
    Corpora.requireHeap(folder, 100, 1200);
    assertThatThrownBy(() -> Corpora.requireHeap(folder, 500L << 20, 4L << 30)).isInstanceOf(DataException.class)
        .hasMessage(folder + " has 524288000 bytes: text and tokens need up to 6000 MiB, Java has at most 4096; "
            + "take a part of it, or give Java more with JDK_JAVA_OPTIONS=-Xmx7g");
    Path sparse = folder.resolve("sparse.txt");
    try (RandomAccessFile file = new RandomAccessFile(sparse.toFile(), "rw")) {
      file.setLength(Corpora.MAX_BYTES); // 12 GiB for a JVM of 2
    }
    refused(sparse.toString())
        .hasMessageContaining("sparse.txt has 1073741824 bytes: text and tokens need up to 12288 MiB");
  }

  @ParameterizedTest
  @ValueSource(strings = { "https://example.org/a.txt", "http://example.org/a.txt", "file:///etc/hostname",
      "file:/etc/hostname" })
  void aUrlInPlaceOfAPathIsRefused(String url) {
    assertThatThrownBy(() -> new RunConfig.Corpus.Named(url)).hasMessageContainingAll(url + " is a URL", "sha256");
  }

  @Test
  void everyMessageIsOneLine() {
    refused("a\nb\r\nc").hasMessageContaining("a b c");
    refused("a\u0000b").hasMessageContaining("data.corpus is no path");
  }

  @Test
  void theCacheIsTheUsers() {
    Path home = Path.of("/home/someone");
    assertThat(Corpora.userCache(Map.of(), home)).isEqualTo(Path.of("/home/someone/.cache/norma"));
    assertThat(Corpora.userCache(Map.of("XDG_CACHE_HOME", "/var/x"), home)).isEqualTo(Path.of("/var/x/norma"));
    assertThat(Corpora.userCache(Map.of("XDG_CACHE_HOME", "relative"), home)).isEqualTo(home.resolve(".cache/norma"));
    assertThat(Corpora.userCache(Map.of("XDG_CACHE_HOME", ""), home)).isEqualTo(home.resolve(".cache/norma"));
  }

  private AbstractThrowableAssert<?, ? extends Throwable> refused(String spec) {
    return assertThatThrownBy(() -> Corpora.load(spec, Token.CHAR)).isInstanceOf(DataException.class)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n", "\r"));
  }

  private String file(byte[] bytes) throws IOException {
    return Files.write(Files.createTempFile(folder, "corpus", ".txt"), bytes).toString();
  }

  private static String string(Corpus corpus) {
    return new String(corpus.symbols(), 0, corpus.symbols().length);
  }
}

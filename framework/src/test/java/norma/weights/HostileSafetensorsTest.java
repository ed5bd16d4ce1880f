package norma.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the format's own list of attacks has (`attacks/` of huggingface/safetensors), and what its notes forbid.
class HostileSafetensorsTest {
  private static final String SOUND = "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}";

  @TempDir
  private Path folder;

  @ParameterizedTest
  @ValueSource(longs = { -1, Long.MIN_VALUE, Long.MAX_VALUE, 4_294_967_256L, 100_000_001, 17, 1, 0 })
  void aHeaderLengthThatTheFileCannotHaveIsRefusedBeforeItIsAllocated(long claimed) throws IOException {
    byte[] bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(claimed).array();
    refused(Files.write(folder.resolve("bad.safetensors"), bytes),
        "claims a header of " + Long.toUnsignedString(claimed) + " bytes in a file of 24");
  }

  @ParameterizedTest
  @ValueSource(ints = { 0, 3, 7 })
  void aFileWithoutAHeaderIsRefused(int bytes) throws IOException {
    refused(Files.write(folder.resolve("bad.safetensors"), new byte[bytes]), "is " + bytes + " bytes long");
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', value = {
      // offsets: negative, behind the file, the wrong way round, too many, not whole
      "[-4,0]; 4; without dtype", "[4,0]; 4; at bytes 4 to 0", "[0,8]; 4; at bytes 0 to 8 of 4",
      "[0]; 4; without dtype",
      "[0,4,8]; 4; without dtype", "[0,4.0]; 4; without dtype", "[0,4e0]; 4; without dtype", "[-0,4]; 4; without dtype",
      "[00,4]; 4; not JSON: Invalid numeric value", "[0,99999999999999999999]; 4; without dtype",
      "['0','4']; 4; without dtype",
      "{'a':1}; 4; without dtype", "null; 4; without dtype", "[0,9223372036854775807]; 4; without dtype",
      // a hole before, a hole behind
      "[4,8]; 8; has a gap or an overlap before tensor w",
      "[0,4]; 8; has 8 bytes of numbers where its header describes 4",
      // fewer bytes than numbers
      "[0,2]; 2; of type F32 and shape [1] at bytes 0 to 2", "[0,0]; 0; of type F32 and shape [1] at bytes 0 to 0" })
  void offsetsMustFillTheFile(String offsets, int dataBytes, String problem) throws IOException {
    refused(file("{'w':{'dtype':'F32','shape':[1],'data_offsets':" + offsets + "}}", dataBytes), problem);
  }

  @ParameterizedTest
  @CsvSource(quoteCharacter = '`', delimiter = ';', value = { "[2]; of type F32 and shape [2]", "[-1]; without dtype",
      "[2147483647,2147483647,2147483647]; of type F32", "[4294967296,4294967296]; of type F32",
      "[4611686018427387904,4]; without dtype", "[0,4611686018427387904]; without dtype", "[1.0]; without dtype",
      "[[1]]; nesting depth", "{'0':1}; without dtype", "'1'; without dtype", "null; without dtype",
      "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]; without dtype" })
  void aShapeMustBeThatOfTheBytes(String shape, String problem) throws IOException {
    refused(file("{'w':{'dtype':'F32','shape':" + shape + ",'data_offsets':[0,4]}}", 4), problem);
  }

  @ParameterizedTest
  @CsvSource(quoteCharacter = '`', delimiter = ';', value = { "'F64'; of type F64",
      "'I32'; of type I32", "'BOOL'; of type BOOL", "'F8_E4M3'; of type F8_E4M3", "'f32'; of type f32", "''; of type",
      "7; without dtype",
      "null; without dtype" })
  void otherTypesAreRefusedByName(String dtype, String problem) throws IOException {
    refused(file("{'w':{'dtype':" + dtype + ",'shape':[1],'data_offsets':[0,4]}}", 4), problem);
  }

  @ParameterizedTest
  @CsvSource(delimiter = ';', value = {
      "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'w':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}; 8; Duplicate Object property",
      "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'\\u0077':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}; 8; Duplicate Object property",
      "{'w':{'dtype':'F32','dtype':'F16','shape':[1],'data_offsets':[0,4]}}; 4; Duplicate Object property",
      "{'w':{'dtype':'F32','shape':[1],'shape':[2],'data_offsets':[0,4]}}; 4; Duplicate Object property",
      "{'__metadata__':{},'__metadata__':{},'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}; 4; Duplicate Object property",
      "{'__metadata__':{'a':'1','a':'2'},'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}; 4; Duplicate Object property",
      "{'__metadata__':{'a':1}}; 0; __metadata__ that is not a group of texts",
      "{'__metadata__':{'a':{}}}; 0; not a group of texts",
      "{'__metadata__':null}; 0; not a group of texts", "{'__metadata__':'x'}; 0; not a group of texts",
      "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4],'code':'x'}}; 4; unknown key \"code\"",
      "{'w':{'dtype':'F32','shape':[1]}}; 4; without dtype", "{'w':{}}; 4; without dtype", "{'w':3}; 4; without dtype",
      "{'w':[]}; 4; without dtype", "{}; 4; has 4 bytes of numbers where its header describes 0",
      "{'a':{'b':{'c':{'d':{}}}}}; 0; unknown key \"b\"", "{'w':{'shape':[[[[[]]]]]}}; 0; nesting depth",
      "{'w'; 4; not JSON: Unexpected", "{'w':}; 4; not JSON", "{w:1}; 4; not JSON",
      "{} {}; 0; goes on behind its closing",
      "{}x; 0; goes on behind", "{} //; 0; goes on behind", "[1,2]; 4; does not start with '{'" })
  void theHeaderIsOneObjectWithoutDuplicates(String header, int dataBytes, String problem) throws IOException {
    refused(file(header, dataBytes), problem);
  }

  @Test
  void theHeaderStartsAtOnceAndIsUtf8() throws IOException {
    refused(file(" " + SOUND, 4), "does not start with '{'");
    refused(file("\uFEFF" + SOUND, 4), "does not start with '{'");
    refused(raw("{\0}\0".getBytes(StandardCharsets.ISO_8859_1), 0), "not JSON"); // UTF-16
    refused(raw("{\"\u00FF\":1}".getBytes(StandardCharsets.ISO_8859_1), 0), "is not UTF-8");
    refused(raw(new byte[]{ '{', '"', (byte) 0xC0, (byte) 0xAF, '"', '}' }, 0), "is not UTF-8"); // an overlong slash
  }

  /// A tensor that nobody wants, such as a mask of bits, may have any type. It fills its place all the same.
  @Test
  void whatIsNotWantedIsPassedOver() throws IOException {
    String mask = SOUND.replace("}}", "},'m':{'dtype':'BOOL','shape':[2],'data_offsets':[4,6]}}");
    assertThat(Safetensors.read(file(mask, 6), name -> !name.equals("m"))).containsOnlyKeys("w");
    refused(file(mask, 6), "has tensor m of type BOOL");
    assertThatThrownBy(() -> Safetensors.read(file(mask, 7), name -> !name.equals("m"))).isInstanceOf(IOException.class)
        .hasMessageContaining("has 7 bytes of numbers where its header describes 6");
    assertThatThrownBy(() -> Safetensors.read(file(mask.replace("[4,6]", "[6,4]"), 6), name -> !name.equals("m")))
        .isInstanceOf(IOException.class).hasMessageContaining("at bytes 6 to 4 of 6");
  }

  @Test
  void onlySpacesMayFollowTheHeader() throws IOException {
    assertThat(Safetensors.read(file(SOUND + "     ", 4))).containsOnlyKeys("w");
    refused(file(SOUND + "\0", 4), "goes on behind its closing '}'");
    refused(file(SOUND + "\n", 4), "goes on behind its closing '}'");
  }

  @ParameterizedTest
  @ValueSource(strings = { "", "\\u0000", "a\\nb", "\\u001b[2J", "\u00E9", "\u202E" })
  void aNameThatATerminalWouldObeyIsRefused(String name) throws IOException {
    refused(file(SOUND.replace("w", name), 4), "expected 1 to 512 printable ASCII characters");
  }

  @Test
  void aNameOfAMegabyteIsRefusedInAShortLine() throws IOException {
    refused(file(SOUND.replace("w", "w".repeat(1 << 20)), 4), "expected 1 to 512 printable ASCII characters");
    refused(file(SOUND.replace("F32", "F".repeat(1 << 20)), 4), "of type FFFF");
    refused(file(SOUND.replace("[1]", "1".repeat(1 << 20)), 4), "not JSON");
  }

  /// Attempts 2 and 3 of the list: a header of many tensors that share one stretch of the file.
  @Test
  void manyTensorsOnTheSameBytesAreRefusedWithoutMakingThem() throws IOException {
    String header = IntStream.range(0, 20_000)
        .mapToObj(i -> "'w" + i + "':{'dtype':'F32','shape':[200,200],'data_offsets':[0,160000]}")
        .collect(Collectors.joining(",", "{", "}"));
    Path file = file(header, 160_000);
    refused(file, "has a gap or an overlap before tensor w");
    assertThat(allocatedByReading(file)).isLessThan(40 * Files.size(file)).isGreaterThan(0);
  }

  @Test
  void aFileWithHolesThatClaimsATerabyteIsRefusedBeforeItIsAllocated() throws IOException {
    Path file = file(IntStream.range(0, 256)
        .mapToObj(i -> String.format(Locale.ROOT, "'w%d':{'dtype':'F32','shape':[32768,32768],'data_offsets':[%d,%d]}",
            i, i * (4L << 30), (i + 1) * (4L << 30)))
        .collect(Collectors.joining(",", "{", "}")), 0);
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(sparse.length() + (1L << 40));
    }
    refused(file, "needs 1048576 MiB for its numbers, Java has at most ");
    assertThat(allocatedByReading(file)).isLessThan(4 << 20);
  }

  /// Each single byte of a sound header damaged in several ways: refused in one line, or read as other names or another type of the same size.
  @Test
  void damagedHeadersNeverFailInAnotherWay() throws IOException {
    byte[] sound = Files
        .readAllBytes(file("{'__metadata__':{'format':'pt'},'a':{'dtype':'F32','shape':[2,1],'data_offsets':[0,8]},"
            + "'b':{'dtype':'BF16','shape':[2],'data_offsets':[8,12]}}", 12));
    Random random = new Random(20261126);
    int read = 0;
    for (int at = 0; at < sound.length; at++) {
      for (int change = 0; change < 8; change++) {
        byte[] damaged = sound.clone();
        damaged[at] = change == 0 ? 0 : (byte) random.nextInt(256);
        Path file = Files.write(folder.resolve("bad.safetensors"), damaged);
        try {
          assertThat(Safetensors.read(file).values().stream().mapToInt(tensor -> tensor.data().length).sum())
              .isEqualTo(4);
          read++;
        } catch (IOException e) {
          assertThat(e).message().startsWith(file.toString()).matches("\\P{Cntrl}{1,1000}");
        }
      }
    }
    assertThat(read).isBetween(12 * 8, 40 * 8);
    for (int length = 0; length < sound.length; length++) {
      refused(Files.write(folder.resolve("bad.safetensors"), Arrays.copyOf(sound, length)), "");
    }
  }

  private static void refused(Path file, String problem) {
    assertThatThrownBy(() -> Safetensors.read(file)).isInstanceOf(IOException.class).message()
        .startsWith(file + " ").contains(problem).matches("\\P{Cntrl}{1,1000}");
  }

  /// The second time, when classes are loaded.
  private static long allocatedByReading(Path file) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    refused(file, "");
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  private Path file(String header, int dataBytes) throws IOException {
    return raw(header.replace('\'', '"').getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  private Path raw(byte[] header, int dataBytes) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    return Files.write(folder.resolve("bad.safetensors"), bytes.array());
  }
}

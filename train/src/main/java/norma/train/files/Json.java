package norma.train.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// JSON that Norma wrote, read as if somebody else had: bounded in size, depth, and length of numbers and texts; duplicate keys and
/// anything behind the value are refused.
public final class Json {
  /// Largest file that is read as one value; a study of 1,000 variants has 3 MiB.
  private static final int MAX_FILE_BYTES = 32 << 20;
  /// Longest text: a configuration in a study's file, a sample in a run's metrics.
  private static final int MAX_TEXT = 1 << 20;
  private static final int MAX_DEPTH = 16;
  private static final int MAX_DIGITS = 100;

  private static final JsonMapper MAPPER = JsonMapper
      .builder(JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH)
              .maxNumberLength(MAX_DIGITS).maxNameLength(MAX_TEXT).maxStringLength(MAX_TEXT).build())
          .build())
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Json() {}

  /// What is wrong with a text that is not JSON. The parser quotes the text.
  public static String problem(JacksonException e) {
    return printable(String.valueOf(e.getOriginalMessage()));
  }

  /// The first 200 characters as one line that a message can quote: a terminal would obey control characters.
  public static String printable(String text) {
    return Printable.line(text.codePoints().limit(200).mapToObj(Character::toString).collect(Collectors.joining()));
  }

  /// A value as text: strings as they are, the rest as JSON.
  public static String plain(JsonNode value) {
    return value.isString() ? value.stringValue() : value.toString();
  }

  /// One value.
  ///
  /// @throws JacksonException if the text is not JSON within the bounds above
  public static JsonNode parse(String text) {
    return MAPPER.readTree(text);
  }

  /// The one value in a file.
  ///
  /// @throws IOException      if the file cannot be read, and with one line if it is larger than 32 MiB or not UTF-8
  /// @throws JacksonException if it is not JSON within the bounds above
  public static JsonNode read(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_FILE_BYTES + 1);
    }
    if (bytes.length > MAX_FILE_BYTES) {
      throw new IOException(file + " is damaged: it is larger than 32 MiB");
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      return parse(StandardCharsets.UTF_8.newDecoder().decode(buffer).toString());
    } catch (CharacterCodingException e) {
      throw new IOException(String.format(Locale.ROOT, "%s is damaged: it is not UTF-8: bad byte 0x%02X at offset %d",
          file, buffer.get(buffer.position()), buffer.position()), e);
    }
  }
}

package norma.train.files;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.StdSerializer;

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

  /// Records are objects: names in snake_case in the order of the components, maps sorted. A number that is not finite is written as `null`; one
  /// that is `null` or not there is read as NaN, and everything else that is not there as empty.
  private static final JsonMapper RECORDS = MAPPER.rebuild()
      .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
      .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY).enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
      .changeDefaultNullHandling(_ -> JsonSetter.Value.construct(Nulls.AS_EMPTY, Nulls.AS_EMPTY))
      .addModule(new SimpleModule().addSerializer(double.class, new FiniteOrNull())
          .addDeserializer(double.class, new NumberOrNaN()))
      .build();

  private Json() {}

  /// What is wrong with a text that is not JSON. The parser quotes the text.
  public static String problem(JacksonException e) {
    return printable(String.valueOf(e.getOriginalMessage()));
  }

  /// The first 200 characters as one line that a message can quote: a terminal would obey control characters.
  public static String printable(String text) {
    return Printable.line(text.codePoints().limit(200).mapToObj(Character::toString).collect(Collectors.joining()));
  }

  /// The values of an object in a file, as text; none where there is no file.
  ///
  /// @throws IOException with one line that names the file, if it cannot be read or is damaged
  public static Map<String, String> texts(Path file) throws IOException {
    Map<String, String> texts = new LinkedHashMap<>();
    try {
      if (Files.exists(file)) {
        read(file).properties().forEach(entry -> texts.put(entry.getKey(), entry.getValue().asString("")));
      }
    } catch (JacksonException e) {
      throw new IOException(file + " is damaged: " + problem(e), e);
    }
    return texts;
  }

  /// A value as text: strings as they are, the rest as JSON.
  public static String plain(JsonNode value) {
    return value.isString() ? value.stringValue() : value.toString();
  }

  /// How records are written and read.
  ///
  /// @param module what is written and read in a way of its own
  public static JsonMapper records(SimpleModule module) {
    return RECORDS.rebuild().addModule(module).build();
  }

  /// A record as an object, over several lines.
  public static String text(Object value) {
    return RECORDS.writerWithDefaultPrettyPrinter().writeValueAsString(value) + "\n";
  }

  /// A record from an object.
  ///
  /// @throws JacksonException if the object does not fit
  public static <T> T record(JsonNode node, Class<T> type) {
    return RECORDS.treeToValue(node, type);
  }

  private static final class FiniteOrNull extends StdSerializer<Double> {
    FiniteOrNull() {
      super(Double.class);
    }

    @Override
    public void serialize(Double value, JsonGenerator generator, SerializationContext context) {
      if (Double.isFinite(value)) {
        generator.writeNumber(value.doubleValue());
      } else {
        generator.writeNull();
      }
    }
  }

  private static final class NumberOrNaN extends StdDeserializer<Double> {
    NumberOrNaN() {
      super(double.class);
    }

    @Override
    public Double deserialize(JsonParser parser, DeserializationContext context) {
      return _parseDoublePrimitive(parser, context);
    }

    @Override
    public Object getEmptyValue(DeserializationContext context) {
      return Double.NaN;
    }
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
    byte[] bytes = WholeFile.start(file, MAX_FILE_BYTES + 1);
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

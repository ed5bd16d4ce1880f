package norma.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/// Reads the JSON header of a safetensors file, token by token: no tree is built, and nothing is as large as a number in the
/// header claims.
final class SafetensorsHeader {
  /// Largest header. A model of 1,024 blocks needs 2 MiB; the format allows 100 MB.
  static final int MAX_BYTES = 16 << 20;
  static final String METADATA = "__metadata__";
  /// A name can be printed in a message as it is.
  private static final Pattern NAME = Pattern.compile("[ -~]{1,512}");
  /// At most 18 digits fit a long.
  private static final Pattern WHOLE = Pattern.compile("0|[1-9][0-9]{0,17}");
  private static final int MAX_RANK = 16;
  /// Largest array of a JVM.
  private static final long MAX_ELEMENTS = Integer.MAX_VALUE - 8;
  private static final JsonFactory JSON = JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(3).maxNumberLength(100)
          .maxNameLength(MAX_BYTES).maxStringLength(MAX_BYTES).build())
      .build();

  private final Path file;
  private final JsonParser json;
  private final long dataBytes;
  private final Predicate<String> wanted;

  private SafetensorsHeader(Path file, JsonParser json, long dataBytes, Predicate<String> wanted) {
    this.file = file;
    this.json = json;
    this.dataBytes = dataBytes;
    this.wanted = wanted;
  }

  /// Types that are read, the 16-bit ones by widening, which is exact.
  enum Type {
    F32(4), BF16(2), F16(2);

    final int bytes;

    Type(int bytes) {
      this.bytes = bytes;
    }
  }

  /// Where a tensor lies.
  ///
  /// @param from first byte, counted from the end of the header
  /// @param to   first byte behind it
  record Place(String name, Type type, int[] shape, long from, long to) {
    int elements() {
      return (int) ((to - from) / type.bytes);
    }
  }

  /// Whether a tensor may be called so.
  static boolean isName(String name) {
    return NAME.matcher(name).matches() && !name.equals(METADATA);
  }

  /// Places of the tensors in the order of the file. All of them are checked to fill it exactly.
  ///
  /// @param dataBytes bytes of the file behind its header
  /// @param wanted    by their names; of others only the bytes matter
  /// @throws IOException if anything is not as the format says
  static List<Place> places(Path file, byte[] header, long dataBytes, Predicate<String> wanted) throws IOException {
    if (header[0] != '{') {
      throw damaged(file, "has a header that does not start with '{'");
    }
    CharBuffer text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header));
    } catch (CharacterCodingException e) {
      throw new IOException(file + " has a header that is not UTF-8", e);
    }
    try (JsonParser json = JSON.createParser(tools.jackson.core.ObjectReadContext.empty(), text.array(),
        text.arrayOffset(), text.length())) {
      List<Place> places = new SafetensorsHeader(file, json, dataBytes, wanted).places();
      for (int i = (int) json.currentLocation().getCharOffset(); i < text.length(); i++) {
        if (text.charAt(i) != ' ') {
          throw damaged(file, "has a header that goes on behind its closing '}'; only spaces may follow");
        }
      }
      requireFilled(file, places, dataBytes);
      return places.stream().filter(place -> wanted.test(place.name)).toList();
    } catch (JacksonException e) {
      throw new IOException(file + " has a header that is not JSON: " + line(e), e);
    }
  }

  private static void requireFilled(Path file, List<Place> places, long dataBytes) throws IOException {
    places.sort(Comparator.comparingLong(Place::from).thenComparingLong(Place::to));
    long end = 0;
    for (Place place : places) {
      if (place.from != end) {
        throw damaged(file, "has a gap or an overlap before tensor " + place.name);
      }
      end = place.to;
    }
    if (end != dataBytes) {
      throw damaged(file, "has " + dataBytes + " bytes of numbers where its header describes " + end);
    }
  }

  private List<Place> places() throws IOException {
    json.nextToken();
    List<Place> places = new ArrayList<>();
    for (String name = json.nextName(); name != null; name = json.nextName()) {
      if (name.equals(METADATA)) {
        metadata();
      } else if (isName(name)) {
        places.add(place(name));
      } else {
        throw damaged(file, "names a tensor \"" + shown(name) + "\"; expected 1 to 512 printable ASCII characters");
      }
    }
    return places;
  }

  private void metadata() throws IOException {
    boolean group = json.nextToken() == JsonToken.START_OBJECT;
    while (group && json.nextName() != null) {
      group = json.nextToken() == JsonToken.VALUE_STRING;
    }
    if (!group) {
      throw damaged(file, "has a " + METADATA + " that is not a group of texts");
    }
  }

  private Place place(String name) throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw incomplete(name);
    }
    String dtype = null;
    long[] shape = null;
    long[] offsets = null;
    for (String key = json.nextName(); key != null; key = json.nextName()) {
      switch (key) {
        case "dtype" -> dtype = text(name);
        case "shape" -> shape = numbers(name, MAX_RANK);
        case "data_offsets" -> offsets = numbers(name, 2);
        default -> throw damaged(file, "describes tensor " + name + " with an unknown key \"" + shown(key) + '"');
      }
    }
    if (dtype == null || shape == null || offsets == null || offsets.length != 2) {
      throw incomplete(name);
    }
    return place(name, dtype, shape, offsets[0], offsets[1]);
  }

  private Place place(String name, String dtype, long[] shape, long from, long to) throws IOException {
    boolean read = wanted.test(name);
    Type type = read ? type(name, dtype) : Type.F32;
    long elements = 1;
    boolean overflow = false;
    for (long dimension : shape) {
      overflow |= dimension > MAX_ELEMENTS || (dimension != 0 && elements > MAX_ELEMENTS / dimension);
      elements *= overflow ? 0 : dimension;
    }
    boolean whole = !read || (!overflow && to - from == elements * type.bytes);
    if (!whole || from > to || to > dataBytes) {
      throw damaged(file,
          "has tensor " + name + " of type " + shown(dtype) + " and shape " + Arrays.toString(shape) + " at bytes "
              + from + " to " + to + " of " + dataBytes);
    }
    return new Place(name, type, read ? Arrays.stream(shape).mapToInt(Math::toIntExact).toArray() : new int[0], from,
        to);
  }

  private Type type(String name, String dtype) throws IOException {
    for (Type type : Type.values()) {
      if (type.name().equals(dtype)) {
        return type;
      }
    }
    throw damaged(file, "has tensor " + name + " of type " + shown(dtype) + "; expected F32, BF16 or F16");
  }

  private String text(String name) throws IOException {
    if (json.nextToken() != JsonToken.VALUE_STRING) {
      throw incomplete(name);
    }
    return json.getString();
  }

  /// A list of at most so many whole numbers that are not negative.
  private long[] numbers(String name, int most) throws IOException {
    if (json.nextToken() != JsonToken.START_ARRAY) {
      throw incomplete(name);
    }
    long[] numbers = new long[most];
    for (int count = 0;; count++) {
      JsonToken token = json.nextToken();
      if (token == JsonToken.END_ARRAY) {
        return Arrays.copyOf(numbers, count);
      }
      if (count == most || token != JsonToken.VALUE_NUMBER_INT || !WHOLE.matcher(json.getString()).matches()) {
        throw incomplete(name);
      }
      numbers[count] = json.getLongValue();
    }
  }

  private IOException incomplete(String name) {
    return damaged(file, "describes tensor " + name
        + " without dtype, shape or two data_offsets; expected a text, a list and a list of whole numbers");
  }

  private static String line(JacksonException e) {
    return shown(String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse(""));
  }

  /// What the file says, for a message: of bounded length, with nothing that a terminal obeys.
  private static String shown(String text) {
    StringBuilder line = new StringBuilder();
    text.codePoints().limit(120).forEach(c -> {
      if (c >= ' ' && c <= '~') {
        line.append((char) c);
      } else {
        line.append(String.format(Locale.ROOT, "\\u%04X", c));
      }
    });
    return line.append(text.length() > 120 ? "..." : "").toString();
  }

  static IOException damaged(Path file, String what) {
    return new IOException(file + " " + what);
  }
}

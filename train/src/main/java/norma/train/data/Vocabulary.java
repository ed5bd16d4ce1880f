package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import norma.train.config.RunConfig.Token;
import norma.train.files.Errors;
import norma.train.files.Json;
import norma.train.files.Printable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The tokens of a model: all bytes, or the distinct characters of a text, numbered in the order of their code points. `encode` and `decode` are each
/// other's inverse, to the bit: no normalization of line ends, accents or anything else.
public final class Vocabulary {
  private static final int MAX_NAMED = 10; // Unknown characters that a message names; it is to stay one line.
  private static final JsonMapper JSON = new JsonMapper();

  private static final String ALL_BYTES = "bytes"; // what a file has in place of characters

  private final Token token;
  private final int[] characters; // (V) ascending code points, or bytes
  private final int[] ids; // (largest code point + 1) the id, or -1

  private Vocabulary(Token token, int[] characters) {
    this.token = token;
    this.characters = characters;
    ids = new int[characters[characters.length - 1] + 1];
    Arrays.fill(ids, -1);
    for (int id = 0; id < characters.length; id++) {
      ids[characters[id]] = id;
    }
  }

  /// All bytes, each its own id.
  public static Vocabulary bytes() {
    return new Vocabulary(Token.BYTE, IntStream.range(0, 256).toArray());
  }

  /// The tokens of a corpus.
  public static Vocabulary of(Corpus corpus) {
    return corpus.token() == Token.BYTE ? bytes() : of(corpus.symbols());
  }

  /// The distinct characters of a text.
  ///
  /// @param codePoints (characters) at least one, no surrogates
  public static Vocabulary of(int[] codePoints) {
    BitSet distinct = new BitSet();
    Arrays.stream(codePoints).forEach(distinct::set);
    int[] characters = distinct.stream().toArray();
    if (characters.length == 0 || Arrays.stream(characters).anyMatch(c -> !isCharacter(c))) {
      throw new IllegalArgumentException(
          "expected one character or more, and neither surrogates nor values above 10FFFF");
    }
    return new Vocabulary(Token.CHAR, characters);
  }

  /// The tokens of both, which are of one kind.
  public Vocabulary with(Vocabulary other) {
    return token == Token.BYTE
        ? this
        : of(IntStream.concat(Arrays.stream(characters), Arrays.stream(other.characters)).toArray());
  }

  /// What its tokens are.
  public Token token() {
    return token;
  }

  /// V, the number of tokens.
  public int size() {
    return characters.length;
  }

  /// The code point of an id, or the byte.
  public int character(int id) {
    return characters[id];
  }

  /// The ids of a text.
  ///
  /// @return (characters)
  /// @throws DataException that names the unknown characters
  public int[] encode(String text) {
    return encode(token == Token.BYTE ? Corpus.unsigned(text.getBytes(UTF_8)) : text.codePoints().toArray());
  }

  /// The ids of a text.
  ///
  /// @param codePoints (tokens), or bytes
  /// @return (tokens)
  /// @throws DataException that names the unknown characters
  public int[] encode(int[] codePoints) {
    int[] tokens = new int[codePoints.length];
    for (int i = 0; i < tokens.length; i++) {
      tokens[i] = id(codePoints[i]);
      if (tokens[i] < 0) {
        throw unknown(codePoints);
      }
    }
    return tokens;
  }

  /// The text of ids; U+FFFD stands for bytes that are none.
  ///
  /// @param tokens (tokens)
  public String decode(int[] tokens) {
    if (token == Token.BYTE) {
      return new String(raw(tokens), UTF_8);
    }
    return new String(Arrays.stream(tokens).map(this::character).toArray(), 0, tokens.length);
  }

  /// The bytes that ids stand for, a text in UTF-8.
  ///
  /// @param tokens (tokens)
  byte[] raw(int[] tokens) {
    if (token == Token.CHAR) {
      return decode(tokens).getBytes(UTF_8);
    }
    byte[] bytes = new byte[tokens.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) tokens[i];
    }
    return bytes;
  }

  /// A JSON array of strings, one a character, in the order of ids, or the word `bytes`.
  public String json() {
    Object entries = token == Token.BYTE ? ALL_BYTES : Arrays.stream(characters).mapToObj(Character::toString).toList();
    return JSON.writeValueAsString(entries);
  }

  /// Reads [#json] from a file.
  ///
  /// @throws DataException that names the file if it holds anything but single characters in ascending order
  public static Vocabulary read(Path file) {
    JsonNode root;
    try {
      root = Json.read(file);
    } catch (IOException e) {
      throw new DataException(Errors.line(e), e);
    } catch (JacksonException e) {
      throw new DataException(file + " is not JSON: " + place(e) + Json.problem(e), e);
    }
    if (root.isString() && root.stringValue().equals(ALL_BYTES)) {
      return bytes();
    }
    if (!root.isArray() || root.isEmpty()) {
      throw new DataException(file + " is no vocabulary: expected a JSON array of one string a character");
    }
    int[] characters = new int[root.size()];
    for (int id = 0; id < characters.length; id++) {
      characters[id] = entry(root.get(id), id, file);
      if (id > 0 && characters[id] <= characters[id - 1]) {
        throw new DataException(
            String.format(Locale.ROOT, "%s: entry %d, %s, %s %s: expected ascending code points without repetition",
                file, id, describe(characters[id]), characters[id] == characters[id - 1] ? "repeats" : "comes after",
                describe(characters[id - 1])));
      }
    }
    return new Vocabulary(Token.CHAR, characters);
  }

  /// Nothing where a bound was exceeded: the parser then gives no place.
  private static String place(JacksonException e) {
    return e.getLocation() == null
        ? ""
        : String.format(Locale.ROOT, "line %d, column %d: ", e.getLocation().getLineNr(),
            e.getLocation().getColumnNr());
  }

  private static int entry(JsonNode node, int id, Path file) {
    String string = node.isString() ? node.stringValue() : "";
    if (string.isEmpty() || string.codePointCount(0, string.length()) != 1 || !isCharacter(string.codePointAt(0))) {
      throw new DataException(String.format(Locale.ROOT, "%s: entry %d is %s: expected a string of one character", file,
          id, Json.printable(node.toString())));
    }
    return string.codePointAt(0);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Vocabulary v && token == v.token && Arrays.equals(characters, v.characters);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(characters);
  }

  /// For people: `'é' (U+00E9)`, or the Unicode name where a glyph would not show: `COMBINING ACUTE ACCENT (U+0301)`.
  static String describe(int codePoint) {
    boolean glyph = Printable.is(codePoint) && switch (Character.getType(codePoint)) {
      case Character.SPACE_SEPARATOR, Character.NON_SPACING_MARK, Character.ENCLOSING_MARK,
          Character.COMBINING_SPACING_MARK ->
        false;
      default -> true;
    };
    return String.format(Locale.ROOT, "%s (U+%04X)",
        glyph ? "'" + Character.toString(codePoint) + "'" : String.valueOf(Character.getName(codePoint)), codePoint);
  }

  private static boolean isCharacter(int codePoint) {
    return Character.isValidCodePoint(codePoint) && Character.getType(codePoint) != Character.SURROGATE;
  }

  /// The id of a character, or -1.
  public int id(int codePoint) {
    return codePoint < ids.length ? ids[codePoint] : -1;
  }

  private DataException unknown(int[] codePoints) {
    List<String> names = Arrays.stream(codePoints).filter(c -> id(c) < 0).distinct().mapToObj(Vocabulary::describe)
        .toList();
    String more = names.size() > MAX_NAMED ? " and " + (names.size() - MAX_NAMED) + " more" : "";
    return new DataException(names.stream().limit(MAX_NAMED).collect(Collectors.joining(", ")) + more
        + " not in the vocabulary of " + size() + " characters: use only characters of the training corpus");
  }
}

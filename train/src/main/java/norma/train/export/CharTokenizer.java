package norma.train.export;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import norma.train.config.RunConfig.Token;
import norma.train.data.DataException;
import norma.train.data.Vocabulary;
import norma.train.files.Json;
import tools.jackson.databind.JsonNode;

/// A vocabulary of characters or bytes as `tokenizer.json`, the format of the library `tokenizers`: a pre-tokenizer that makes a word of every
/// character, and a list of words. The list has no word for what it does not know, so that a text with another character is an error there, as
/// in Norma, and nothing is dropped unseen.
final class CharTokenizer {
  private static final Map<String, Object> EVERY_CHARACTER = Map.of("type", "Split", "pattern",
      Map.of("Regex", "[\\s\\S]"), "behavior", "Isolated", "invert", false);

  private CharTokenizer() {}

  /// `tokenizer.json`.
  static Map<String, Object> json(Vocabulary vocabulary) {
    boolean bytes = vocabulary.token() == Token.BYTE;
    Map<String, Integer> words = new LinkedHashMap<>();
    for (int id = 0; id < vocabulary.size(); id++) {
      words.put(word(vocabulary, id), id);
    }
    Map<String, Object> byteLevel = Map.of("type", "ByteLevel", "add_prefix_space", false, "trim_offsets", true,
        "use_regex", false);
    Map<String, Object> json = new HashMap<>();
    json.put("version", "1.0");
    json.put("truncation", null);
    json.put("padding", null);
    json.put("added_tokens", List.of());
    json.put("normalizer", null);
    json.put("pre_tokenizer", bytes
        ? Map.of("type", "Sequence", "pretokenizers", List.of(byteLevel, EVERY_CHARACTER))
        : EVERY_CHARACTER);
    json.put("post_processor", null);
    json.put("decoder", bytes ? byteLevel : Map.of("type", "Fuse"));
    Map<String, Object> model = new HashMap<>();
    model.put("type", "WordLevel");
    model.put("vocab", words);
    model.put("unk_token", "");
    json.put("model", model);
    return json;
  }

  /// The vocabulary of a file that [#json] made.
  ///
  /// @throws DataException with one line that names the file, if it is no tokenizer of single characters in the order of their code points
  static Vocabulary read(Path file) {
    JsonNode json = ForeignModel.parsed(file);
    JsonNode words = json.path("model").path("vocab");
    String type = Json.plain(json.path("model").path("type"));
    if (!type.equals("WordLevel") || !words.isObject() || words.isEmpty()) {
      throw new DataException(file + " is a tokenizer of type " + Json.printable(type)
          + "; Norma's tokens are characters or bytes, and it reads WordLevel with a word for each");
    }
    boolean bytes = Json.plain(json.path("decoder").path("type")).equals("ByteLevel");
    int[] characters = new int[words.size()];
    for (Map.Entry<String, JsonNode> word : words.properties()) {
      int id = word.getValue().asInt(-1);
      if (id < 0 || id >= characters.length || word.getKey().codePointCount(0, word.getKey().length()) != 1
          || Character.getType(word.getKey().codePointAt(0)) == Character.SURROGATE) {
        throw new DataException(file + " has a token " + Json.printable(word.getKey()) + " with the number "
            + Json.printable(word.getValue().toString()) + "; expected single characters with numbers from 0 on");
      }
      characters[id] = word.getKey().codePointAt(0);
    }
    Vocabulary vocabulary = bytes ? Vocabulary.bytes() : Vocabulary.of(characters);
    for (int id = 0; id < vocabulary.size(); id++) {
      if (words.size() != vocabulary.size() || words.path(word(vocabulary, id)).asInt(-1) != id) {
        throw new DataException(file + " does not number its " + (bytes ? "bytes" : "characters")
            + " in their order, each once, as Norma does");
      }
    }
    return vocabulary;
  }

  private static String word(Vocabulary vocabulary, int id) {
    return Character.toString(vocabulary.token() == Token.BYTE ? shown(id) : vocabulary.character(id));
  }

  /// The character that stands for a byte in GPT-2's tokenizer (Radford et al., 2019): itself where Latin-1 has a glyph, else one from U+0100 on.
  static int shown(int value) {
    return isGlyph(value) ? value : 0x100 + (int) IntStream.range(0, value).filter(b -> !isGlyph(b)).count();
  }

  private static boolean isGlyph(int value) {
    return (value >= '!' && value <= '~') || (value >= 0xA1 && value <= 0xFF && value != 0xAD);
  }
}

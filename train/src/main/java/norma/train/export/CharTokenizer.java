package norma.train.export;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.train.config.RunConfig.Token;
import norma.train.data.Vocabulary;

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
      words.put(Character.toString(bytes ? shown(id) : vocabulary.character(id)), id);
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

  /// The character that stands for a byte in GPT-2's tokenizer (Radford et al., 2019): itself where Latin-1 has a glyph, else one from U+0100 on.
  static int shown(int value) {
    int before = 0;
    for (int b = 0; b <= value; b++) {
      boolean glyph = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xFF && b != 0xAD);
      if (b == value) {
        return glyph ? b : 0x100 + before;
      }
      before += glyph ? 0 : 1;
    }
    throw new IllegalArgumentException(value + " is no byte");
  }
}

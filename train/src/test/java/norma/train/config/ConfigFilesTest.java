package norma.train.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.models.GptConfig;
import norma.models.NormSlots;
import norma.models.Slot;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/// What is printed from the keys' definitions and kept in `configs/`.
class ConfigFilesTest {
  private static final Path CONFIGS = Path.of("../configs");
  private static final JsonMapper JSON = new JsonMapper();
  private static final String SCHEMA = "norma.schema.json";

  @Test
  void charCpuIsTheDocumentedDefaults() throws IOException {
    isKept("char-cpu.yaml", "# yaml-language-server: $schema=" + SCHEMA + "\n" + RunConfigWriter.documented());
  }

  @Test
  void theSchemaForEditorsHasEveryKey() throws IOException {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("$schema", "http://json-schema.org/draft-07/schema#");
    schema.put("title", "Norma's configuration of a run");
    schema.putAll(group(ConfigKey.ROOT));
    schema.put("$defs", map("slot", anyOf(map("type", "string"), map("type", "object", "anyOf",
        List.of(map("required", List.of("type")), map("required", List.of("y")))))));
    isKept(SCHEMA, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(schema) + "\n");
  }

  /// The new text is left in `target`, to be copied after a look at it.
  private static void isKept(String name, String text) throws IOException {
    Path made = Files.writeString(Files.createDirectories(Path.of("target/configs")).resolve(name), text);
    assertThat(CONFIGS.resolve(name)).as("else: cp train/%s configs/", made).content().isEqualTo(text);
  }

  private static Map<String, Object> group(List<ConfigKey> keys) {
    Map<String, Object> properties = new LinkedHashMap<>();
    keys.forEach(key -> properties.put(key.name(), of(key)));
    return object(properties);
  }

  private static Map<String, Object> object(Map<String, Object> properties) {
    return map("type", "object", "additionalProperties", false, "properties", properties);
  }

  private static Map<String, Object> of(ConfigKey key) {
    Map<String, Object> schema = new LinkedHashMap<>();
    schema.put("description", key.does());
    if (key.type() == NormSlots.class) {
      schema.putAll(norm(key));
    } else if (key.isGroup()) {
      schema.putAll(group(key.keys()));
    } else {
      schema.put("default", start(key));
      schema.putAll(value(key));
    }
    return schema;
  }

  /// A number, a switch or a list as JSON has it too; a word.
  private static Object start(ConfigKey key) {
    try {
      return JSON.readTree(key.start());
    } catch (JacksonException _) {
      return key.start();
    }
  }

  private static Map<String, Object> value(ConfigKey key) {
    Range range = key.range();
    if (range == null) {
      return key.type().isEnum()
          ? map("enum", key.words())
          : key.type() == boolean.class
              ? map("type", "boolean")
              : key.type() == List.class
                  ? map("type", "array", "items", object(map("of", map("type", "string"), "lr_factor",
                      map("type", "number", "minimum", 0), "weight_decay", map("type", "number", "minimum", 0))))
                  : key.type() == RunConfig.Corpus.class
                      ? anyOf(map("type", "string"), object(map("url", map("type", "string"), "sha256",
                          map("type", "string"))))
                      : key.type() == GptConfig.Factor.class
                          ? map("type", List.of("number", "string", "object"))
                          : key.type() == GptConfig.Expression.class
                              ? map("type", List.of("number", "string"))
                              : map("type", "string");
    }
    Map<String, Object> number = new LinkedHashMap<>();
    number.put("type", key.type() == double.class || key.type() == List.class ? "number" : "integer");
    if (key.type() != long.class) {
      bound(number, "inimum", Math.nextUp(0.0), 0.0, range.min());
      if (range.max() < Double.MAX_VALUE) {
        bound(number, "aximum", Math.nextDown(1.0), 1.0, range.max());
      }
    }
    return switch (key.type().getSimpleName()) {
      case "List" -> map("type", "array", "items", number, "minItems", 2, "maxItems", 2);
      case "OptionalInt" -> anyOf(map("const", key.start()), number);
      default -> number;
    };
  }

  private static void bound(Map<String, Object> number, String name, double open, double end, double bound) {
    number.put(bound == open ? "exclusiveM" + name : "m" + name,
        bound == open ? end : bound == Math.rint(bound) ? (Object) (long) bound : bound);
  }

  private static Map<String, Object> norm(ConfigKey norm) {
    Map<String, Object> sublayers = new LinkedHashMap<>();
    Map<String, Object> dotted = new LinkedHashMap<>();
    Slot.sublayers().forEach(sublayer -> {
      Map<String, Object> places = new LinkedHashMap<>();
      Slot.of(sublayer).forEach(slot -> {
        places.put(slot.place(), slot(slot.where()));
        dotted.put(slot.path(), slot(slot.where()));
      });
      sublayers.put(sublayer, object(places));
    });
    Map<String, Object> block = new LinkedHashMap<>();
    block.put("of", map("type", List.of("string", "integer"), "description", "blocks: 3, \"0-1\" or \"0,2,5-7\""));
    block.putAll(dotted);
    block.putAll(sublayers);
    Map<String, Object> item = new LinkedHashMap<>(object(block));
    item.put("required", List.of("of"));
    Map<String, Object> properties = new LinkedHashMap<>();
    norm.values().forEach(key -> {
      String name = key.path().substring("model.norm.".length());
      if (name.equals("blocks")) {
        properties.putAll(sublayers);
        properties.put(name, map("type", "array", "description", key.does(), "items", item));
      } else if (!dotted.containsKey(name)) {
        properties.put(name, slot(key.does()));
      }
    });
    return object(properties);
  }

  private static Map<String, Object> slot(String does) {
    return map("description", does, "anyOf", List.of(map("$ref", "#/$defs/slot")));
  }

  private static Map<String, Object> anyOf(Object first, Object second) {
    return map("anyOf", List.of(first, second));
  }

  /// In the given order, unlike [Map#of].
  private static Map<String, Object> map(Object... keysAndValues) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put(keysAndValues[i].toString(), keysAndValues[i + 1]);
    }
    return map;
  }
}

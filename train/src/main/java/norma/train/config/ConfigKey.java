package norma.train.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.Expression;
import norma.models.GptConfig.Factor;
import norma.models.Key;
import norma.models.NormSlots;
import norma.nn.NormSpec;
import norma.train.config.RunConfig.Corpus;
import org.jspecify.annotations.Nullable;

/// A key of the configuration, or a group of keys, as the [Key] at its record component defines it. All of the configuration's reflection
/// stands here.
///
/// @param path      from the top, `train.log_every`
/// @param type      of its value
/// @param start     its default, as YAML has it; empty for a group
/// @param range     of its numbers
/// @param does      what it does, half a sentence
/// @param resumable whether a resumed run may change it
/// @param keys      those of a group
/// @param accessor  of its record component
public record ConfigKey(String path, Class<?> type, String start, @Nullable Range range, String does, boolean resumable,
    List<ConfigKey> keys, @Nullable Method accessor) {

  private static final Map<Class<?>, String> ACCEPTED = Map.of(NormSpec.class, "a type, {type: ...} or {y: FORMULA}",
      List.class, "a list", Factor.class, "a number, a formula of depth and layers, or {start: NUMBER}",
      Expression.class, "a number or a formula of width", Corpus.class, "builtin:NAME, a path, or {url:, sha256:}",
      Optional.class, "none or a path");

  /// What stands at the top: `name`, and groups.
  public static final List<ConfigKey> ROOT = keys(RunConfig.class, "");

  /// A slot's key, or another of `model.norm`, which is a record of other things than its keys.
  static ConfigKey norm(String name, Class<?> type, String start, String does) {
    return new ConfigKey("model.norm." + name, type, start, null, does, false, List.of(), null);
  }

  private static List<ConfigKey> keys(Class<?> type, String prefix) {
    List<ConfigKey> keys = new ArrayList<>();
    for (RecordComponent component : type.isRecord() ? type.getRecordComponents() : new RecordComponent[0]) {
      Key key = component.getAnnotation(Key.class);
      if (key != null) {
        String path = prefix + component.getName().replaceAll("(?=[A-Z])", "_").toLowerCase(Locale.ROOT);
        keys.add(new ConfigKey(path, component.getType(), key.value(), range(component.getType(), key), key.does(),
            key.resumable(), keys(component.getType(), path + "."), component.getAccessor()));
      }
    }
    return List.copyOf(keys);
  }

  private static @Nullable Range range(Class<?> type, Key key) {
    if (type == long.class) {
      return Range.LONG;
    }
    Range range = key.range().isEmpty() ? null : Range.of(key.range());
    return range != null && type == OptionalInt.class ? range.or(key.value()) : range;
  }

  /// All keys that have a value, those of the slots included, in the order of the documentation.
  public static Stream<ConfigKey> all() {
    return ROOT.stream().flatMap(ConfigKey::values);
  }

  /// The keys with a value in a group; of a key with a value itself.
  public Stream<ConfigKey> values() {
    return type == NormSlots.class
        ? NormReader.KEYS.stream()
        : keys.isEmpty() ? Stream.of(this) : keys.stream().flatMap(ConfigKey::values);
  }

  /// The key or the group of keys at a path.
  public static Optional<ConfigKey> find(String path) {
    return find(ROOT, path);
  }

  private static Optional<ConfigKey> find(List<ConfigKey> keys, String path) {
    return keys.stream().filter(key -> key.path.equals(path)).findFirst()
        .or(() -> keys.stream().filter(key -> path.startsWith(key.path + ".")).findFirst()
            .flatMap(key -> find(key.type == NormSlots.class ? NormReader.KEYS : key.keys, path)));
  }

  /// Its name in its group, `log_every`.
  public String name() {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  /// Whether it stands for keys.
  public boolean isGroup() {
    return start.isEmpty();
  }

  /// What its values are, as error messages say it.
  public String accepts() {
    if (range != null) {
      return type == List.class ? range.text().replaceFirst("^a number", "a list of numbers") : range.text();
    }
    return type.isEnum()
        ? String.join(", ", words())
        : type == boolean.class
            ? "true or false"
            : ACCEPTED.getOrDefault(type, "text");
  }

  /// The constants of its enum.
  List<String> words() {
    return Arrays.stream(type.getEnumConstants()).map(YamlText::of).toList();
  }

  /// A value as YAML text. No pattern switch here and in what follows: each would cost the start several milliseconds.
  String text(Object value) {
    if (value instanceof OptionalInt number) {
      return number.isPresent() ? Integer.toString(number.getAsInt()) : start;
    } else if (value instanceof Optional<?> path) {
      return path.map(p -> YamlText.of(p.toString())).orElse(start);
    } else if (value instanceof Corpus.Download download) {
      return "{url: " + YamlText.of(download.url().toString()) + ", sha256: \"" + download.sha256() + "\"}";
    }
    if (value instanceof Factor.Learned learned) {
      return NormLayout.mapping(learned.start());
    } else if (value instanceof Expression expression) {
      return YamlText.numberOrFormula(expression.text());
    }
    return YamlText.of(value instanceof Corpus.Named named
        ? named.source()
        : value instanceof Activation activation ? activation.text() : value);
  }

  /// Its value in its group.
  Object in(Record group) {
    try {
      return Objects.requireNonNull(accessor).invoke(group);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(path, e);
    }
  }

  /// Refuses a number out of range: the value itself, or one in the group.
  void check(Object value) {
    for (ConfigKey key : keys) {
      key.check(key.in((Record) value));
    }
    if (range != null && value instanceof Number number) {
      range.check(path, number);
    } else if (range != null && value instanceof OptionalInt number) {
      number.ifPresent(n -> range.check(path, n));
    } else if (range != null && value instanceof List<?> numbers) {
      for (int i = 0; i < numbers.size(); i++) {
        range.check(path + "[" + i + "]", (Number) numbers.get(i));
      }
    }
  }

  /// A group with another value at a path in it.
  static Record with(Record group, List<ConfigKey> keys, String path, Object value) {
    return record(group.getClass(), keys.stream().map(key -> key.path.equals(path)
        ? value
        : path.startsWith(key.path + ".")
            ? with((Record) key.in(group), key.keys, path, value)
            : key.in(group))
        .toArray());
  }

  /// A group of values, in the order of its keys.
  static Record record(Class<?> type, Object[] values) {
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(
          Arrays.stream(type.getRecordComponents()).map(RecordComponent::getType).toArray(Class<?>[]::new));
      return (Record) constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      throw e.getCause() instanceof RuntimeException refused ? refused : new IllegalStateException(type.getName(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type.getName(), e);
    }
  }
}

package norma.train.metrics;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Constructor;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.files.Json;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Records of one class as JSON objects, in both directions. The record is the format: its components are the fields, in their
/// order, with names like `step_ms` for `stepMillis`. A component's type says what is expected:
///
/// | type | in a line | where the line has none |
/// |---|---|---|
/// | `int` | a whole number from 0 | refused, unless [Field#optional] |
/// | `long`, `double` | a number; `null` where it is not finite | 0, NaN |
/// | `String` | a string | refused, unless [Field#optional] |
/// | `List` of records | a list of objects | refused |
/// | `Map` by name | every field that is no other component's: numbers, or all of them as text | empty |
public final class LineFormat<R extends Record> {
  /// No sound run has a larger number; the range of a chart's axis and the distance of its ticks must be finite.
  private static final double LARGEST = 1e100;
  private static final Map<String, String> UNITS = Map.of("millis", "ms", "second", "s", "seconds", "s");

  private final Constructor<R> constructor;
  private final List<Component> components;
  private final Set<String> names;

  /// Says how a component is written and read.
  @Retention(RetentionPolicy.RUNTIME)
  @Target(ElementType.RECORD_COMPONENT)
  @interface Field {
    /// Its name in a line, where that is another.
    String name() default "";

    /// Digits behind the point that are written; all where negative.
    int decimals() default -1;

    /// Whether a line without the field is sound: it then means 0 or an empty text.
    boolean optional() default false;

    /// Whether 0 and NaN are left out when a line is written.
    boolean omitted() default false;
  }

  /// @param elements of a list, else null
  private record Component(String name, RecordComponent source, boolean optional, boolean omitted, int decimals,
      @Nullable LineFormat<?> elements) {
    static Component of(RecordComponent source) {
      String name = Arrays.stream(source.getName().split("(?=[A-Z])")).map(word -> word.toLowerCase(Locale.ROOT))
          .map(word -> UNITS.getOrDefault(word, word)).collect(Collectors.joining("_"));
      LineFormat<?> elements = source.getType() == List.class
          ? new LineFormat<>(argument(source, 0).asSubclass(Record.class))
          : null;
      Field field = source.getAnnotation(Field.class);
      return field == null
          ? new Component(name, source, false, false, -1, elements)
          : new Component(field.name().isEmpty() ? name : field.name(), source, field.optional() || field.omitted(),
              field.omitted(), field.decimals(), elements);
    }
  }

  /// The format of a record class.
  public LineFormat(Class<R> type) {
    this.components = Arrays.stream(type.getRecordComponents()).map(Component::of).toList();
    try {
      constructor = type.getDeclaredConstructor(
          components.stream().map(component -> component.source.getType()).toArray(Class<?>[]::new));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the canonical constructor of " + type, e);
    }
    constructor.setAccessible(true); // of a record that its package keeps to itself
    this.names = components.stream().filter(component -> component.source.getType() != Map.class)
        .map(Component::name).collect(Collectors.toUnmodifiableSet());
  }

  /// The fields that every object of this class may have, in no order.
  Set<String> names() {
    return names;
  }

  private static Class<?> argument(RecordComponent source, int index) {
    return (Class<?>) ((ParameterizedType) source.getGenericType()).getActualTypeArguments()[index];
  }

  /// Adds a record's fields to an object.
  void write(Record row, ObjectNode object) {
    for (Component component : components) {
      Object value = value(component.source, row);
      if (component.omitted && (value.equals(0L) || value.equals(Double.NaN))) {
        continue;
      }
      switch (value) {
        case Integer number -> object.put(component.name, number);
        case Long number -> object.put(component.name, number);
        case Double number -> put(object, component.name, rounded(number, component.decimals));
        case String text -> object.put(component.name, text);
        case List<?> rows -> {
          ArrayNode array = object.putArray(component.name);
          rows.forEach(one -> Objects.requireNonNull(component.elements).write((Record) one, array.addObject()));
        }
        case Map<?, ?> rest -> new TreeMap<>(rest).forEach((name, entry) -> {
          if (entry instanceof Double number) {
            put(object, (String) name, number);
          } else {
            object.put((String) name, (String) entry);
          }
        });
        default -> throw new AssertionError(component.source);
      }
    }
  }

  private static void put(ObjectNode object, String name, double number) {
    if (Double.isFinite(number)) {
      object.put(name, number);
    } else {
      object.putNull(name);
    }
  }

  private static double rounded(double number, int decimals) {
    double unit = Math.pow(10, decimals);
    return decimals < 0 || !Double.isFinite(number) ? number : Math.round(number * unit) / unit;
  }

  /// A record's numbers that have a fraction and are finite, those of a map too, by their names in a line.
  Map<String, Double> numbers(R row) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    components.forEach(component -> {
      Object value = value(component.source, row);
      if (value instanceof Double number) {
        numbers.put(component.name, number);
      } else if (value instanceof Map<?, ?> rest) {
        rest.forEach((name, number) -> numbers.put((String) name, (Double) number));
      }
    });
    numbers.values().removeIf(number -> !Double.isFinite(number));
    return numbers;
  }

  /// A record's fields as text, digit for digit.
  public Map<String, String> texts(R row) {
    Map<String, String> texts = new LinkedHashMap<>();
    components.forEach(component -> texts.put(component.name, String.valueOf(value(component.source, row))));
    return texts;
  }

  /// The record that [#texts] told.
  ///
  /// @throws NumberFormatException if a text is none of its component's type
  public R parsed(Map<String, String> texts) {
    return record(components.stream().map(component -> {
      String text = texts.getOrDefault(component.name, "");
      return (Object) switch (component.source.getType().getSimpleName()) {
        case "int" -> Integer.parseInt(text);
        case "long" -> Long.parseLong(text);
        case "double" -> Double.parseDouble(text);
        default -> text;
      };
    }).toArray());
  }

  /// The record that an object's fields make up.
  ///
  /// @throws IllegalArgumentException with the name of a field that is missing or wrong
  R read(JsonNode object) {
    return record(components.stream().map(component -> read(component, object)).toArray());
  }

  private R record(Object[] values) {
    try {
      return constructor.newInstance(values);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(constructor.toString(), e);
    }
  }

  private Object read(Component component, JsonNode object) {
    String name = component.name;
    JsonNode value = object.path(name);
    return switch (component.source.getType().getSimpleName()) {
      case "int" -> component.optional ? Math.max(0, (int) number(name, value)) : whole(name, value);
      case "long" -> (long) number(name, value); // 0 where it is NaN
      case "double" -> number(name, value);
      case "String" -> component.optional && value.isMissingNode() ? "" : string(name, value);
      case "List" -> list(name, value).<Record>map(Objects.requireNonNull(component.elements)::read).toList();
      default -> rest(object, argument(component.source, 1) == Double.class);
    };
  }

  /// The fields that belong to no other component.
  private Map<String, Object> rest(JsonNode object, boolean numbers) {
    Map<String, Object> rest = new LinkedHashMap<>();
    object.properties().forEach(field -> {
      String name = field.getKey();
      if (names.contains(name) || name.equals(Event.NAME)) {
        return;
      }
      if (!numbers) {
        rest.put(name, Json.plain(field.getValue()));
      } else if (field.getValue().isNumber()) {
        rest.put(name, number(name, field.getValue()));
      }
    });
    return rest;
  }

  private static Stream<JsonNode> list(String name, JsonNode value) {
    if (!value.isArray()) {
      throw wrong(name, value, "a list");
    }
    return value.valueStream();
  }

  private static int whole(String name, JsonNode value) {
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
      throw wrong(name, value, "a whole number from 0");
    }
    return value.intValue();
  }

  static String string(String name, JsonNode value) {
    if (!value.isString()) {
      throw wrong(name, value, "a string");
    }
    return value.stringValue();
  }

  private static double number(String name, JsonNode value) {
    if (value.isMissingNode() || value.isNull()) {
      return Double.NaN;
    }
    if (!value.isNumber()) {
      throw wrong(name, value, "a number or null");
    }
    double number = value.doubleValue();
    return Math.abs(number) > LARGEST ? Double.NaN : Math.abs(number) < 1 / LARGEST ? 0 : number;
  }

  private static IllegalArgumentException wrong(String name, JsonNode value, String expected) {
    return new IllegalArgumentException(
        "'" + name + "' is " + (value.isMissingNode() ? "missing" : Json.printable(value.toString())) + ", expected "
            + expected);
  }

  /// A record's value of a component.
  static Object value(RecordComponent component, Record row) {
    try {
      component.getAccessor().setAccessible(true);
      return component.getAccessor().invoke(row);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("the accessor of " + component, e);
    }
  }
}

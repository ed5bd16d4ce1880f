package norma.nn;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The settings of one slot, complete: what the configuration gave, and the defaults of the type for the rest.
public final class NormSettings {
  private final Map<String, Object> values;
  private final Map<String, Object> given;

  private NormSettings(Map<String, Object> values, Map<String, Object> given) {
    this.values = values;
    this.given = given;
  }

  /// Fills in defaults.
  ///
  /// @param type      the slot's type
  /// @param spec      what the configuration says
  /// @param modelBias the model's `bias`, the default of a setting with that name
  /// @throws IllegalArgumentException for a setting that the type does not have; values are not looked at
  public static NormSettings of(NormType type, NormSpec spec, boolean modelBias) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (Setting setting : type.settings()) {
      values.put(setting.name(), setting.name().equals("bias") ? (Object) modelBias : setting.value());
    }
    spec.settings().forEach((name, value) -> {
      if (!values.containsKey(name)) {
        throw new IllegalArgumentException(
            "norm type " + type.name() + " has no setting '" + name + "': it has " + values.keySet());
      }
      values.put(name, value);
    });
    return new NormSettings(values, spec.settings());
  }

  /// Whether the configuration gives this setting explicitly.
  public boolean given(String name) {
    return given.containsKey(name);
  }

  /// A number.
  public double number(String name) {
    return ((Number) value(name)).doubleValue();
  }

  /// A whole number.
  public int count(String name) {
    return (Integer) value(name);
  }

  /// Some of the settings, for another type that has them too.
  public NormSpec spec(String type, String... names) {
    Map<String, Object> some = new LinkedHashMap<>(values);
    some.keySet().retainAll(List.of(names));
    return new NormSpec(type, some);
  }

  /// A switch.
  public boolean flag(String name) {
    return (Boolean) value(name);
  }

  /// A word.
  public String choice(String name) {
    return (String) value(name);
  }

  private Object value(String name) {
    Object value = values.get(name);
    if (value == null) {
      throw new IllegalArgumentException("no setting '" + name + "' among " + values.keySet());
    }
    return value;
  }
}

package norma.nn;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// What the configuration says of one normalization slot: a type's name and the settings that were given explicitly.
///
/// @param type     name of a [NormType], `none` for an empty slot, or a formula
/// @param settings explicit settings in the order they were given; values are [Double], [Integer], [Boolean] or [String], for a formula [Learnable],
///                 and [Boolean] for `bias`
public record NormSpec(String type, Map<String, Object> settings) {

  /// An empty slot.
  public static final NormSpec NONE = new NormSpec("none", Map.of());

  public NormSpec {
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
  }

  /// Whether [#type] is a formula of the slot's own instead of a name.
  public boolean isFormula() {
    return !type.matches("[a-z0-9_]+");
  }

  /// A type with its default settings.
  public static NormSpec of(String type) {
    return new NormSpec(type, Map.of());
  }
}

package norma.nn;

import java.util.List;

/// A kind of normalization that a slot can name. Norma's own types and a user's are found in the same way, by
/// [java.util.ServiceLoader]; `docs/your-own-norm.md` shows a complete one.
public interface NormType {

  /// The name in the configuration: lower case, one word.
  String name();

  /// What a slot of this type can set, besides `bias`.
  default List<Setting> settings() {
    return List.of();
  }
}

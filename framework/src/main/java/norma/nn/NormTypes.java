package norma.nn;

import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import norma.autodiff.Scope;

/// All norm types on the class path.
public final class NormTypes {
  private NormTypes() {}

  /// Norma's own and the user's, sorted by name.
  ///
  /// @throws IllegalArgumentException if two have the same name
  public static List<NormType> all() {
    List<NormType> types = ServiceLoader.load(NormType.class).stream().map(ServiceLoader.Provider::get)
        .sorted(Comparator.comparing(NormType::name)).toList();
    for (int i = 1; i < types.size(); i++) {
      if (types.get(i).name().equals(types.get(i - 1).name())) {
        throw new IllegalArgumentException("two norm types are called '" + types.get(i).name() + "': "
            + types.get(i - 1).getClass().getName() + " and " + types.get(i).getClass().getName());
      }
    }
    return types;
  }

  /// The layer that a slot's configuration asks for.
  ///
  /// @param scope     name of the slot
  /// @param width     channels C
  /// @param modelBias the model's `bias`
  /// @throws IllegalArgumentException for an unknown type or setting
  public static Norm create(NormSpec spec, Scope scope, int width, boolean modelBias) {
    for (NormType type : all()) {
      if (type.name().equals(spec.type())) {
        return type.create(scope, width, NormSettings.of(type, spec, modelBias));
      }
    }
    throw new IllegalArgumentException(
        "unknown norm type '" + spec.type() + "' in slot " + scope.name() + ": known are "
            + all().stream().map(NormType::name).toList());
  }
}

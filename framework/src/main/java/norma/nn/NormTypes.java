package norma.nn;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import norma.autodiff.Scope;
import norma.formula.Formula;

/// All norm types on the class path.
public final class NormTypes {
  private static final List<FormulaType> BUILT_IN = FormulaType.builtIn();

  private NormTypes() {}

  /// Norma's own that are formulas, in the order of their file.
  public static List<FormulaType> builtIn() {
    return BUILT_IN;
  }

  /// Norma's own and the user's, sorted by name.
  ///
  /// @throws IllegalArgumentException if two have the same name
  public static List<NormType> all() {
    List<NormType> types = Stream
        .concat(BUILT_IN.stream(), ServiceLoader.load(NormType.class).stream().map(ServiceLoader.Provider::get))
        .sorted(Comparator.comparing(NormType::name)).toList();
    for (int i = 1; i < types.size(); i++) {
      if (types.get(i).name().equals(types.get(i - 1).name())) {
        throw new IllegalArgumentException("two norm types are called '" + types.get(i).name() + "': "
            + types.get(i - 1).getClass().getName() + " and " + types.get(i).getClass().getName());
      }
    }
    return types;
  }

  /// A built-in type's formula in the first block.
  ///
  /// @param spec a type with its settings
  /// @param bias the model's `bias`
  /// @throws IllegalArgumentException if there is no such formula
  public static Formula formula(NormSpec spec, boolean bias) {
    for (FormulaType type : BUILT_IN) {
      if (type.name().equals(spec.type())) {
        return type.formula(NormSettings.of(type, spec, bias), 1);
      }
    }
    throw new IllegalArgumentException("no built-in formula is called '" + spec.type() + "'");
  }

  /// The layer that a slot's configuration asks for.
  ///
  /// @param scope     name of the slot
  /// @param width     channels C
  /// @param modelBias the model's `bias`
  /// @throws IllegalArgumentException for an unknown type or setting
  public static Norm create(NormSpec spec, Scope scope, int width, boolean modelBias) {
    if (spec.isFormula()) {
      FormulaType type = FormulaType.of(spec);
      Map<String, Object> bias = new HashMap<>(spec.settings());
      bias.keySet().retainAll(List.of("bias"));
      bias.values().removeIf(Learnable.class::isInstance);
      return type.create(scope, width, NormSettings.of(type, new NormSpec(spec.type(), bias), modelBias));
    }
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

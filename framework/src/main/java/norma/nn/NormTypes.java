package norma.nn;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import norma.autodiff.Scope;
import norma.formula.Curve;

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

  /// The layer that a slot's configuration asks for.
  ///
  /// @param scope     name of the slot
  /// @param width     channels C
  /// @param modelBias the model's `bias`
  /// @throws IllegalArgumentException for an unknown type or setting
  public static Norm create(NormSpec spec, Scope scope, int width, boolean modelBias) {
    NormType type = type(spec, scope.name());
    return type.create(scope, width, settings(type, spec, modelBias));
  }

  /// The formula that a slot's configuration asks for, with the values that its parameters start with.
  ///
  /// @param slot  its name
  /// @param width channels C
  /// @return empty for a type that is no formula
  /// @throws IllegalArgumentException for an unknown type or setting, with the place of what is wrong with a formula
  public static Optional<Curve> start(NormSpec spec, String slot, int width, boolean modelBias) {
    return type(spec, slot) instanceof FormulaType formula
        ? Optional.of(formula.start(slot, width, settings(formula, spec, modelBias)))
        : Optional.empty();
  }

  /// The type of a slot; that of a formula of its own is called as the formula is.
  ///
  /// @param slot its name
  /// @throws IllegalArgumentException for an unknown type
  public static NormType type(NormSpec spec, String slot) {
    if (spec.isFormula()) {
      return FormulaType.of(spec);
    }
    List<NormType> all = all();
    return all.stream().filter(type -> type.name().equals(spec.type())).findFirst()
        .orElseThrow(() -> new IllegalArgumentException("unknown norm type '" + spec.type() + "' in slot " + slot
            + ": known are " + all.stream().map(NormType::name).toList()));
  }

  private static NormSettings settings(NormType type, NormSpec spec, boolean modelBias) {
    if (!spec.isFormula()) {
      return NormSettings.of(type, spec, modelBias);
    }
    Map<String, Object> bias = new HashMap<>(spec.settings());
    bias.keySet().retainAll(List.of("bias"));
    bias.values().removeIf(value -> value instanceof Learnable own && own.fixed()); // a constant of the formula
    bias.replaceAll((_, value) -> value instanceof Learnable ? true : value);
    return NormSettings.of(type, new NormSpec(spec.type(), bias), modelBias);
  }
}

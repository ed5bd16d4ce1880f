package norma.autodiff;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import norma.autodiff.Parameter.Initial;

/// A name in a model: layers receive one in their constructor and declare their parameters under it.
public final class Scope {
  private final String name;
  private final List<Parameter> declared;

  private Scope(String name, List<Parameter> declared) {
    this.name = name;
    this.declared = declared;
  }

  /// The nameless scope of a whole model.
  public static Scope root() {
    return new Scope("", new ArrayList<>());
  }

  /// A scope inside this one.
  public Scope child(String childName) {
    return new Scope(path(childName), declared);
  }

  /// Full name, empty for the root.
  public String name() {
    return name;
  }

  /// Declares a parameter.
  ///
  /// @throws IllegalArgumentException if the name is taken
  public Parameter parameter(String parameterName, Initial initial, int... shape) {
    return parameter(parameterName, initial, shape.length >= 2, shape);
  }

  /// Declares a parameter with or without weight decay.
  ///
  /// @throws IllegalArgumentException if the name is taken
  public Parameter parameter(String parameterName, Initial initial, boolean decays, int... shape) {
    String path = path(parameterName);
    if (declared.stream().anyMatch(other -> other.name().equals(path))) {
      throw new IllegalArgumentException("two parameters are called " + path);
    }
    Parameter parameter = new Parameter(declared.size(), path, initial, decays,
        Arrays.stream(shape).boxed().toList());
    declared.add(parameter);
    return parameter;
  }

  /// All parameters declared in the model so far, in order; whichever of its scopes is asked.
  public List<Parameter> parameters() {
    return Collections.unmodifiableList(declared);
  }

  private String path(String last) {
    return name.isEmpty() ? last : name + "." + last;
  }
}

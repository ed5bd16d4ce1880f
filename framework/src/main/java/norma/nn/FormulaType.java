package norma.nn;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import norma.autodiff.Parameter;
import norma.autodiff.Parameter.Initial;
import norma.autodiff.Scope;
import norma.formula.Curve;
import norma.formula.Formula;
import norma.nn.Norm.State;
import norma.ops.FormulaOp;

/// A normalization that is one [Formula]: an entry of `norms.txt`, or what a configuration gives as `y`.
public final class FormulaType implements NormType {
  private static final String FILE = "norms.txt";
  private static final Name WEIGHT = new Name("weight", "1", List.of("channel"));
  private static final Name BIAS = new Name("bias", "0", List.of("channel"));

  private final String name;
  private final String text;
  private final List<Name> names;
  private final String source;

  /// What a formula's name stands for.
  ///
  /// @param value its start, or its value if it is fixed: a formula of `width`, `depth` and fixed names
  /// @param words `fixed`, `switch` (fixed, true or false), `positive`, `softplus` (learned as its inverse softplus unless `parametrization:
  ///              direct`), `channel`, `decay`
  record Name(String name, String value, List<String> words) {
    boolean is(String word) {
      return words.contains(word);
    }

    boolean fixed() {
      return is("fixed") || is("switch");
    }
  }

  private FormulaType(String name, String text, List<Name> names, String source) {
    this.name = name;
    this.text = text;
    this.names = List.copyOf(names);
    this.source = source;
  }

  /// The built-in types.
  static List<FormulaType> builtIn() {
    try (InputStream in = Objects.requireNonNull(FormulaType.class.getResourceAsStream(FILE), FILE)) {
      return Stream.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\\R{2,}", -1))
          .map(entry -> entry.lines().filter(line -> !line.startsWith("#")).toList()).filter(lines -> !lines.isEmpty())
          .map(FormulaType::entry).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// An entry of the file.
  ///
  /// @param lines a name and its formula, what the names in it are, the source
  private static FormulaType entry(List<String> lines) {
    String[] head = lines.getFirst().split(" = ", 2);
    List<Name> names = new ArrayList<>();
    for (String line : lines.subList(1, lines.size() - 1)) {
      String[] parts = line.strip().split(" = |, ", -1);
      names.add(new Name(parts[0], parts[1], List.of(parts).subList(2, parts.length)));
    }
    String source = lines.getLast().strip();
    if (!source.startsWith("source ")) {
      throw new IllegalStateException(FILE + ": no source of " + head[0]);
    }
    return new FormulaType(head[0], head[1], names, source.substring("source ".length()));
  }

  /// A formula of one's own.
  ///
  /// @throws IllegalArgumentException with the place of what is wrong
  static FormulaType of(NormSpec spec) {
    List<Name> names = new ArrayList<>();
    spec.settings().forEach((key, value) -> {
      if (value instanceof Learnable learnable) {
        if (learnable.positive() && List.of("weight", "bias").contains(key)) {
          throw new IllegalArgumentException(key + " cannot be positive: it is learned as it is");
        }
        names.add(new Name(key, Double.toString(learnable.start()), learnable.words()));
      }
    });
    FormulaType type = new FormulaType(spec.type(), spec.type(), names, "");
    if (spec.settings().containsKey("bias") && !type.uses("bias")) {
      throw new IllegalArgumentException("\"" + type.text + "\" does not use bias");
    }
    return type;
  }

  @Override
  public String name() {
    return name;
  }

  /// The formula.
  public String text() {
    return text;
  }

  /// The paper; empty for a formula of one's own.
  public String source() {
    return source;
  }

  /// Its names but weight and bias, a line each, as `norms.txt` has them: `eps = 1e-5, fixed, positive`.
  public List<String> parameters() {
    return names.stream()
        .map(n -> n.name + " = " + String.join(", ", Stream.concat(Stream.of(n.value), n.words.stream()).toList()))
        .toList();
  }

  @Override
  public List<Setting> settings() {
    Map<String, Double> known = new HashMap<>(Map.of("width", 1.0, "depth", 1.0));
    for (Name n : names) {
      if (n.is("switch")) {
        known.put(n.name, n.value.equals("true") ? 1.0 : 0.0);
      }
    }
    List<Setting> settings = new ArrayList<>();
    for (Name n : names) {
      if (n.is("switch")) {
        settings.add(Setting.flag(n.name, n.value.equals("true")));
        continue;
      }
      double value = Formula.number(n.value, known);
      settings
          .add(n.is("positive") || n.is("softplus") ? Setting.positive(n.name, value) : Setting.number(n.name, value));
      if (n.is("softplus")) {
        settings.add(Setting.choice("parametrization", "softplus", "direct"));
      }
    }
    if (uses("bias")) {
      settings.add(Setting.flag("bias", false));
    }
    return settings;
  }

  /// The formula of a slot.
  ///
  /// @param depth 1 for the first block
  private Formula formula(NormSettings settings, int depth) {
    List<Formula.Parameter> parameters = new ArrayList<>();
    for (Name n : names) {
      if (!n.fixed() && !n.name.equals("weight") && !n.name.equals("bias")) {
        boolean positive = n.is("softplus") && settings.choice("parametrization").equals("softplus");
        parameters.add(new Formula.Parameter(n.name, n.is("channel"), positive));
      }
    }
    Map<String, Double> constants = constants(settings);
    if (uses("depth")) {
      constants.putIfAbsent("depth", (double) depth); // a constant of the user's may be called so
    }
    return Formula.of(text, parameters, constants, uses("bias") && settings.flag("bias"));
  }

  private boolean uses(String word) {
    return text.matches(".*\\b" + word + "\\b.*");
  }

  private Map<String, Double> constants(NormSettings settings) {
    Map<String, Double> constants = new LinkedHashMap<>();
    for (Name n : names) {
      if (n.is("switch")) {
        constants.put(n.name, settings.flag(n.name) ? 1.0 : 0.0);
      } else if (n.fixed()) {
        constants.put(n.name, settings.given(n.name) ? settings.number(n.name) : Double.parseDouble(n.value));
      }
    }
    return constants;
  }

  /// The formula of a slot with the values that its parameters start with.
  ///
  /// @param slot its name
  /// @throws IllegalArgumentException if it divides by 0 there
  Curve start(String slot, int width, NormSettings settings) {
    Map<String, Double> known = constants(settings);
    known.put("width", (double) width);
    known.put("depth", (double) depth(slot));
    Formula formula = formula(settings, depth(slot));
    Map<String, double[]> starts = new HashMap<>();
    for (Formula.Parameter p : formula.parameters()) {
      boolean given = settings.given(p.name()) && !p.name().equals("bias"); // which is a switch
      double start = given && names.contains(named(p))
          ? settings.number(p.name())
          : Formula.number(named(p).value, known);
      if (p.positive() && start <= 0) {
        throw new IllegalArgumentException(p.name() + " is positive and starts at " + start + "; expected more than 0");
      }
      double[] values = new double[p.perChannel() ? width : 1];
      Arrays.fill(values, p.stored(start));
      starts.put(p.name(), values);
    }
    formula.check(width, starts);
    return new Curve(formula, width, starts);
  }

  private Name named(Formula.Parameter parameter) {
    return names.stream().filter(n -> n.name.equals(parameter.name())).findFirst()
        .orElse(parameter.name().equals("weight") ? WEIGHT : BIAS);
  }

  @Override
  public Norm create(Scope scope, int width, NormSettings settings) {
    Curve start = start(scope.name(), width, settings);
    Formula formula = start.formula();
    List<Parameter> declared = new ArrayList<>();
    for (Formula.Parameter p : formula.parameters()) {
      int[] shape = p.perChannel() ? new int[]{ width } : new int[0];
      declared.add(
          scope.parameter(p.name(), Initial.constant(start.value(p)[0]), named(p).is("decay"), shape));
    }
    return new OpNorm(scope, new FormulaOp(formula), declared, value -> {
      Map<String, Double> scalars = new LinkedHashMap<>();
      Map<String, double[]> values = new HashMap<>();
      for (int i = 0; i < declared.size(); i++) {
        Formula.Parameter p = formula.parameters().get(i);
        if (!p.perChannel()) {
          double raw = value.applyAsDouble(declared.get(i));
          values.put(p.name(), new double[]{ raw });
          scalars.put(p.name(), p.value(raw));
        }
      }
      return new State(scalars, new Curve(formula, width, values).squash());
    });
  }

  /// 1 for the first block, and for what is in none.
  private static int depth(String slot) {
    return slot.matches("blocks\\.\\d{1,6}\\..*") ? 1 + Integer.parseInt(slot.split("\\.", -1)[1]) : 1;
  }
}

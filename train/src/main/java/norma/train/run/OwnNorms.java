package norma.train.run;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import norma.models.NormSlot;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.files.ShellText;

/// The norm types of a run that are not Norma's: what `environment.json` says of them, by which a command without them can say what it
/// needs.
public final class OwnNorms {
  private static final String CLASSES = "norm_classes"; // hard_tanh=example.HardTanh, ...

  private OwnNorms() {}

  static void describe(Session session, Map<String, Object> fields) {
    Set<String> used = session.model().slots().stream().map(NormSlot::type).collect(Collectors.toSet());
    List<NormType> own = NormTypes.all().stream()
        .filter(type -> used.contains(type.name())
            && !Environment.place(type.getClass()).equals(Environment.place(NormType.class)))
        .toList();
    if (!own.isEmpty()) {
      fields.put(CLASSES, own.stream().map(type -> type.name() + "=" + type.getClass().getName())
          .collect(Collectors.joining(", ")));
      fields.put(ShellText.CLASS_PATH,
          own.stream().map(type -> Environment.place(type.getClass()).toString()).distinct()
              .collect(Collectors.joining(":")));
    }
  }

  /// Settings by which a run's configuration can be read without its slots; none where nothing is missing.
  ///
  /// @param missing what is not on the class path, in words
  public static List<Assignment> without(String missing) {
    return Assignment.parse(missing.isEmpty() ? List.of() : List.of("model.norm={}"));
  }

  /// The types that are not on the class path now, and where they were, in words; empty if none is missing.
  ///
  /// @param environment of the run
  public static String missing(Map<String, String> environment) {
    Set<String> here = NormTypes.all().stream().map(NormType::name).collect(Collectors.toSet());
    String classes = Arrays.stream(environment.getOrDefault(CLASSES, "").split(", ", -1))
        .filter(entry -> !entry.isEmpty() && !here.contains(entry.split("=", 2)[0]))
        .collect(Collectors.joining(", "));
    return classes.isEmpty()
        ? ""
        : "needs norms that are not on the class path, " + classes + "; expected "
            + ShellText.withClassPath(environment).strip();
  }
}

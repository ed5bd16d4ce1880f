package norma.train.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.Token;

/// What must be known of two runs before their numbers are held against each other.
///
/// @param voids why losses of one say nothing about those of the other; empty if they do
/// @param notes what else the numbers depend on, besides the configuration
public record Comparability(List<String> voids, List<String> notes) {
  /// What `environment.json` calls the hash of the validation text.
  public static final String VALIDATION = "validation_sha256";
  /// What it calls the GPU that computed, if one did.
  static final String GPU = "gpu";
  private static final int SHOWN = 8;
  /// What speed depends on, by its name in `environment.json`.
  private static final List<String> MACHINE = List.of("cpu", GPU, "backend", "threads", "jdk");

  public Comparability {
    voids = List.copyOf(voids);
    notes = List.copyOf(notes);
  }

  /// Of a run and the reference. Losses are means over the validation text in nats per token: over another text they are another
  /// quantity. With another vocabulary, context or precision they are the same quantity of another model.
  ///
  /// @param reference `environment.json` of the reference, empty where it has none
  /// @param other     the same of the run
  public static Comparability of(RunConfig referenceConfig, Map<String, String> reference, RunConfig otherConfig,
      Map<String, String> other) {
    List<String> voids = new ArrayList<>();
    List<String> notes = new ArrayList<>();
    String left = reference.getOrDefault(VALIDATION, "");
    String right = other.getOrDefault(VALIDATION, "");
    if (left.isEmpty() || right.isEmpty()) {
      voids.add("on which text a run was validated is not known (no " + VALIDATION + " in environment.json): "
          + "whether losses are comparable cannot be told");
    } else if (!left.equals(right)) {
      voids.add("the validation texts differ (SHA-256 " + shown(left) + " and " + shown(right)
          + "): losses are not comparable");
    }
    Token token = referenceConfig.data().token();
    if (token != otherConfig.data().token()) {
      voids.add("losses are means over " + token.words() + " and over " + otherConfig.data().token().words()
          + ": other quantities, which are not comparable");
    } else {
      note(notes, "vocabularies have %s and %s " + token.words() + ": a " + token.word() + " is one of so many",
          reference, other,
          "vocabulary");
    }
    if (referenceConfig.model().context() != otherConfig.model().context()) {
      notes.add("losses are of contexts of " + referenceConfig.model().context() + " and "
          + otherConfig.model().context() + " " + token.words() + ": the longer one sees more of the text before each");
    }
    for (String name : MACHINE) {
      note(notes, name + " is %s and %s: speeds are not comparable", reference, other, name);
    }
    return new Comparability(voids, notes);
  }

  /// A text's hash in a table.
  public static String shown(String sha256) {
    return sha256.substring(0, Math.min(SHOWN, sha256.length()));
  }

  private static void note(List<String> notes, String words, Map<String, String> left, Map<String, String> right,
      String name) {
    String a = left.getOrDefault(name, "");
    String b = right.getOrDefault(name, "");
    if (!a.isEmpty() && !b.isEmpty() && !a.equals(b)) {
      notes.add(String.format(Locale.ROOT, words, a, b));
    }
  }
}

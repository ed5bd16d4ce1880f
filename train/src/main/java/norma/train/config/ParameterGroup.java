package norma.train.config;

import java.util.List;
import java.util.OptionalDouble;
import java.util.StringJoiner;
import java.util.stream.Stream;
import norma.models.BlockName;

/// Parameters with numbers of their own.
///
/// @param of          pattern of names, in which a star stands for any text
/// @param lrFactor    times the learning rate of the schedule
/// @param weightDecay in place of `optim.weight_decay`, for vectors and numbers too
public record ParameterGroup(String of, OptionalDouble lrFactor, OptionalDouble weightDecay) {
  boolean matches(String name) {
    String[] parts = of.split("\\*", -1);
    String last = parts[parts.length - 1];
    int at = 0;
    for (int i = 0; i < parts.length - 1; i++) { // the first place of each leaves most for those after it
      int found = name.indexOf(parts[i], at);
      if (found < 0 || (i == 0 && found > 0)) {
        return false;
      }
      at = found + parts[i].length();
    }
    return parts.length == 1 ? of.equals(name) : name.length() - last.length() >= at && name.endsWith(last);
  }

  /// Refuses a pattern of no parameter.
  ///
  /// @param path  of the group
  /// @param names of the model's parameters
  void requireMatch(String path, List<String> names) {
    if (names.stream().noneMatch(this::matches)) {
      List<String> patterns = names.stream().map(name -> BlockName.of(name).inAnyBlock()).distinct()
          .toList();
      String nearest = Nearest.of(of, Stream.concat(names.stream().map(name -> name.replaceFirst(".*\\.", "*.")),
          Stream.concat(patterns.stream(), names.stream())).distinct().toList());
      throw new IllegalArgumentException(path + ".of is '" + YamlText.shorten(of) + "', the name of no parameter"
          + (nearest == null ? "." : "; did you mean " + nearest + "?") + " Names: " + String.join(", ", patterns));
    }
  }

  /// As YAML has it.
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ", "{", "}").add("of: " + YamlText.of(of));
    lrFactor.ifPresent(factor -> text.add("lr_factor: " + YamlText.of(factor)));
    weightDecay.ifPresent(decay -> text.add("weight_decay: " + YamlText.of(decay)));
    return text.toString();
  }
}

package norma.train.config;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import norma.models.Slot;

/// One setting on top of a file: `optim.lr=3e-4` on the command line, or an entry of a study's variant.
///
/// It puts its value in the place of whatever the file says at that path: `optim={lr: 1e-3}` leaves nothing of the file's
/// `optim`. Of two assignments to one path the later wins. A path may go on below a slot that is given by name:
/// after `model.norm.all=dyt`, `model.norm.all.alpha=0.8` makes it `{type: dyt, alpha: 0.8}`.
///
/// `model.norm.all` has authority over the three slots that it is the shorthand for: the *file's* entries for `attn.pre`,
/// `mlp.pre` and `final` are dropped, so that `norma train x.yaml model.norm.all=dyt` does what it says. The file's
/// `blocks`, its other slots, and other assignments stay.
///
/// @param path  the keys from the top
/// @param value what stands there
public record Assignment(List<String> path, Node value) {
  private static final Pattern PATH = Pattern.compile("[A-Za-z_][A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]+)*");
  private static final List<String> NORM = List.of("model", "norm");
  /// What says the whole of the three slots: by name, type or formula.
  private static final Set<List<String>> ALL = Set.of(List.of("model", "norm", "all"),
      List.of("model", "norm", "all", "type"), List.of("model", "norm", "all", "y"));

  public Assignment {
    path = List.copyOf(path);
  }

  /// Of a dotted path; errors will name the place where the value was written.
  ///
  /// @throws ConfigException if it is not a dotted path
  public static Assignment of(String path, Node value) {
    if (!PATH.matcher(path).matches()) {
      throw new ConfigException(value.at(),
          "'" + YamlText.shorten(path) + "' is not a path; expected keys with dots between them, such as optim.lr");
    }
    return new Assignment(List.of(path.split("\\.", -1)), value);
  }

  /// The settings of a group, in its order: a variant of a study, a case of a profile.
  ///
  /// @throws ConfigException if a key is not a dotted path
  public static List<Assignment> all(Node.Mapping group) {
    return group.entries().entrySet().stream().map(entry -> of(entry.getKey(), entry.getValue().value())).toList();
  }

  /// A setting whose value is a text, as the command line has it.
  public static String text(String path, String value) {
    return path + "=" + YamlText.of(value);
  }

  /// Of the form `key=value` with a YAML value, from the command line.
  ///
  /// @throws ConfigException if it has another form
  public static Assignment parse(String text) {
    Location at = Location.COMMAND_LINE;
    int equals = text.indexOf('=');
    if (equals < 0) {
      throw new ConfigException(at,
          "'" + YamlText.shorten(text) + "' is not a setting; expected key=value, such as optim.lr=3e-4");
    }
    String path = text.substring(0, equals);
    Node value;
    try {
      value = YamlReader.value(at, text.substring(equals + 1));
    } catch (ConfigException e) {
      String problem = String.valueOf(e.getMessage()).substring((at + ": ").length());
      throw new ConfigException(at, YamlText.shorten(text) + ": " + problem);
    }
    return of(path, value == null ? new Node.Scalar(at, "", true) : value);
  }

  /// All of them, from the command line.
  public static List<Assignment> parse(List<String> texts) {
    return texts.stream().map(Assignment::parse).toList();
  }

  /// Whether it sets what lies at a path, or in it, or what the path lies in.
  ///
  /// @param dotted path
  public boolean meets(String dotted) {
    String own = String.join(".", path) + ".";
    return own.startsWith(dotted + ".") || (dotted + ".").startsWith(own);
  }

  /// As the command line has it, `optim.lr=3e-4`.
  @Override
  public String toString() {
    return String.join(".", path) + "=" + YamlText.flow(value);
  }

  /// The file with the assignments in it.
  static Node.Mapping apply(Node.Mapping file, List<Assignment> assignments) {
    boolean all = assignments.stream().anyMatch(assignment -> ALL.contains(assignment.path));
    Node.Mapping tree = all ? withoutShorthandSlots(file) : file;
    for (Assignment assignment : assignments) {
      tree = assignment.in(tree, 0);
    }
    return tree;
  }

  private Node.Mapping in(Node.Mapping mapping, int level) {
    String key = path.get(level);
    if (level == path.size() - 1) {
      boolean norm = path.size() > 3 && path.subList(0, 2).equals(NORM); // which is a type or a formula
      Node.Mapping rest = norm && key.equals("y") ? mapping.without("type") : mapping;
      return (norm && key.equals("type") ? rest.without("y") : rest).with(key, value.at(), value);
    }
    Node child = mapping.get(key);
    Node.Mapping inner = switch (child) {
      case null -> new Node.Mapping(value.at(), Map.of());
      case Node.Mapping group -> group;
      case Node.Scalar name when path.size() > 2 && path.subList(0, 2).equals(NORM) ->
        new Node.Mapping(value.at(), Map.of("type", new Node.Entry(name.at(), name)));
      case Node.Scalar _ -> new Node.Mapping(value.at(), Map.of());
      case Node.Sequence _ -> {
        String list = String.join(".", path.subList(0, level + 1));
        throw ConfigException.of(value, String.join(".", path), list + " is a list; set it whole, " + list + "=[...]");
      }
    };
    return mapping.with(key, value.at(), in(inner, level + 1));
  }

  private static Node.Mapping withoutShorthandSlots(Node.Mapping file) {
    if (!(file.get("model") instanceof Node.Mapping model) || !(model.get("norm") instanceof Node.Mapping norm)) {
      return file;
    }
    Node.Mapping rest = norm;
    for (Slot slot : Slot.values()) {
      if (slot.usual() && rest.get(slot.sublayer()) instanceof Node.Mapping sublayer) {
        rest = rest.with(slot.sublayer(), sublayer.at(), sublayer.without(slot.place()));
      } else if (slot.usual() && slot.sublayer().isEmpty()) {
        rest = rest.without(slot.path());
      }
    }
    return file.with("model", model.at(), model.with("norm", norm.at(), rest));
  }
}

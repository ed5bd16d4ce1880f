package norma.train.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.Supplier;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.Expression;
import norma.models.GptConfig.Factor;
import norma.models.NormSlots;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import norma.nn.NormType;
import norma.train.config.RunConfig.Corpus;
import norma.train.files.HomeFolder;
import org.jspecify.annotations.Nullable;

/// Reads run configurations. Order of authority: the defaults of the [ConfigKey]s, the file, [Assignment]s from first to last.
///
/// All that is wrong is reported as one [ConfigException].
public final class ConfigReader {
  private final NormReader norms;

  /// @param normTypes the types that a slot can name; `none` is always among them
  public ConfigReader(List<NormType> normTypes) {
    norms = new NormReader(normTypes);
  }

  /// A file and what is set on top of it.
  public RunConfig read(Path file, List<Assignment> assignments) {
    return read(YamlReader.read(file), assignments);
  }

  /// A file that another one names: it lies beside it.
  ///
  /// @param file that names it
  public static Path beside(Path file, String name) {
    return file.toAbsolutePath().resolveSibling(HomeFolder.resolve(name)).normalize();
  }

  /// A text and what is set on top of it. The empty text gives the defaults.
  ///
  /// @param source what errors call the text
  public RunConfig read(String source, String yaml, List<Assignment> assignments) {
    return read(YamlReader.mapping(source, yaml), assignments);
  }

  /// A tree and what is set on top of it.
  public RunConfig read(Node.Mapping file, List<Assignment> assignments) {
    Node.Entry study = file.entries().get("variants");
    if (study != null) {
      throw new ConfigException(study.keyAt(), "a study, which has variants; norma study trains it");
    }
    Node.Mapping tree = Assignment.apply(file, assignments);
    List<ConfigException> wrong = new ArrayList<>();
    Record config = bind(RunConfig.class, ConfigKey.ROOT, new Section(tree, ""), tree, wrong);
    if (config == null) {
      throw ConfigException.all(wrong);
    }
    return (RunConfig) config;
  }

  /// A normalization by itself, from the command line.
  ///
  /// @param text     a type's name, a formula, or what a slot may have in a file, `{y: "weight * tanh(a * x)", a: 0.5}`
  /// @param settings on top of it
  public NormSpec norm(String text, List<Assignment> settings) {
    Location at = Location.COMMAND_LINE;
    Node node = text.startsWith("{") ? YamlReader.value(at, text) : null;
    Node.Mapping mapping = node instanceof Node.Mapping slot
        ? slot
        : new Node.Mapping(at, Map.of(NormSpec.of(text).isFormula() ? "y" : "type",
            new Node.Entry(at, new Node.Scalar(at, text, false))));
    return norms.unchecked(Assignment.apply(mapping, settings), "");
  }

  /// The record of a group; null if something in it is wrong. Its keys come before the groups in it, so that an unknown key is reported
  /// before what is wrong further down.
  ///
  /// @param tree  the whole configuration
  /// @param wrong receives what is
  private @Nullable Record bind(Class<?> type, List<ConfigKey> keys, Section s, Node.Mapping tree,
      List<ConfigException> wrong) {
    int before = wrong.size();
    Object[] values = new Object[keys.size()];
    for (int i = 0; i < values.length; i++) {
      ConfigKey key = keys.get(i);
      values[i] = tried(tree, wrong, () -> {
        Node node = key.isGroup() ? null : s.node(key.name());
        return key.isGroup() ? s.section(key.name()) : value(key, node == null ? start(key) : node);
      });
    }
    tried(tree, wrong, () -> {
      s.finish();
      return s;
    });
    for (int i = 0; i < values.length; i++) {
      ConfigKey key = keys.get(i);
      if (values[i] instanceof Section inner && key.type() != NormSlots.class) {
        values[i] = bind(key.type(), key.keys(), inner, tree, wrong);
      } else if (values[i] instanceof Section inner && values[0] instanceof Integer layers) { // the model's first key
        values[i] = tried(tree, wrong, () -> norms.read(inner, layers));
      }
    }
    return wrong.size() > before ? null : (Record) tried(tree, wrong, () -> ConfigKey.record(type, values));
  }

  private static @Nullable Object tried(Node.Mapping tree, List<ConfigException> wrong, Supplier<Object> reading) {
    try {
      return reading.get();
    } catch (ConfigException e) {
      wrong.add(e);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      wrong.add((ConfigException) new ConfigException(locate(tree, message), message).initCause(e));
    }
    return null;
  }

  /// A key's default as if it had been written.
  private static Node start(ConfigKey key) {
    Location at = Location.of("defaults");
    return key.type() == List.class
        ? Objects.requireNonNull(YamlReader.value(at, key.start()))
        : new Node.Scalar(at, key.start(), true);
  }

  private static Object value(ConfigKey key, Node node) {
    String path = key.path();
    Class<?> type = key.type();
    Range range = key.range();
    if (range != null) {
      if (type == int.class) {
        return (int) Section.whole(node, path, range);
      } else if (type == long.class) {
        return Section.whole(node, path, range);
      } else if (type == double.class) {
        return Section.number(node, path, range);
      } else if (type == List.class) {
        return numbers(key, node, range);
      }
      return node instanceof Node.Scalar word && word.text().equals(key.start())
          ? OptionalInt.empty()
          : OptionalInt.of((int) Section.whole(node, path, range));
    }
    if (type.isEnum()) {
      return type.getEnumConstants()[key.words().indexOf(Section.choice(node, path, key.words()))];
    } else if (type == boolean.class) {
      return Section.flag(node, path);
    } else if (type == List.class) {
      return groups(node, path);
    } else if (type == Corpus.class) {
      return node instanceof Node.Mapping download
          ? download(new Section(download, path))
          : named(new Corpus.Named(Section.text(node, path, key.accepts())), node.at());
    } else if (type == Optional.class) {
      return path(Section.text(node, path, key.accepts()), key, node.at());
    }
    if (type == Factor.class) {
      return factor(node, key);
    } else if (type == Expression.class) {
      return expression(node, key);
    }
    return type == Activation.class ? activation(node, path) : Section.text(node, path, key.accepts());
  }

  private static List<Double> numbers(ConfigKey key, Node node, Range range) {
    int size = key.start().split(",", -1).length;
    if (!(node instanceof Node.Sequence sequence) || sequence.items().size() != size) {
      throw ConfigException.of(node, key.path(),
          node.describe() + " is not a list of " + size + " numbers; expected " + key.start());
    }
    List<Double> values = new ArrayList<>();
    for (Node item : sequence.items()) {
      values.add(Section.number(item, key.path() + "[" + values.size() + "]", range));
    }
    return values;
  }

  private static Optional<Path> path(String text, ConfigKey key, Location at) {
    YamlText.requirePath(key.path(), text);
    return text.equals(key.start()) ? Optional.empty() : Optional.of(Path.of(at.beside(HomeFolder.resolve(text))));
  }

  /// Of parameters: `[{of: "*.alpha", lr_factor: 30, weight_decay: 0.1}]`.
  private static List<ParameterGroup> groups(Node node, String path) {
    String expected = "; expected [{of: \"*.alpha\", lr_factor: 30, weight_decay: 0.1}]";
    if (!(node instanceof Node.Sequence list)) {
      throw ConfigException.of(node, path, node.describe() + " is not a list" + expected);
    }
    List<ParameterGroup> groups = new ArrayList<>();
    for (Node item : list.items()) {
      String itemPath = path + "[" + groups.size() + "]";
      if (!(item instanceof Node.Mapping mapping)) {
        throw ConfigException.of(item, itemPath, item.describe() + " is not a group" + expected);
      }
      Section s = new Section(mapping, itemPath);
      ParameterGroup group = new ParameterGroup(s.text("of", ""), number(s, "lr_factor"), number(s, "weight_decay"));
      s.finish();
      if (group.of().isEmpty() || (group.lrFactor().isEmpty() && group.weightDecay().isEmpty())) {
        throw s.error((group.of().isEmpty() ? "of is missing" : "lr_factor and weight_decay are missing") + expected);
      }
      groups.add(group);
    }
    return groups;
  }

  private static OptionalDouble number(Section s, String key) {
    return s.node(key) == null
        ? OptionalDouble.empty()
        : OptionalDouble.of(s.number(key, 0, Range.of("[0, inf)")));
  }

  private static Corpus named(Corpus.Named corpus, Location at) {
    return corpus.builtin() ? corpus : new Corpus.Named(at.beside(corpus.source()));
  }

  private static Corpus download(Section s) {
    String url = s.text("url", "");
    String sha256 = s.text("sha256", "");
    s.finish();
    if (url.isEmpty() || sha256.isEmpty()) {
      throw s.error((url.isEmpty() ? "url" : "sha256") + " is missing; expected {url: https://..., sha256: ...}");
    }
    try {
      return new Corpus.Download(new URI(url), sha256);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "data.corpus.url is '" + YamlText.shorten(url) + "', not a URL: " + e.getReason(), e);
    }
  }

  private static Factor factor(Node node, ConfigKey key) {
    if (node instanceof Node.Mapping learned) {
      Learnable given = NormReader.learnable(key.name(), new Section(learned, key.path()));
      return given.fixed() ? expression(given.start()) : new Factor.Learned(given);
    }
    return expression(node, key);
  }

  /// A number, as it is written whoever writes it, or a formula of numbers that the model has.
  private static Expression expression(Node node, ConfigKey key) {
    return YamlText.isNumber(node)
        ? expression(Section.number(node, key.path(), Range.FINITE))
        : new Expression(Section.text(node, key.path(), key.accepts()));
  }

  private static Expression expression(double value) {
    return new Expression(value == (int) value ? Integer.toString((int) value) : YamlText.of(value));
  }

  private static Activation activation(Node node, String path) {
    if (!(node instanceof Node.Scalar scalar) || !scalar.text().matches(".*[^a-z0-9_].*")) {
      return new Activation(Section.choice(node, path, Activation.NAMES));
    }
    try {
      return new Activation(scalar.text());
    } catch (IllegalArgumentException e) {
      throw ConfigException.of(node, path, String.valueOf(e.getMessage()));
    }
  }

  /// The messages of our constructors begin with a dotted path: finds the deepest part of it that was written down.
  private static Location locate(Node.Mapping tree, String message) {
    Location at = tree.at();
    Node.Mapping mapping = tree;
    for (String key : message.substring(0, Math.max(0, message.indexOf(' '))).split("[.\\[]", -1)) {
      Node.Entry entry = mapping.entries().get(key);
      if (entry == null) {
        break;
      }
      at = entry.keyAt();
      if (!(entry.value() instanceof Node.Mapping inner)) {
        break;
      }
      mapping = inner;
    }
    return at;
  }
}

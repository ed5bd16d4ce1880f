package norma.train.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A YAML tree in which every part knows where it was written. Immutable.
public sealed interface Node {

  /// Where the value begins.
  Location at();

  /// How an error message calls it.
  default String describe() {
    return switch (this) {
      case Scalar scalar when scalar.plain() -> YamlText.shorten(scalar.text());
      case Scalar scalar -> '"' + YamlText.shorten(scalar.text()) + '"';
      case Mapping _ -> "a group of keys";
      case Sequence _ -> "a list";
    };
  }

  /// A single value.
  ///
  /// @param text  its characters, quotes and escapes resolved
  /// @param plain whether it stood without quotes; only a plain scalar can be a number, a switch or null
  record Scalar(Location at, String text, boolean plain) implements Node {}

  /// Keys with values, in the order of the text.
  record Mapping(Location at, Map<String, Entry> entries) implements Node {

    public Mapping {
      entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /// The value of a key, or null.
    @Nullable
    public Node get(String key) {
      Entry entry = entries.get(key);
      return entry == null ? null : entry.value();
    }

    Mapping with(String key, Location keyAt, Node value) {
      Map<String, Entry> changed = new LinkedHashMap<>(entries);
      changed.put(key, new Entry(keyAt, value));
      return new Mapping(at, changed);
    }

    Mapping without(String key) {
      Map<String, Entry> changed = new LinkedHashMap<>(entries);
      changed.remove(key);
      return new Mapping(at, changed);
    }
  }

  /// A value of a mapping.
  ///
  /// @param keyAt where its key stands
  record Entry(Location keyAt, Node value) {}

  /// A list.
  record Sequence(Location at, List<Node> items) implements Node {

    public Sequence {
      items = List.copyOf(items);
    }
  }
}

package norma.train.study;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import norma.train.config.Assignment;
import norma.train.config.Node;
import norma.train.config.Section;

/// A settable path with the values to try, in a grid or to tune.
record GridAxis(String path, List<Assignment> values) {
  GridAxis {
    values = List.copyOf(values);
  }

  /// A point of several axes.
  record Choice(List<Assignment> settings, List<String> atEdge) {
    private static final Choice NOTHING = new Choice(List.of(), List.of());

    Choice {
      settings = List.copyOf(settings);
      atEdge = List.copyOf(atEdge);
    }

    /// Adds a value of one more axis. Of two values neither counts as the edge.
    private Choice with(GridAxis axis, int i) {
      List<Assignment> more = new ArrayList<>(settings);
      more.add(axis.values.get(i));
      List<String> edges = new ArrayList<>(atEdge);
      if (axis.values.size() > 2 && (i == 0 || i == axis.values.size() - 1)) {
        edges.add(axis.path);
      }
      return new Choice(more, edges);
    }

    /// The settings as `key=value`.
    List<String> texts() {
      return settings.stream().map(Assignment::toString).toList();
    }
  }

  /// Reads the axes of a group; none where it is absent.
  static List<GridAxis> all(Section root, String key) {
    Section section = root.section(key);
    return root.node(key) instanceof Node.Mapping mapping
        ? mapping.entries().keySet().stream().map(path -> of(section, path)).toList()
        : List.of();
  }

  /// Reads one axis.
  ///
  /// @throws norma.train.config.ConfigException if it has not two values or more
  static GridAxis of(Section section, String path) {
    List<Node> values = section.list(path);
    if (values.size() < 2) {
      throw section.error(section.path(path) + ": expected at least two values to choose from, [a, b]"
          + (values.size() == 1 ? "; one value for all runs belongs in base" : ""));
    }
    return new GridAxis(path, values.stream().map(value -> Assignment.of(path, value)).toList());
  }

  /// All combinations, one without settings if there is no axis.
  ///
  /// @param limit hears their number before they are made
  static List<Choice> product(List<GridAxis> axes, LongConsumer limit) {
    List<Choice> choices = List.of(Choice.NOTHING);
    for (GridAxis axis : axes) {
      limit.accept((long) choices.size() * axis.values.size());
      choices = choices.stream()
          .flatMap(choice -> IntStream.range(0, axis.values.size()).mapToObj(i -> choice.with(axis, i))).toList();
    }
    return choices;
  }
}

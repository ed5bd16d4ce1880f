package norma.train.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import norma.train.files.Errors;
import norma.train.files.WholeFile;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingEndEvent;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceEndEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/// Reads the part of YAML 1.2 that a configuration needs: one document of mappings, lists and scalars. Anchors, aliases,
/// tags, several documents, duplicate keys, more than 1 MiB and more than 16 levels are refused. The tree is built from
/// the parser's events, so that nothing is constructed or resolved before it was checked.
public final class YamlReader {
  private static final int MAX_BYTES = 1 << 20;
  private static final int MAX_DEPTH = 16;

  private final Location whole;
  private final Iterator<Event> events;

  private YamlReader(Location whole, String yaml) {
    this.whole = whole;
    LoadSettings settings = LoadSettings.builder().setLabel(whole.source()).setUseMarks(true).build();
    this.events = new Parse(settings).parseString(yaml).iterator();
  }

  /// A file with keys at its top level; an empty file is an empty mapping.
  ///
  /// @throws ConfigException if it cannot be read, or is not the YAML described above
  public static Node.Mapping read(Path file) {
    Location whole = Location.of(file.toString());
    byte[] bytes;
    try {
      bytes = WholeFile.start(file, MAX_BYTES + 1);
    } catch (NoSuchFileException _) {
      throw new ConfigException(whole, "no such file");
    } catch (IOException e) {
      throw new ConfigException(whole, "cannot be read: " + Errors.line(e));
    }
    if (bytes.length > MAX_BYTES) {
      throw new ConfigException(whole, "is larger than 1 MiB; expected a configuration");
    }
    try {
      return mapping(whole.source(), StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException _) {
      throw new ConfigException(whole, "is not UTF-8 text");
    }
  }

  /// A text with keys at its top level.
  ///
  /// @param source what errors call the text, usually a file name
  /// @throws ConfigException if it is not the YAML described above
  public static Node.Mapping mapping(String source, String yaml) {
    Location whole = Location.of(source);
    Node node = value(whole, yaml.startsWith("\uFEFF") ? yaml.substring(1) : yaml);
    if (node == null) {
      return new Node.Mapping(whole, Map.of());
    } else if (node instanceof Node.Mapping mapping) {
      return mapping;
    }
    throw new ConfigException(node.at(), node.describe() + " is not a configuration; expected keys with values");
  }

  /// Any value; null if there is none.
  ///
  /// @param whole where it stands; of the command line, that is where its parts stand too
  /// @throws ConfigException if it is not the YAML described above
  @Nullable
  static Node value(Location whole, String yaml) {
    if (yaml.length() > MAX_BYTES) {
      throw new ConfigException(whole, "is larger than 1 MiB; expected a configuration");
    }
    YamlReader reader = new YamlReader(whole, yaml);
    try {
      return reader.document();
    } catch (MarkedYamlEngineException e) {
      String context = e.getContext() == null ? "" : e.getContext() + ", ";
      throw new ConfigException(reader.at(e.getProblemMark()), "not valid YAML: " + context + e.getProblem());
    } catch (ReaderException e) {
      int before = Math.max(0, yaml.indexOf(e.getCodePoint()));
      int line = 1 + (int) yaml.substring(0, before).chars().filter(c -> c == '\n').count();
      throw new ConfigException(whole.equals(Location.COMMAND_LINE) ? whole : new Location(whole.source(), line),
          "not valid YAML: " + new String(Character.toChars(e.getCodePoint())) + " is not a printable character");
    } catch (YamlEngineException e) {
      throw new ConfigException(whole, "not valid YAML: " + e.getMessage());
    } catch (NumberFormatException _) {
      // snakeyaml-engine 3.0.1 reads the escape \UFFFFFFFF as a signed number
      throw new ConfigException(whole, "not valid YAML: an escape that is not a character");
    }
  }

  @Nullable
  private Node document() {
    Node root = null;
    boolean seen = false;
    while (events.hasNext()) {
      if (events.next() instanceof DocumentStartEvent start) { // and not that of the stream, or an end
        if (seen) {
          throw new ConfigException(at(start.getStartMark()), "a second document; expected one");
        }
        seen = true;
        root = node(events.next(), "", 0);
      }
    }
    return root;
  }

  private Node node(Event event, String path, int depth) {
    Location at = at(event.getStartMark());
    if (depth > MAX_DEPTH) {
      throw new ConfigException(at, "nested more than " + MAX_DEPTH + " levels deep");
    }
    refuse(event, at, path);
    if (event instanceof ScalarEvent scalar) {
      return new Node.Scalar(at, scalar.getValue(), scalar.isPlain());
    } else if (event instanceof MappingStartEvent) {
      return mapping(at, path, depth);
    } else if (event instanceof SequenceStartEvent) {
      List<Node> items = new ArrayList<>();
      for (Event next = events.next(); !(next instanceof SequenceEndEvent); next = events.next()) {
        items.add(node(next, path + "[" + items.size() + "]", depth + 1));
      }
      return new Node.Sequence(at, items);
    }
    throw new ConfigException(at, "not valid YAML: a value is missing");
  }

  private Node.Mapping mapping(Location at, String path, int depth) {
    Map<String, Node.Entry> entries = new LinkedHashMap<>();
    for (Event next = events.next(); !(next instanceof MappingEndEvent); next = events.next()) {
      Location keyAt = at(next.getStartMark());
      refuse(next, keyAt, path);
      if (!(next instanceof ScalarEvent key)) {
        throw new ConfigException(keyAt, "a list or a group of keys as a key; expected a word");
      }
      String keyPath = path.isEmpty() ? key.getValue() : path + "." + key.getValue();
      Node.Entry first = entries.get(key.getValue());
      if (first != null) {
        throw new ConfigException(keyAt, YamlText.shorten(keyPath) + ": the key is given twice"
            + (keyAt.line() > 0 ? ", first on line " + first.keyAt().line() : ""));
      }
      entries.put(key.getValue(), new Node.Entry(keyAt, node(events.next(), keyPath, depth + 1)));
    }
    return new Node.Mapping(at, entries);
  }

  private static void refuse(Event event, Location at, String path) {
    String where = path.isEmpty() ? "" : YamlText.shorten(path) + ": ";
    Optional<String> tag = event instanceof ScalarEvent scalar
        ? scalar.getTag()
        : event instanceof CollectionStartEvent start ? start.getTag() : Optional.empty();
    if (tag.isPresent()) {
      throw new ConfigException(at,
          where + "a tag (" + YamlText.shorten(tag.get()) + "); expected a value without tags");
    }
    if (event instanceof AliasEvent || (event instanceof NodeEvent node && node.getAnchor().isPresent())) {
      throw new ConfigException(at,
          where + "an anchor or alias (& or *); expected the value itself, or text in quotes");
    }
  }

  private Location at(Optional<Mark> mark) {
    if (whole.equals(Location.COMMAND_LINE) || mark.isEmpty()) {
      return whole;
    }
    return new Location(whole.source(), mark.get().getLine() + 1);
  }
}

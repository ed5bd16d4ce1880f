package norma.train.profile;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigException;
import norma.train.config.ConfigReader;
import norma.train.config.Node;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.config.Section;
import norma.train.config.YamlReader;
import norma.train.files.FolderName;

/// Reads profile files: a base configuration with cases to `compare`, or settings to `sweep` one at a time.
public final class ProfileReader {
  private static final int LONGEST_NAME = 64;

  private final ConfigReader configs = new ConfigReader(NormTypes.all());
  private final Path file;
  private final Section root;
  private final List<Assignment> overrides;

  private ProfileReader(Path file, Node.Mapping tree, List<Assignment> overrides) {
    this.file = file;
    this.root = new Section(tree, "");
    this.overrides = overrides;
  }

  /// Reads a profile file, or the configuration of a run.
  ///
  /// @param overrides settings for all cases
  /// @throws ConfigException if anything in it is wrong
  public static ProfilePlan read(Path file, List<Assignment> overrides) {
    Node.Mapping tree = YamlReader.read(file);
    return tree.get("compare") == null && tree.get("sweep") == null
        ? ProfilePlan.of(new ConfigReader(NormTypes.all()).read(file, overrides))
        : new ProfileReader(file, tree, overrides).plan();
  }

  private ProfilePlan plan() {
    String fileName = String.valueOf(file.getFileName()).replaceFirst("\\.ya?ml$", "");
    String name = FolderName.of(fileName, LONGEST_NAME);
    String title = root.text("title", fileName);
    String note = root.text("note", "");
    String base = root.text("base", "");
    int steps = root.integer("steps", ProfilePlan.STEPS, ProfilePlan.MEASURED);
    Node compare = root.node("compare");
    Node sweep = root.node("sweep");
    root.finish();
    if (compare != null && sweep != null) {
      throw root.error("compare and sweep at once; expected one of them: put the other in a file of its own");
    }
    List<ProfilePlan.Case> cases = new ArrayList<>();
    Map<String, List<Integer>> sweeps = new LinkedHashMap<>();
    if (compare != null) {
      group(compare, "compare").entries().forEach((label, entry) -> {
        cases.add(of(label, base, Assignment.all(group(entry.value(), "compare." + label))));
      });
      if (cases.size() < 2) {
        throw root.error("compare: expected at least two cases, each a name with settings, such as"
            + " dyt: {model.norm.all: dyt}");
      }
    } else {
      sweep(group(Objects.requireNonNull(sweep), "sweep"), base, cases, sweeps);
      if (cases.isEmpty()) {
        throw root.error("sweep: expected at least one setting with its values, such as model.width: [64, 128]");
      }
    }
    return new ProfilePlan(name, title, note.strip(), cases, sweeps, steps);
  }

  /// A value that several sweeps share is one case.
  private void sweep(Node.Mapping group, String base, List<ProfilePlan.Case> cases, Map<String, List<Integer>> sweeps) {
    Map<Map<String, String>, Integer> known = new HashMap<>();
    Section section = root.section("sweep");
    group.entries().keySet().forEach(path -> {
      List<Node> values = section.list(path);
      if (values.stream().map(Node::describe).distinct().count() < Math.max(2, values.size())) {
        throw section.error(section.path(path) + ": expected at least two different values, [a, b]");
      }
      List<Integer> indices = new ArrayList<>();
      for (Node value : values) {
        Assignment setting = Assignment.of(path, value);
        ProfilePlan.Case one = of(setting.toString(), base, List.of(setting));
        if (Double.isNaN(Scaling.value(one.config(), path))) {
          throw ConfigException.of(value, section.path(path), setting
              + " is not a number, whose growth could be fitted; put choices under compare");
        }
        int index = known.computeIfAbsent(RunConfigWriter.flatten(one.config()), _ -> {
          cases.add(one);
          return cases.size() - 1;
        });
        indices.add(index);
      }
      sweeps.put(path, indices);
    });
  }

  private ProfilePlan.Case of(String label, String base, List<Assignment> settings) {
    settings.forEach(this::refuseFixed);
    List<Assignment> all = new ArrayList<>(overrides);
    all.addAll(settings);
    RunConfig config = base.isEmpty()
        ? configs.read(file.toString(), "", all)
        : configs.read(ConfigReader.beside(file, base), all);
    return new ProfilePlan.Case(label, settings.stream().map(Assignment::toString).toList(), config);
  }

  /// A setting for all cases may not fix what the file varies: cases would be alike under different labels.
  private void refuseFixed(Assignment varied) {
    String path = String.join(".", varied.path());
    for (Assignment override : overrides) {
      if (override.meets(path)) {
        throw root.error(override + " on the command line fixes " + path
            + ", which the file varies; leave it out, or change the file");
      }
    }
  }

  private static Node.Mapping group(Node node, String path) {
    if (node instanceof Node.Mapping mapping) {
      return mapping;
    }
    throw ConfigException.of(node, path, node.describe() + " is not a group; expected {key: value}");
  }
}

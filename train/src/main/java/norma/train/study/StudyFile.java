package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import norma.nn.NormTypes;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfigWriter;
import norma.train.files.Json;
import norma.train.run.RunException;
import norma.train.study.Study.Candidate;
import norma.train.study.Study.Variant;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `study.json` in a study's folder: the study as it was read, with every configuration resolved. Reports are made from the folder alone,
/// on another machine too, where neither the study's file nor its text need be.
///
/// @param study   as it was worked off
/// @param command that repeats it
public record StudyFile(Study study, String command) {
  static final String FILE = "study.json";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
  private static final JsonMapper JSON = new JsonMapper();

  /// Whether a folder is a study's.
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(FILE));
  }

  /// Writes it.
  public static void write(StudyFolder folder, String command) throws IOException {
    Study study = folder.study();
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", study.name());
    fields.put("title", study.title());
    fields.put("note", study.note());
    fields.put("command", command);
    fields.put("seeds", study.seeds());
    fields.put("tune_seeds", study.tuneSeeds());
    fields.put("variants", study.variants().stream().map(StudyFile::fields).toList());
    folder.writeWhole(folder.path().resolve(FILE),
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(fields) + "\n");
  }

  private static Map<String, Object> fields(Variant variant) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", variant.name());
    fields.put("base", variant.base());
    fields.put("point", variant.point());
    fields.put("baseline", variant.baseline());
    fields.put("settings", variant.settings());
    fields.put("candidates", variant.candidates().stream().map(StudyFile::fields).toList());
    return fields;
  }

  private static Map<String, Object> fields(Candidate candidate) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("label", candidate.label());
    fields.put("at_edge", candidate.atEdge());
    fields.put("text_sha256", candidate.text());
    fields.put("config", RunConfigWriter.yaml(candidate.config()));
    return fields;
  }

  /// Of a study's folder.
  ///
  /// @throws RunException if the file is not there, or damaged
  public static StudyFile read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    try {
      JsonNode node = Json.read(file);
      List<Variant> variants = new ArrayList<>();
      for (JsonNode variant : node.required("variants").values()) {
        variants.add(variant(file, variant));
      }
      Study study = new Study(name(file, node), text(node, "title"), text(node, "note"), seeds(node, "seeds"),
          seeds(node, "tune_seeds"), variants);
      requireWhole(file, study);
      return new StudyFile(study, text(node, "command"));
    } catch (JacksonException e) {
      throw new RunException(file + " is damaged: " + Json.problem(e), e);
    }
  }

  private static Variant variant(Path file, JsonNode node) {
    List<Candidate> candidates = new ArrayList<>();
    for (JsonNode candidate : node.required("candidates").values()) {
      candidates.add(new Candidate(text(candidate, "label"), texts(candidate, "at_edge"),
          new ConfigReader(NormTypes.all()).read(file.toString(), text(candidate, "config"), List.of()),
          text(candidate, "text_sha256")));
    }
    return new Variant(name(file, node), text(node, "base"), texts(node, "point"),
        node.required("baseline").booleanValue(), texts(node, "settings"), candidates);
  }

  /// A name that becomes a part of paths.
  private static String name(Path file, JsonNode node) {
    String name = text(node, "name");
    if (!NAME.matcher(name).matches()) {
      throw new RunException(file + " is damaged: a name is not one of letters, digits, '.', '_' and '-'");
    }
    return name;
  }

  private static void requireWhole(Path file, Study study) {
    for (Variant variant : study.variants()) {
      if (variant.candidates().isEmpty() || study.variants().stream()
          .noneMatch(other -> other.baseline() && other.point().equals(variant.point()))) {
        throw new RunException(
            file + " is damaged: variant " + variant.name() + " has no configuration or no baseline");
      }
    }
    if (study.variants().isEmpty()) {
      throw new RunException(file + " is damaged: it has no variants");
    }
  }

  private static String text(JsonNode node, String name) {
    return node.required(name).stringValue();
  }

  private static List<String> texts(JsonNode node, String name) {
    return node.required(name).values().stream().map(JsonNode::stringValue).toList();
  }

  private static List<Long> seeds(JsonNode node, String name) {
    return node.required(name).values().stream().map(JsonNode::longValue).toList();
  }
}

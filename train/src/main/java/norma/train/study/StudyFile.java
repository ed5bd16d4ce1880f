package norma.train.study;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import norma.nn.NormTypes;
import norma.train.config.ConfigException;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.FolderName;
import norma.train.files.Json;
import norma.train.files.ShellText;
import norma.train.run.RunException;
import norma.train.study.Study.Variant;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.deser.std.StdDeserializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.StdSerializer;

/// `study.json` in a study's folder: the study as it was read, with every configuration resolved. Reports are made from the folder alone,
/// on another machine too, where neither the study's file nor its text need be.
///
/// @param command that repeats it
public record StudyFile(String name, String title, String note, String command, List<Long> seeds,
    List<Long> tuneSeeds, List<Variant> variants) {
  static final String FILE = "study.json";
  private static final int LONGEST_NAME = 100;

  private static final JsonMapper JSON = Json.records(new SimpleModule()
      .addSerializer(RunConfig.class, new StdSerializer<>(RunConfig.class) {
        @Override
        public void serialize(RunConfig config, JsonGenerator generator, SerializationContext context) {
          generator.writeString(RunConfigWriter.yaml(config));
        }
      })
      .addDeserializer(RunConfig.class, new StdDeserializer<>(RunConfig.class) {
        @Override
        public RunConfig deserialize(JsonParser parser, DeserializationContext context) {
          return new ConfigReader(NormTypes.all()).read(FILE, parser.getString(), List.of());
        }
      }));

  /// Says whether a folder is a study's.
  public static boolean isIn(Path folder) {
    return Files.exists(folder.resolve(FILE));
  }

  /// Writes it.
  public static void write(StudyFolder folder, String command) throws IOException {
    folder.writeWhole(folder.path().resolve(FILE), text(folder.study(), command));
  }

  static String text(Study study, String command) {
    StudyFile file = new StudyFile(study.name(), study.title(), study.note(), command, study.seeds(),
        study.tuneSeeds(), study.variants());
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(file) + "\n";
  }

  /// Reads that of a study's folder.
  ///
  /// @throws RunException if the file is damaged, or has norms that are not on the class path
  public static StudyFile read(Path folder) throws IOException {
    Path path = folder.resolve(FILE);
    try {
      StudyFile file = JSON.treeToValue(Json.read(path), StudyFile.class);
      String problem = file.problem();
      if (!problem.isEmpty()) {
        throw new RunException(path + " is damaged: " + problem);
      }
      return file;
    } catch (JacksonException e) {
      String norms = e.getCause() instanceof ConfigException
          ? ", or has norms of one's own, which need " + ShellText.CLASSES
          : "";
      throw new RunException(path + " is damaged" + norms + ": " + Json.problem(e), e);
    }
  }

  /// Names become parts of paths, and a variant without its baseline cannot be reported.
  private String problem() {
    if (!FolderName.is(name, LONGEST_NAME)
        || variants.stream().anyMatch(v -> !FolderName.is(v.name(), LONGEST_NAME))) {
      return "a name is not one of letters, digits, '.', '_' and '-'";
    }
    return variants.stream().filter(variant -> variant.candidates().isEmpty() || variants.stream()
        .noneMatch(other -> other.baseline() && other.point().equals(variant.point()))).findFirst()
        .map(variant -> "variant " + variant.name() + " has no configuration or no baseline")
        .orElse(variants.isEmpty() ? "it has no variants" : "");
  }

  /// The study as it was worked off.
  public Study study() {
    return new Study(name, title, note, seeds, tuneSeeds, variants);
  }
}

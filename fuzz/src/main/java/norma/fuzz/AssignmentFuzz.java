package norma.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.util.List;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigException;
import norma.train.config.ConfigReader;

/// Settings on a command line, one a line of the input.
public final class AssignmentFuzz {
  private static final Input INPUT = new Input("settings.txt", 2000);
  private static final ConfigReader READER = new ConfigReader(NormTypes.all());

  private AssignmentFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> {
      List<String> settings = new String(Files.readAllBytes(file), UTF_8).lines().limit(20).toList();
      return READER.read("fuzz.yaml", "", Assignment.parse(settings));
    }, ConfigException.class);
  }
}

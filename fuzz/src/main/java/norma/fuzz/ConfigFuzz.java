package norma.fuzz;

import java.util.List;
import norma.nn.NormTypes;
import norma.train.config.ConfigException;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;

/// A run's configuration: what is read, written and read again is the same.
public final class ConfigFuzz {
  private static final Input INPUT = new Input("fuzz.yaml", 2000);
  private static final ConfigReader READER = new ConfigReader(NormTypes.all());

  private ConfigFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, file -> READER.read(file, List.of()), ConfigException.class).ifPresent(config -> {
      RunConfig again = READER.read("written.yaml", RunConfigWriter.yaml(config), List.of());
      Input.require(again.equals(config), "written and read again, the configuration is another");
    });
  }
}

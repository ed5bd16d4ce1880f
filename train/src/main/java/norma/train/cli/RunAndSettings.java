package norma.train.cli;

import java.util.ArrayList;
import java.util.List;
import norma.train.config.Assignment;
import norma.train.config.RunConfig;
import norma.train.run.RunFolder;
import picocli.CommandLine.Parameters;

/// A run, and settings with which its weights are looked at: another machine may have another backend.
final class RunAndSettings extends RunArgument {
  @Parameters(index = "1..*", paramLabel = "key=value", arity = "0..*", description = "Settings that change the run's.")
  private List<String> settings = new ArrayList<>();

  RunConfig config(RunFolder folder) {
    return folder.config(Assignment.parse(settings));
  }

  /// Whether they name what the run read.
  boolean ofData() {
    return settings.stream().anyMatch(setting -> setting.startsWith("data"));
  }
}

package norma.train.cli;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import norma.train.config.ConfigKey;
import norma.train.config.Nearest;
import norma.train.config.RunConfigWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `norma config`.
@Command(name = "config", mixinStandardHelpOptions = true, description = "Says of every configuration key, or of one, its default, what it accepts and what it does.", customSynopsis = "norma config [KEY | --dump]", footer = {
    "", "Examples:", "  norma config optim", "  norma config train.checkpoint_every",
    "  norma config --dump > mine.yaml" })
final class ConfigCommand implements Callable<Integer> {
  private static final String ROW = "%-22s  %-15s  %-38s  %s";

  @Parameters(index = "0", paramLabel = "KEY", arity = "0..1", description = "A key such as optim.lr, or a group of keys such as optim.")
  private @Nullable String path;

  @Option(names = "--dump", description = "Print a complete configuration file: every key with its default and what it does.")
  private boolean dump;

  @Override
  public Integer call() {
    Console console = new Console();
    String path = this.path;
    if (dump && path != null) {
      throw new IllegalArgumentException("KEY and --dump at once; expected one of them");
    } else if (dump) {
      console.text(RunConfigWriter.documented().stripTrailing());
    } else if (path == null) {
      ConfigKey.ROOT.forEach(key -> list(key, console));
    } else {
      ConfigKey key = ConfigKey.find(path).orElseThrow(() -> unknown(path));
      if (key.isGroup()) {
        list(key, console);
      } else {
        console.text(console.bold(key.path()));
        console.line("default     %s", key.start());
        console.line("accepts     %s", key.accepts());
        console.line("does        %s", key.does());
        console.line("resuming    %s", key.resumable() ? "a run may change it" : "a run keeps it");
      }
    }
    return 0;
  }

  private static void list(ConfigKey group, Console console) {
    if (group.isGroup()) {
      console.text(console.bold(String.format(Locale.ROOT, "%-22s  %s", group.path(), group.does())));
    }
    group.values().forEach(key -> console.line(ROW, key.path(), key.start(), key.accepts(), key.does()));
  }

  private static IllegalArgumentException unknown(String path) {
    String group = path.substring(0, Math.max(0, path.lastIndexOf('.')));
    String name = path.substring(path.lastIndexOf('.') + 1);
    List<ConfigKey> inGroup = ConfigKey.find(group).stream().flatMap(ConfigKey::values).toList();
    List<ConfigKey> candidates = inGroup.isEmpty()
        ? Stream.concat(ConfigKey.ROOT.stream(), ConfigKey.all()).toList()
        : inGroup;
    String nearest = Nearest.of(name, candidates.stream().map(ConfigKey::name).toList());
    String hint = candidates.stream().filter(key -> key.name().equals(nearest)).findFirst()
        .map(key -> "; did you mean " + key.path() + "?").orElse("");
    return new IllegalArgumentException(
        path + ": unknown key" + hint + (hint.isEmpty()
            ? ". Valid keys here: " + String.join(", ",
                candidates.stream().map(ConfigKey::path).toList())
            : ""));
  }
}

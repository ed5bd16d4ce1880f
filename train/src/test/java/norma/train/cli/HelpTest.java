package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class HelpTest {
  static Stream<String> commands() {
    return new CommandLine(new Main()).getSubcommands().keySet().stream();
  }

  /// A percent sign that is not doubled makes picocli complain and leave the line as it is.
  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandExplainsItselfWithoutComplaints(String command) {
    Outcome complaints = Outcome.printed(() -> {
      String help = Objects.requireNonNull(new CommandLine(new Main()).getSubcommands().get(command)).getUsageMessage();
      assertThat(help).startsWith("Usage: norma " + command).doesNotContain("%%", "%n");
      return 0;
    });
    assertThat(complaints.err()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandSaysTheVersion(String command) {
    assertThat(Outcome.ok(command, "--version")).startsWith("norma ").isEqualTo(Outcome.ok("--version"));
  }
}

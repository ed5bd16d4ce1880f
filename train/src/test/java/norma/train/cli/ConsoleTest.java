package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsoleTest {

  @Test
  void aStatusLineNeverWrapsAndIsErasedBeforeTheNextLine() {
    String wide = "step 100/2000  loss 2.1234  ".repeat(10);
    assertThat(printed(true, console -> {
      console.status(wide);
      console.status("short");
      console.text("done");
    })).isEqualTo(
        "\r\u001B[?7l" + wide + "\u001B[K\u001B[?7h" + "\r\u001B[?7lshort\u001B[K\u001B[?7h" + "\r\u001B[Kdone\n");
  }

  @Test
  void withoutATerminalThereIsNoStatusAndNoEscape() {
    assertThat(printed(false, console -> {
      console.status("short");
      console.text(console.bold("done"));
    })).isEqualTo("done\n");
  }

  @Test
  void aTerminalObeysNothingThatComesFromOutside() {
    String sample = "to be\r\n\tor \u001B]0;title\u0007 \u001B[31mnot\u009B2J";
    Consumer<Console> use = console -> {
      console.text(sample);
      console.line("%s %s", console.bold("run"), "a\u001B[2J");
      console.status(sample);
      console.text("");
    };
    assertThat(printed(true, use).replaceAll("\u001B\\[([012]m|K|\\?7[lh])", "").chars()
        .filter(c -> c != '\n' && c != '\t' && c != '\r' && Character.isISOControl(c))).isEmpty();
    assertThat(printed(true, use)).startsWith("to be\n\tor \\u001B]0;title\\u0007 \\u001B[31mnot\\u009B2J\n")
        .contains("\u001B[1mrun\u001B[0m a\\u001B[2J\n");
    assertThat(printed(false, use)).isEqualTo(sample + "\nrun a\u001B[2J\n\n");
  }

  /// A sample comes a character at a time: an escape sequence is in no part by itself.
  @Test
  void textThatGrowsIsNoLessSafe() {
    String sample = "be \u001B[2mor\u001B]0;t\u0007\r\n";
    assertThat(printed(true, console -> sample.chars().forEach(c -> console.part(Character.toString(c)))))
        .isEqualTo("be \\u001B[2mor\\u001B]0;t\\u0007\n");
    assertThat(printed(false, console -> sample.chars().forEach(c -> console.part(Character.toString(c)))))
        .isEqualTo(sample);
  }

  /// As two samples of a text from Windows, the first of which ends within a line's end.
  @Test
  void halfOfALinesEndDoesNotReachTheNextText() {
    assertThat(printed(true, console -> {
      console.part("be\r");
      console.text("");
      console.part("or");
    })).isEqualTo("be\nor");
  }

  /// Otherwise `norma sample RUN --tokens 1000000000 | head` would go on for hours.
  @ParameterizedTest
  @ValueSource(booleans = { true, false })
  void textStopsGrowingWhenNobodyCanReadIt(boolean terminal) {
    int[] parts = new int[1];
    printed(terminal, console -> {
      System.out.close();
      while (console.part("x")) {
        parts[0]++;
      }
    });
    assertThat(parts[0]).isLessThan(1000);
  }

  private static String printed(boolean terminal, Consumer<Console> use) {
    Callable<Integer> work = () -> {
      use.accept(new Console());
      return 0;
    };
    return (terminal ? Outcome.onATerminal(work) : Outcome.printed(work)).out();
  }
}

package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/// What a command line did that ran in this JVM: a start by the launcher takes seconds of processor time, most of them HotSpot's.
/// Paths are absolute, or relative to the tests' own working directory.
///
/// @param code exit code
/// @param out  standard output
/// @param err  standard error
public record Outcome(int code, String out, String err) {
  /// Runs a command line.
  public static Outcome of(String... arguments) {
    return printed(() -> Main.run(arguments));
  }

  /// Runs a command line.
  public static Outcome of(List<String> arguments) {
    return of(arguments.toArray(String[]::new));
  }

  /// Runs a command line that must succeed.
  ///
  /// @return what it printed
  public static String ok(String... arguments) {
    Outcome outcome = of(arguments);
    assertThat(outcome.code).as(outcome.err).isZero();
    return outcome.out;
  }

  /// The same.
  public static String ok(List<String> arguments) {
    return ok(arguments.toArray(String[]::new));
  }

  /// Runs what ends with an exit code.
  static Outcome printed(Callable<Integer> work) {
    Running running = new Running(work);
    running.task.run();
    return running.outcome();
  }

  /// The same where a person watches.
  static Outcome onATerminal(Callable<Integer> work) {
    System.setProperty("norma.terminal", "true");
    try {
      return printed(work);
    } finally {
      System.clearProperty("norma.terminal");
    }
  }

  /// Starts a command line in a thread of its own.
  public static Running start(List<String> arguments) {
    Running running = new Running(() -> Main.run(arguments.toArray(String[]::new)));
    Thread.ofPlatform().name("norma").start(running.task);
    return running;
  }

  /// Asserts that it failed with one line, which has all of these parts.
  public void refused(int expected, String... parts) {
    assertThat(err).startsWith("norma: ").contains(parts).hasLineCount(1);
    assertThat(code).as(err).isEqualTo(expected);
    assertThat(out).isEmpty();
  }

  /// A command line that runs; one at a time, since standard output is the JVM's.
  public static final class Running {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final FutureTask<Integer> task;

    private Running(Callable<Integer> work) {
      task = new FutureTask<>(() -> run(work));
    }

    private int run(Callable<Integer> work) throws Exception {
      PrintStream realOut = System.out;
      PrintStream realErr = System.err;
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      try {
        return work.call();
      } finally {
        System.setOut(realOut);
        System.setErr(realErr);
      }
    }

    /// Whether it has not ended.
    public boolean isAlive() {
      return !task.isDone();
    }

    /// What it has written to standard error so far.
    public String err() {
      return err.toString(StandardCharsets.UTF_8);
    }

    /// Waits for its end.
    public Outcome outcome() {
      try {
        return new Outcome(task.get(), out.toString(StandardCharsets.UTF_8), err());
      } catch (java.util.concurrent.ExecutionException e) {
        throw new AssertionError(e.getCause());
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}

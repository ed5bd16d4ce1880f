package norma.train.cli;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
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
    Running running = new Running(arguments);
    running.task.run();
    return running.outcome();
  }

  /// Runs a command line.
  public static Outcome of(List<String> arguments) {
    return of(arguments.toArray(String[]::new));
  }

  /// Starts a command line in a thread of its own.
  public static Running start(List<String> arguments) {
    Running running = new Running(arguments.toArray(String[]::new));
    Thread.ofPlatform().name("norma").start(running.task);
    return running;
  }

  /// A command line that runs; one at a time, since standard output is the JVM's.
  public static final class Running {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final FutureTask<Integer> task;

    private Running(String... arguments) {
      task = new FutureTask<>(() -> run(arguments));
    }

    private int run(String... arguments) {
      PrintStream realOut = System.out;
      PrintStream realErr = System.err;
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      try {
        return Main.run(arguments);
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

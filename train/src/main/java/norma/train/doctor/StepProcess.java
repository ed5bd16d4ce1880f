package norma.train.doctor;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Another JVM with options of its own that measures training steps when asked to, and sleeps otherwise.
final class StepProcess implements AutoCloseable {
  /// Begins each answer.
  static final String ANSWER = "steps ";
  /// For a JVM that starts and compiles, and for steps that are ten times slower than they should be; more on a busy machine.
  private static final double MOST_SECONDS = 12;
  private static final String END = "\0";

  private final Process process;
  private final Writer requests;
  private final long mostNanos;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  /// How a JVM is started.
  ///
  /// @param flags       of the JVM
  /// @param environment variables beside this process's
  record Start(List<String> flags, Map<String, String> environment) {}

  /// @param program class whose `main` reads numbers of threads and answers each with a line that begins with [#ANSWER]
  /// @param share   of processor time that one can expect
  StepProcess(Start start, String program, double share) throws IOException {
    mostNanos = (long) (MOST_SECONDS / share * 1e9);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(start.flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(start.environment);
    // This JVM's options have them already.
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"));
    process = builder.start();
    requests = process.outputWriter(StandardCharsets.UTF_8);
    Thread.ofPlatform().daemon().start(() -> {
      try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
        reader.lines().forEach(lines::add);
      } catch (IOException | java.io.UncheckedIOException e) {
        lines.add(String.valueOf(e.getMessage())); // closed while it was read
      }
      lines.add(END);
    });
  }

  /// Milliseconds of some steps; nothing if there was no answer in time, and never again then.
  Optional<List<Double>> steps(int threads) throws InterruptedException {
    try {
      requests.write(threads + "\n");
      requests.flush();
    } catch (IOException e) {
      return Optional.empty(); // it has ended
    }
    long end = System.nanoTime() + mostNanos;
    while (true) {
      @Nullable
      String line = lines.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
      if (line == null || line.equals(END)) {
        process.destroyForcibly();
        return Optional.empty();
      }
      if (line.startsWith(ANSWER)) {
        return Optional.of(Arrays.stream(line.substring(ANSWER.length()).split(" ")).map(Double::valueOf).toList());
      }
    }
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}

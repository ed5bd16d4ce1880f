package norma.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import norma.bench.Contender.Step;
import norma.train.files.Installation;
import norma.train.run.RunException;
import norma.train.run.SystemFiles;
import org.jspecify.annotations.Nullable;

/// The driver's end of a process that answers as [StepServer] does. What the process writes to standard error goes to a log.
public final class Side implements AutoCloseable {
  private final Command command;
  private final Path log;
  private final Process process;
  private final BufferedReader in;
  private final Writer out;
  private final Map<String, String> facts = new LinkedHashMap<>();

  /// How a side is started.
  ///
  /// @param name        for people
  /// @param words       program and arguments
  /// @param environment on top of the driver's own, of which it does not get what steers libraries
  public record Command(String name, List<String> words, Map<String, String> environment) {
    /// What a shell may say to the libraries of either side: figures must not depend on it, and a kernel that it names may not
    /// be one that this CPU can run.
    private static final Pattern STEERING = Pattern.compile("(OPENBLAS|GOTO|MKL|OMP|GOMP|KMP)_.*|GLIBC_TUNABLES");

    /// Norma's own launcher with the main class of its side: flags, libraries and environment are the product's.
    ///
    /// @param settings of Norma's configuration
    public static Command norma(List<String> settings) {
      List<String> words = new ArrayList<>(List.of(Installation.file("norma").toString()));
      words.addAll(settings);
      return new Command("Norma", words, Map.of("NORMA_MAIN", NormaSide.class.getName()));
    }

    /// Ready to start.
    ProcessBuilder builder() {
      ProcessBuilder builder = new ProcessBuilder(words);
      Map<String, String> all = environment(builder.environment());
      builder.environment().clear();
      builder.environment().putAll(all);
      return builder;
    }

    /// What the process has of the driver's environment and of its own.
    Map<String, String> environment(Map<String, String> inherited) {
      Map<String, String> all = new TreeMap<>(inherited);
      all.keySet().removeIf(variable -> STEERING.matcher(variable).matches());
      all.putAll(environment);
      return all;
    }
  }

  /// Starts a process and waits until it is ready.
  ///
  /// @param log file for its standard error
  /// @throws RunException if it ends before
  public Side(Command command, Path log) {
    this.command = command;
    this.log = log;
    try {
      process = command.builder().redirectError(log.toFile()).start();
    } catch (IOException e) {
      throw new RunException("cannot start " + command.name + ": " + e.getMessage());
    }
    in = process.inputReader();
    out = process.outputWriter();
    try {
      readFacts();
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /// One of the facts.
  public String fact(String name) {
    String value = facts.get(name);
    if (value == null) {
      throw new RunException(command.name + " told no " + name + "; its log is " + log);
    }
    return value;
  }

  /// Runs the next steps.
  public List<Step> run(int count) {
    try {
      out.write("run " + count + "\n");
      out.flush();
    } catch (IOException e) {
      throw ended();
    }
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String line = line();
      String[] words = line.split(" ", -1);
      if (words.length != 4) {
        throw new RunException(
            command.name + " answered \"" + line + "\" to a step; expected step NANOS LOSS NORM");
      }
      steps.add(new Step(Long.parseLong(words[1]), Double.parseDouble(words[2]), Double.parseDouble(words[3])));
    }
    return steps;
  }

  /// Peak resident memory of the process so far, in bytes.
  long peakBytes() {
    String status = SystemFiles.read("/proc/" + process.pid() + "/status");
    return SystemFiles.bytes(status, "VmHWM")
        .orElseThrow(() -> new RunException("cannot read the memory of " + command.name));
  }

  @Override
  public void close() {
    try (out; in) {
      out.write("quit\n");
    } catch (IOException e) {
      process.destroy(); // it is gone already, or does not listen
    }
    try {
      if (!process.waitFor(java.time.Duration.ofSeconds(20))) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void readFacts() {
    for (String line = line(); !line.equals("ready"); line = line()) {
      String[] words = line.split(" ", 3);
      facts.put(words[1], words[2]);
    }
  }

  private String line() {
    @Nullable
    String line;
    try {
      line = in.readLine();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (line == null) {
      throw ended();
    }
    return line;
  }

  private RunException ended() {
    String last = "";
    try {
      last = Files.readAllLines(log).stream().filter(l -> l.contains("Exception") || l.contains("Error"))
          .findFirst().orElse("");
    } catch (IOException e) {
      last = "unreadable: " + e.getMessage();
    }
    return new RunException(command.name + " ended too early" + (last.isEmpty() ? "" : ": " + last)
        + "; its log is " + log);
  }
}

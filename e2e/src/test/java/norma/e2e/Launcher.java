package norma.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Runs `norma` as a user does: a process of its own, from another directory.
///
/// @param code exit code
/// @param out  standard output
/// @param err  standard error
record Launcher(int code, String out, String err) {
  /// The project's root.
  static final Path HOME = Path.of(System.getProperty("norma.home"));

  static Launcher run(Path directory, String... arguments) throws IOException, InterruptedException {
    return run(HOME, directory, Map.of(), List.of(arguments));
  }

  /// @param home of the installation
  static Launcher run(Path home, Path directory, Map<String, String> environment, List<String> arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("norma").toString());
    command.addAll(arguments);
    return of(directory, environment, command);
  }

  /// The same of any command.
  static Launcher of(Path directory, Map<String, String> environment, List<String> command)
      throws IOException, InterruptedException {
    int code = start(directory, environment, command).waitFor();
    return new Launcher(code, Files.readString(directory.resolve("out.txt")), err(directory));
  }

  /// Standard error of what was started there, without what the JVM says of the variable.
  static String err(Path directory) throws IOException {
    return Files.readString(directory.resolve("err.txt")).replaceFirst("NOTE: Picked up JDK_JAVA_OPTIONS.*\\R", "");
  }

  static Process start(Path directory, Map<String, String> environment, List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile())
        .redirectOutput(directory.resolve("out.txt").toFile()).redirectError(directory.resolve("err.txt").toFile());
    builder.environment().putAll(environment);
    return builder.start();
  }

  /// Ends a process that a test has started, whatever became of the test.
  static void end(Process process) throws InterruptedException {
    process.destroyForcibly();
    process.waitFor(10, TimeUnit.SECONDS);
  }
}

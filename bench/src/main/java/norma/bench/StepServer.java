package norma.bench;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import norma.bench.Contender.Step;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;

/// The inside of a contender's process: facts and steps on standard output, commands on standard input. Between two
/// commands it waits for input and does nothing.
///
/// Commands: `run N`, answered by N lines `step NANOS LOSS GRADIENT_NORM`; `quit`, or the end of the input.
public final class StepServer {
  private StepServer() {}

  /// Serves until the driver is gone.
  ///
  /// @param settings of Norma's configuration, `key=value`
  static void serve(String[] settings, Function<RunConfig, Contender> start) throws IOException {
    PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    System.setOut(System.err); // whatever a library prints goes to the log
    try (Contender contender = start.apply(config(List.of(settings)))) {
      contender.facts().forEach((name, value) -> out.println("fact " + name + " " + value));
      out.println("ready");
      out.flush();
      BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      int steps = 0;
      for (String line = in.readLine(); line != null && !line.equals("quit"); line = in.readLine()) {
        for (int count = Integer.parseInt(line.substring("run ".length())); count > 0; count--) {
          steps++;
          Step step = contender.step(steps);
          out.println("step " + step.nanos() + " " + step.loss() + " " + step.gradientNorm());
        }
        out.flush();
      }
    }
  }

  /// The default configuration with these settings.
  public static RunConfig config(List<String> settings) {
    return new ConfigReader(NormTypes.all()).read("the settings", "", Assignment.parse(settings));
  }
}

package norma.train.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import norma.train.doctor.StepProcess.Start;
import norma.train.doctor.StepTrials.Trial;
import norma.train.run.StepTimer;
import org.junit.jupiter.api.Test;

class StepTrialsTest {

  /// Says that a step takes the property's milliseconds, divided by the number of threads; ends at 0 milliseconds.
  static final class Program {
    private Program() {}

    public static void main(String[] arguments) throws IOException {
      double millis = Double.parseDouble(System.getProperty("millis", System.getenv().getOrDefault("MILLIS", "0")));
      System.out.println("a warning of the JVM");
      BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = requests.readLine(); line != null && millis > 0; line = requests.readLine()) {
        double step = millis / Integer.parseInt(line);
        System.out.println(Doctor.answer(List.of(step, step, 100 * step)));
      }
    }
  }

  @Test
  void eachWayIsMeasuredInItsOwnJvm() throws Exception {
    List<String> progress = new ArrayList<>();
    try (StepTrials trials = new StepTrials(Program.class.getName(), 1)) {
      Start slow = new Start(List.of("-Dmillis=12"), Map.of());
      Trial one = trials.add(slow, 1);
      Trial three = trials.add(slow, 3);
      Trial fast = trials.add(new Start(List.of(), Map.of("MILLIS", "6")), 1);
      Trial broken = trials.add(new Start(List.of(), Map.of()), 1);
      trials.run(progress::add);
      assertThat(trials.jvms()).isEqualTo(3);
      assertThat(trials.millis(one)).hasValueSatisfying(
          rounds -> assertThat(rounds).hasSize(StepTimer.ROUNDS).containsOnly(12.0));
      assertThat(trials.speedup(one, three)).contains(new Speedup(3, 3, 3, StepTimer.ROUNDS));
      assertThat(trials.speedup(fast, one)).contains(new Speedup(0.5, 0.5, 0.5, StepTimer.ROUNDS));
      assertThat(trials.millis(broken)).isEmpty();
      assertThat(trials.speedup(one, broken)).isEmpty();
    }
    assertThat(progress).contains("measuring steps: starting JVM 2 of 3", "measuring steps: round 6 of 6");
  }
}

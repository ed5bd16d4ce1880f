package norma.train.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import norma.train.config.RunConfig;
import norma.train.doctor.Doctor;
import norma.train.run.StepTimer;
import norma.train.run.StepTimer.Effort;

/// The process that `norma doctor` measures steps in: reads numbers of threads, a line each, and answers each with the
/// milliseconds of some steps of the default run.
final class StepMeasurement {
  /// Steps are at full speed after 60 to 100 (2026-11-25); what is left of the warm-up meets all processes alike.
  private static final Effort FIRST = new Effort(100, 8, TimeUnit.MILLISECONDS.toNanos(2500));
  private static final Effort LATER = new Effort(3, 8, TimeUnit.MILLISECONDS.toNanos(400));

  private StepMeasurement() {}

  /// Ends with its input.
  public static void main(String[] arguments) throws IOException {
    Effort effort = FIRST;
    try (BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = requests.readLine(); line != null; line = requests.readLine()) {
        List<Double> millis = StepTimer.millis(RunConfig.DEFAULT, Integer.parseInt(line), effort);
        System.out.println(Doctor.answer(millis));
        effort = LATER;
      }
    }
    System.exit(0);
  }
}

package norma.train.study;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import norma.train.config.RunConfig;
import norma.train.files.Json;
import norma.train.files.ProcessLock;
import norma.train.run.RunException;
import norma.train.run.StepTimer;
import norma.train.study.Study.Candidate;

/// Turns a budget of seconds into steps. A training step of every variant is measured once and kept in the study's folder; all processes
/// and all later starts read it there, so that a run has the same steps, and with them the same name, for all.
public interface Calibration {
  /// Milliseconds of each candidate's step; without those that are not known if this only reads.
  Map<Candidate, Double> stepMillis(Study study) throws IOException;

  /// Makes a calibration that only reads. A study that was never measured keeps the steps of its base: none of its runs has begun.
  ///
  /// @param studies folder of the studies' folders
  static Calibration known(Path studies) {
    return study -> StepTimes.read(studies.resolve(study.name())).of(study);
  }

  /// Makes a calibration that only reads, and refuses a study that was not measured: a run must have the same steps on whichever machine.
  ///
  /// @param studies folder of the studies' folders
  static Calibration complete(Path studies) {
    return study -> {
      Path folder = studies.resolve(study.name());
      StepTimes known = StepTimes.read(folder);
      if (!known.missing(study).isEmpty()) {
        throw new RunException("the budget of " + study.name() + " is in seconds, and "
            + folder.resolve(StepTimes.FILE) + " has not the steps of all variants; norma study with --plan "
            + "measures them, on a machine like those that will train");
      }
      return known.of(study);
    };
  }

  /// Median milliseconds of a step of each configuration.
  interface Timer {
    double[] medians(List<RunConfig> configs, int threads);
  }

  /// A calibration that measures the times that are not known yet.
  ///
  /// @param studies folder of the studies' folders
  /// @param jobs    processes that will work at once; the cores are divided among them
  /// @param notes   hears, in one line each, that something is measured, or that it was under other circumstances
  /// @param timer   measures
  record Measuring(Path studies, int jobs, Consumer<String> notes, Timer timer) implements Calibration {
    private static final long WAIT_MILLIS = 200;

    /// Measures real steps.
    public Measuring(Path studies, int jobs, Consumer<String> notes) {
      this(studies, jobs, notes, StepTimer::medians);
    }

    @Override
    public Map<Candidate, Double> stepMillis(Study study) throws IOException {
      StudyFolder folder = new StudyFolder(study, studies.resolve(study.name()));
      int threads = StudyWorker.threadsOfEach(jobs, study);
      while (true) {
        StepTimes known = StepTimes.read(folder.path());
        if (known.missing(study).isEmpty()) {
          compare(known, threads, folder);
          return known.of(study);
        }
        try (ProcessLock lock = folder.lock("calibration")) {
          if (lock != null) { // others wait, and leave the machine in peace
            measure(folder, threads);
          } else {
            pause();
          }
        }
      }
    }

    /// Adds what the file lacks. What it has stays: runs may have been made by it.
    private void measure(StudyFolder folder, int threads) throws IOException {
      StepTimes known = StepTimes.read(folder.path());
      Map<String, Candidate> missing = known.missing(folder.study());
      if (missing.isEmpty()) {
        return; // measured between our look and the lock
      }
      Path file = folder.path().resolve(StepTimes.FILE);
      Map<String, String> here = StudyWorker.machine();
      if (!known.steps().isEmpty() && !known.fingerprint().equals(here)) {
        throw new RunException(file + " was measured on another machine or build, and " + missing.size()
            + " new variants cannot be measured like the others here; delete it to measure all again, which repeats all runs");
      }
      int each = known.steps().isEmpty() ? threads : known.threads();
      try (UntrainableVariants untrainable = new UntrainableVariants(new StepCost(), each)) {
        missing.values().forEach(candidate -> untrainable.check(name(folder.study(), candidate), candidate));
        untrainable.refuse(folder.study().variants().size());
      }
      notes.accept("measuring a training step of " + missing.size() + (missing.size() == 1 ? " variant" : " variants")
          + ", once; " + file + " keeps it");
      double[] medians = timer.medians(missing.values().stream().map(Candidate::config).toList(), each);
      List<StepTimes.Step> steps = new ArrayList<>(known.steps());
      missing.forEach((id, candidate) -> steps
          .add(new StepTimes.Step(id, name(folder.study(), candidate), medians[steps.size() - known.steps().size()])));
      folder.writeWhole(file, Json.text(new StepTimes(each, here, steps)));
    }

    private static String name(Study study, Candidate candidate) {
      return study.variants().stream().filter(variant -> variant.candidates().contains(candidate)).findFirst()
          .map(Study.Variant::name).orElseThrow();
    }

    private void compare(StepTimes known, int threads, StudyFolder folder) {
      boolean auto = folder.study().variants().getFirst().candidates().getFirst().config().runtime().threads()
          .isEmpty();
      String difference = !known.fingerprint().equals(StudyWorker.machine())
          ? "on another machine or build"
          : auto && known.threads() != threads
              ? "with " + known.threads() + " threads a run, not " + threads
              : "";
      if (!difference.isEmpty()) {
        notes.accept(
            "steps stay as they were measured, " + difference + "; to measure again, which repeats all runs, delete "
                + folder.path().resolve(StepTimes.FILE));
      }
    }

    @SuppressWarnings("ThreadSleepMillis")
    private static void pause() {
      try {
        Thread.sleep(WAIT_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new RunException("interrupted while another process measured the steps", e);
      }
    }
  }
}

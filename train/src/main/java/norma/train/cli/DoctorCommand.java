package norma.train.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.train.config.RunConfig;
import norma.train.doctor.BusyProcessors;
import norma.train.doctor.Finding;
import norma.train.doctor.Finding.Advice;
import norma.train.doctor.Gpu;
import norma.train.doctor.JvmSettings;
import norma.train.doctor.MemoryPressure;
import norma.train.run.Environment;
import norma.train.run.Machine;
import norma.train.profile.Peaks;
import norma.train.run.Session;
import norma.train.run.RunException;
import picocli.CommandLine.Command;

/// `norma doctor`.
@Command(name = "doctor", mixinStandardHelpOptions = true, description = "Shows what a run on this machine uses, why, and what would be faster.")
final class DoctorCommand implements Callable<Integer> {
  private static final int WIDTH = 100;
  private static final int LABEL = 9;

  private final Console console = new Console();
  private final int processors = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() throws IOException, InterruptedException {
    console.text(console.bold("norma " + Environment.version() + " (" + Environment.commit() + ")"));
    show("JDK", Environment.jdk());
    show("", "in " + System.getProperty("java.home"));
    show("start", Machine.classCache());
    show("CPU", Machine.cpu() + ", " + processors + " cores");
    show("memory", Machine.memory());
    show("vectors", Machine.vectors());
    show("products", Machine.products());
    JvmSettings settings = JvmSettings.current(ManagementFactory.getRuntimeMXBean().getInputArguments());
    List<Finding> findings = new ArrayList<>(BusyProcessors.measure(processors).findings()); // before the compilers work
    findings.addAll(List.of(MemoryPressure.current().finding(), JvmSettings.jdk(Runtime.version()), settings.flags()));
    backend();
    show(Gpu.finding());
    show("norms", String.join(", ", NormTypes.all().stream().map(NormType::name).toList()));
    show("threads", "runtime.threads: auto is " + processors + ", one for each processor that the JVM sees;"
        + " norma profile configs/profiles/scaling.yaml measures others");
    findings.forEach(this::show);
    List<Advice> advice = findings.stream().flatMap(finding -> finding.advice().stream()).toList();
    advice.forEach(one -> show("advice", one.sentence()));
    if (advice.isEmpty()) {
      show("advice", "nothing found that would make a run faster");
      show("", "looked at: busy processors, quota, clock, memory, JDK, JVM options");
    }
    return 0;
  }

  /// What the default configuration computes with, and how fast that is at best.
  private void backend() {
    try (Session session = Session.start(RunConfig.DEFAULT, false)) {
      show("backend", session.backend().description());
      show("", session.backendReason());
      if (session.backend().deviceBytes().isEmpty()) {
        show("native", Machine.nativeBuild());
      }
      show("peaks", Peaks.measure(session).text());
    } catch (RunException e) { // an installation for GPUs, without one
      show("backend", "none: " + e.getMessage());
    }
  }

  private void show(Finding finding) {
    String label = finding.label();
    for (String fact : finding.facts()) {
      show(label, fact);
      label = "";
    }
  }

  /// Text beside its label, in lines that fit.
  private void show(String label, String text) {
    StringBuilder line = new StringBuilder(String.format(Locale.ROOT, "%-" + LABEL + "s", label));
    int words = 0;
    for (String word : text.split(" ", -1)) {
      if (words > 0 && line.length() + 1 + word.length() > WIDTH) {
        console.text(line.toString());
        line = new StringBuilder(" ".repeat(LABEL));
        words = 0;
      }
      line.append(words > 0 ? " " : "").append(word);
      words++;
    }
    console.text(line.toString());
  }
}

package norma.train.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import norma.train.config.Assignment;
import norma.train.files.Errors;
import norma.train.files.ShellText;
import norma.train.profile.Profile;
import norma.train.profile.ProfileAdvice;
import norma.train.profile.ProfileFolder;
import norma.train.profile.ProfilePlan;
import norma.train.profile.ProfileReader;
import norma.train.profile.ProfileText;
import norma.train.profile.Profiler;
import norma.train.run.Environment;
import norma.train.run.Machine;
import norma.train.run.RunException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `norma profile`.
@Command(name = "profile", mixinStandardHelpOptions = true, description = "Shows where the time of a training step goes, layer by layer, and how far that is from what the machine can do.", customSynopsis = "norma profile [CONFIG] [key=value ...] [--steps N]", footer = {
    "",
    "CONFIG is a run's configuration (default: configs/char-cpu.yaml), or a file with cases to compare",
    "or settings to sweep:",
    "  norma profile configs/profiles/norms.yaml     all normalization types side by side",
    "  norma profile configs/profiles/scaling.yaml   sizes and threads against the FLOP model",
    "Nothing is trained: the learning rate is 0. Results go to profiles/NAME-TIME: report.html,",
    "profile.json, layers.csv, and trace.json for ui.perfetto.dev." })
final class ProfileCommand implements Callable<Integer> {
  private static final Path PROFILES = Path.of("profiles");

  @Parameters(paramLabel = "CONFIG | key=value", arity = "0..*", description = "A YAML file, and settings that change all cases.")
  private List<String> arguments = new ArrayList<>();

  @Option(names = "--steps", paramLabel = "N", description = "Measured steps of each case, watched and as many not; fewer where they take more than a minute, but at least three in each round. A single case has one round, several have 6 to 20. Default: 60, or what the file says.")
  private @Nullable Integer steps;

  private static final long PLAIN_NANOS = 20_000_000_000L;

  private final Console console = new Console();
  private long lastShown = System.nanoTime();

  @Override
  public Integer call() {
    Words words = Words.of(arguments);
    List<String> files = words.files();
    if (files.size() > 1) {
      throw new IllegalArgumentException("expected one configuration file, got " + String.join(" and ", files));
    }
    List<Assignment> settings = Assignment.parse(words.settings());
    ProfilePlan read = ProfileReader.read(Words.find(files.isEmpty() ? Words.DEFAULT : files.getFirst()), settings);
    ProfilePlan plan = steps == null ? read : read.withSteps(steps);
    try (console) {
      ProfileFolder.probe(PROFILES);
      profile(plan);
      console.line("time     %.1f s since the process began", ManagementFactory.getRuntimeMXBean().getUptime() / 1e3);
      return 0;
    } catch (IOException e) {
      throw new RunException("cannot write to " + PROFILES.toAbsolutePath() + ": " + Errors.line(e)
          + "; make room, or call norma in a folder that can be written to", e);
    }
  }

  private void profile(ProfilePlan plan) throws IOException {
    LocalDateTime begun = LocalDateTime.now(ZoneId.systemDefault());
    Map<String, String> facts = facts();
    List<Profile> profiles = measure(plan);
    ProfileFolder folder;
    try {
      folder = ProfileFolder.create(PROFILES, plan.name(), begun);
      folder.write(plan, profiles, facts);
    } finally {
      show(plan, profiles); // measures on, for its advice
    }
    console.text("");
    console.line("output   %s: report.html, profile.json, layers.csv, trace.json (ui.perfetto.dev)", folder.path());
  }

  private List<Profile> measure(ProfilePlan plan) {
    console.text(console.bold("norma profile " + plan.title()));
    if (!plan.note().isEmpty()) {
      console.text(plan.note());
    }
    console.line("machine  %s, %d cores%s", Machine.cpu(), Runtime.getRuntime().availableProcessors(),
        plan.cases().size() == 1 ? "" : "; measuring " + plan.cases().size() + " cases in turn");
    return new Profiler(plan, this::progress).measure();
  }

  /// In a pipe a line now and then.
  private void progress(String text) {
    console.status(text);
    if (!console.terminal() && System.nanoTime() - lastShown > PLAIN_NANOS) {
      console.text("         " + text);
      lastShown = System.nanoTime();
    }
  }

  private void show(ProfilePlan plan, List<Profile> profiles) {
    console.line("backend  %s", profiles.getFirst().backend());
    if (plan.compares()) {
      ProfileText.comparison(profiles).forEach(console::text);
    } else if (!plan.sweeps().isEmpty()) {
      ProfileText.scaling(plan, profiles).forEach(console::text);
    } else {
      ProfileText.lines(profiles.getFirst()).forEach(console::text);
      ProfileAdvice.threads(profiles.getFirst()).forEach(console::text);
    }
  }

  private Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("command", "norma profile" + ShellText.of(arguments) + (steps == null ? "" : " --steps " + steps));
    facts.put("date", LocalDateTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS).toString());
    facts.put("norma", Environment.version() + " (" + Environment.commit() + ")");
    facts.put("jdk", Environment.jdk());
    facts.put("cpu", Machine.cpu());
    facts.put("cores", Integer.toString(Runtime.getRuntime().availableProcessors()));
    facts.put("load",
        String.format(Locale.ROOT, "%.2f", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage()));
    return facts;
  }
}

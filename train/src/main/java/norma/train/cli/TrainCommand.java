package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import norma.nn.NormTypes;
import norma.optim.Schedule;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.files.ShellText;
import norma.train.report.Decimals;
import norma.train.run.Resumption;
import norma.train.run.SavedRun;
import norma.train.run.Session;
import norma.train.run.TrainObserver;
import norma.train.run.Trainer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `norma train`.
@Command(name = "train", mixinStandardHelpOptions = true, sortOptions = false, description = "Trains a model, from the start or from a trained run's weights, or goes on with a run that was stopped or killed.", customSynopsis = {
    "norma train [CONFIG] [key=value ...] [--plan]",
    "norma train --init-from RUN [--checkpoint WHICH] [CONFIG] [key=value ...] [--plan]",
    "norma train --resume RUN [--checkpoint WHICH] [key=value ...] [--plan]" }, footer = {
        "", "Without CONFIG: configs/char-cpu.yaml, nanoGPT's CPU settings on the built-in corpus.",
        "Any key of the configuration can be set: model.norm.all=dyt optim.lr=3e-4 train.steps=500",
        "Press Ctrl-C to stop after the current step with a checkpoint, once more to stop at once.",
        "A resumed run has the same losses, digit for digit, as one that was never stopped. It may be longer",
        "(train.steps=4000) and be watched differently (train.eval_every, train.checkpoint_every, ...).",
        "A run with --init-from is a new one, by default with the settings of RUN, whose weights it takes by name:",
        "with another optim.lr, another text, other norms. The optimizer starts at zero." })
final class TrainCommand implements Callable<Integer> {
  /// Several seeds, `1..8` or `1,2,3`.
  private static final Pattern SEEDS = Pattern
      .compile("train\\.seeds?=\\[?(?:([0-9]{1,4})\\.\\.([0-9]{1,4})|([0-9]+(?:, *[0-9]+)+))]?");

  @Spec
  private CommandSpec spec;

  @ParentCommand
  private Main main;

  @Parameters(paramLabel = "CONFIG | key=value", arity = "0..*", description = "A YAML file, and settings that change it.")
  private List<String> arguments = new ArrayList<>();

  @Option(names = "--resume", paramLabel = "RUN", description = RunArgument.RUN + " Goes on from there.")
  private @Nullable Path resume;

  @Option(names = "--init-from", paramLabel = "RUN", description = RunArgument.RUN
      + " Sets train.init_from: a new run begins with those weights.")
  private @Nullable Path initFrom;

  @Option(names = "--checkpoint", paramLabel = "WHICH", description = "With --resume or --init-from: "
      + RunArgument.CHECKPOINT + " A resumed run's later ones are set aside, not deleted.")
  private @Nullable String checkpoint;

  @Option(names = "--plan", description = "Shows what would be trained, how long it would take and the memory that it needs, and stops.")
  private boolean plan;

  @Option(names = { "-v",
      "--verbose" }, description = "Shows every setting and what each layer costs. The run's folder has it in start.txt.")
  private boolean verbose;

  @Option(names = "--watch", description = "Shows the run in a browser while it trains: prints the address.")
  private boolean watch;

  @Mixin
  private Sharing sharing = new Sharing();

  @Option(names = { "-q",
      "--quiet" }, description = "Shows the run's folder at the end, warnings and errors, nothing else.")
  private boolean quiet;

  private final Console console = new Console();

  @Override
  public Integer call() throws IOException {
    Words words = Words.of(arguments);
    List<String> files = words.files();
    if (files.size() > (resume == null ? 1 : 0)) {
      throw new ParameterException(spec.commandLine(), resume == null
          ? "expected one configuration file, got " + String.join(" and ", files)
          : "expected no configuration file with --resume, got " + String.join(" and ", files) + ": a run has its own");
    }
    if (resume != null ? initFrom != null : initFrom == null && checkpoint != null) {
      throw new ParameterException(spec.commandLine(), resume == null
          ? "--checkpoint goes with --resume RUN or --init-from RUN"
          : "--init-from begins a new run, --resume goes on with one; expected one of them");
    }
    if (quiet && watch) {
      throw new ParameterException(spec.commandLine(),
          "--watch prints an address, --quiet does not; expected one of them");
    }
    List<String> settings = words.settings();
    String reason = resume == null
        ? initFrom == null
            ? start(files.isEmpty() ? Words.DEFAULT : files.getFirst(), settings)
            : fineTune(initFrom, files, settings)
        : resume(SavedRun.of(StoredWork.run(resume), checkpoint), settings);
    return reason.equals("interrupted") ? Main.INTERRUPTED : 0;
  }

  private String start(String name, List<String> settings) throws IOException {
    refuseSeveralSeeds(name, settings);
    Path file = Words.find(name);
    RunConfig config = new ConfigReader(NormTypes.all()).read(file, Assignment.parse(settings));
    StartBlock block = new StartBlock(file, settings);
    try (console;
        StopSignal stop = new StopSignal(main);
        Session session = Session.start(config, main.debug())) {
      warnOfFloor(config, settings);
      if (plan) {
        TrainPlan.show(session, 0, block, verbose, console);
        return "planned";
      }
      try (Sharing.Open shared = sharing.open(session, this::team)) {
        return new Trainer(session, shared.team(), observer(block, -1), stop.flag()).run().reason();
      }
    }
  }

  /// A new run with the weights of another and, where no file has settings, its own, but for the place.
  private String fineTune(Path run, List<String> files, List<String> settings) throws IOException {
    SavedRun saved = SavedRun.of(StoredWork.run(run), checkpoint);
    List<String> all = new ArrayList<>();
    if (files.isEmpty()) {
      all.add(Assignment.text("output.dir", RunConfig.DEFAULT.output().dir()));
    }
    all.add(Assignment.text("train.init_from", saved.checkpoint().folder().toAbsolutePath().normalize().toString()));
    all.addAll(settings);
    return start(files.isEmpty() ? saved.folder().configFile().toString() : files.getFirst(), all);
  }

  private String resume(SavedRun run, List<String> settings) throws IOException {
    try (console;
        StopSignal stop = new StopSignal(main);
        Resumption resumption = Resumption.open(run, Assignment.parse(settings))) {
      if (resumption.isDone()) {
        if (quiet) {
          console.text(run.folder().path().toString());
        } else {
          console.line("nothing to do: %s is complete with %,d steps; train.steps=%d would go on", run.folder().path(),
              resumption.step(), 2L * resumption.step());
        }
        return "completed";
      }
      try (Session session = resumption.session(main.debug())) {
        warnOfFloor(session.config(), settings);
        StartBlock block = new StartBlock(run.folder().path(), settings);
        if (plan) {
          TrainPlan.show(session, resumption.step(), block, verbose, console);
          return "planned";
        }
        try (Sharing.Open shared = sharing.open(session, this::team)) {
          return new Trainer(session, resumption, shared.team(), observer(block, resumption.step()), stop.flag()).run()
              .reason();
        }
      }
    }
  }

  private void team(String news) {
    if (!quiet) {
      console.line("team     %s", news);
    }
  }

  private TrainObserver observer(StartBlock block, int resumedAt) {
    return quiet ? new QuietProgress(console) : new TrainProgress(console, block, verbose, watch, resumedAt);
  }

  /// Where a run is longer than its schedule, the rest teaches little. A run that is made longer is warned, since the remedy is a new one.
  private void warnOfFloor(RunConfig config, List<String> settings) {
    RunConfig.Optim optim = config.optim();
    if (optim.schedule() == Schedule.Shape.CONSTANT || config.train().steps() <= optim.decaySteps()) {
      return;
    }
    String floor = String.format(Locale.ROOT, "from step %d on the learning rate stays at its minimum, %s",
        optim.decaySteps(), Decimals.setting(optim.minLr()));
    String remedy = "optim.decay_steps=" + config.train().steps() + " spreads its decay over all steps";
    if (resume == null && !quiet) {
      console.line("note     %s;", floor);
      console.line("         %s", remedy);
    } else if (resume != null && settings.stream().anyMatch(setting -> setting.startsWith("train.steps="))) {
      console.warn(floor + "; in a new run " + remedy);
    }
  }

  /// @throws IllegalArgumentException with the study that trains them, where there are several
  private static void refuseSeveralSeeds(String file, List<String> settings) {
    for (String setting : settings) {
      Matcher several = SEEDS.matcher(setting);
      if (several.matches()) {
        String others = ShellText.of(settings.stream().filter(other -> !other.equals(setting)).toList());
        String seeds = several.group(3) != null
            ? several.group(3)
            : IntStream.rangeClosed(Integer.parseInt(several.group(1)), Integer.parseInt(several.group(2)))
                .mapToObj(String::valueOf).collect(Collectors.joining(", "));
        String study = "{base: \"" + Words.find(file) + "\", variants: {run: {}}, seeds: [" + seeds + "]}";
        throw new IllegalArgumentException(
            setting + " is several runs, and this is one; they are a study of one variant: "
                + "echo " + ShellText.of(study) + " > seeds.yaml && " + ShellText.norma() + " study seeds.yaml"
                + others);
      }
    }
  }
}

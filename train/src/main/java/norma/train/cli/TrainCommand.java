package norma.train.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.metrics.Event;
import norma.train.run.Resumption;
import norma.train.run.SavedRun;
import norma.train.run.Session;
import norma.train.run.Trainer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `norma train`.
@Command(name = "train", mixinStandardHelpOptions = true, sortOptions = false, description = "Trains a model, or goes on with a run that was stopped or killed.", customSynopsis = {
    "norma train [CONFIG] [key=value ...]",
    "norma train --resume RUN [--checkpoint WHICH] [key=value ...]" }, footer = {
        "", "Without CONFIG: configs/char-cpu.yaml, nanoGPT's CPU settings on the built-in corpus.",
        "Any key of the configuration can be set: model.norm.all=dyt optim.lr=3e-4 train.steps=500",
        "Press Ctrl-C to stop after the current step with a checkpoint, once more to stop at once.",
        "A resumed run has the same losses, digit for digit, as one that was never stopped. It may be longer",
        "(train.steps=4000) and be watched differently (train.eval_every, train.checkpoint_every, ...)." })
final class TrainCommand implements Callable<Integer> {
  private static final String DEFAULT = "configs/char-cpu.yaml";

  @Spec
  private CommandSpec spec;

  @ParentCommand
  private Main main;

  @Parameters(paramLabel = "CONFIG | key=value", arity = "0..*", description = "A YAML file, and settings that change it.")
  private List<String> arguments = new ArrayList<>();

  @Option(names = "--resume", paramLabel = "RUN", description = RunArgument.RUN + " Goes on from there.")
  private @Nullable Path resume;

  @Option(names = "--checkpoint", paramLabel = "WHICH", description = "With --resume: " + RunArgument.CHECKPOINT
      + " Later ones are set aside, not deleted.")
  private @Nullable String checkpoint;

  @Override
  public Integer call() {
    Words words = Words.of(arguments);
    List<String> files = words.files();
    if (files.size() > (resume == null ? 1 : 0)) {
      throw new ParameterException(spec.commandLine(), resume == null
          ? "expected one configuration file, got " + String.join(" and ", files)
          : "expected no configuration file with --resume, got " + String.join(" and ", files) + ": a run has its own");
    }
    if (resume == null && checkpoint != null) {
      throw new ParameterException(spec.commandLine(), "--checkpoint goes with --resume RUN");
    }
    List<String> settings = words.settings();
    Event.End end = resume == null
        ? start(Words.find(files.isEmpty() ? DEFAULT : files.getFirst()), settings)
        : resume(SavedRun.of(StoredWork.run(resume), checkpoint), settings);
    return end.reason().equals("interrupted") ? Main.INTERRUPTED : 0;
  }

  private Event.End start(Path file, List<String> settings) {
    RunConfig config = new ConfigReader(NormTypes.all()).read(file, Assignment.parse(settings));
    try (StopSignal stop = new StopSignal(main); Session session = Session.start(config, Path.of(""), main.debug())) {
      return new Trainer(session, new TrainProgress(new Console(), file, settings, -1), stop.flag()).run();
    }
  }

  private Event.End resume(SavedRun run, List<String> settings) {
    try (StopSignal stop = new StopSignal(main);
        Resumption resumption = Resumption.open(run, Assignment.parse(settings));
        Session session = resumption.session(main.debug())) {
      TrainProgress progress = new TrainProgress(new Console(), run.folder().path(), settings, resumption.step());
      return new Trainer(session, resumption, progress, stop.flag()).run();
    }
  }
}

package norma.train.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.report.Event;
import norma.train.run.Session;
import norma.train.run.Trainer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `norma train`.
@Command(name = "train", mixinStandardHelpOptions = true, description = "Trains a model.", customSynopsis = "norma train [CONFIG] [key=value ...]", footer = {
    "", "Without CONFIG: configs/char-cpu.yaml, nanoGPT's CPU settings on the built-in corpus.",
    "Any key of the configuration can be set: model.norm.all=dyt optim.lr=3e-4 train.steps=500",
    "Press Ctrl-C to stop after the current step with a checkpoint." })
final class TrainCommand implements Callable<Integer> {
  private static final String DEFAULT = "configs/char-cpu.yaml";

  @Spec
  private CommandSpec spec;

  @ParentCommand
  private Main main;

  @Parameters(paramLabel = "CONFIG | key=value", arity = "0..*", description = "A YAML file, and settings that change it.")
  private List<String> arguments = new ArrayList<>();

  @Override
  public Integer call() {
    List<String> files = arguments.stream().filter(argument -> argument.indexOf('=') < 0).toList();
    if (files.size() > 1) {
      throw new ParameterException(spec.commandLine(),
          "expected one configuration file, got " + String.join(" and ", files));
    }
    List<String> settings = arguments.stream().filter(argument -> argument.indexOf('=') >= 0).toList();
    List<Assignment> assignments = Assignment.parse(settings);
    Path file = find(files.isEmpty() ? DEFAULT : files.getFirst());
    ConfigReader reader = new ConfigReader(NormTypes.all());
    RunConfig config = reader.read(file, assignments);
    try (StopSignal stop = new StopSignal(main); Session session = Session.start(config, Path.of(""), main.debug())) {
      Console console = new Console();
      Event.End end = new Trainer(session, new TrainProgress(console, file, settings), stop.flag()).run();
      return end.reason().equals("interrupted") ? Main.INTERRUPTED : 0;
    }
  }

  /// A file below the working directory, or one that Norma brings.
  static Path find(String name) {
    Path home = Path.of(System.getProperty("norma.home", "."));
    Path here = Path.of(name);
    return Files.exists(here) || here.isAbsolute() || !Files.exists(home.resolve(name)) ? here : home.resolve(name);
  }

}

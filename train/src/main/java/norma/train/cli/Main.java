package norma.train.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.ServiceConfigurationError;
import java.util.concurrent.CompletableFuture;
import norma.kernels.cuda.CudaException;
import norma.train.config.ConfigException;
import norma.train.config.ConfigKey;
import norma.train.data.DataException;
import norma.train.files.Errors;
import norma.train.files.HomeFolder;
import norma.train.files.Printable;
import norma.train.run.DivergedException;
import norma.train.run.Environment;
import norma.train.run.RunException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/// `norma`: maps commands to code, and errors to one line and an exit code.
@Command(name = "norma", mixinStandardHelpOptions = true, versionProvider = Main.Version.class, description = "Trains small Transformers in which every normalization slot is a line of configuration.", subcommands = {
    TrainCommand.class, JoinCommand.class, EvalCommand.class, SampleCommand.class, StudyCommand.class,
    InspectCommand.class,
    CompareCommand.class,
    ProfileCommand.class, ReportCommand.class, ExportCommand.class, ImportCommand.class, WatchCommand.class,
    LsCommand.class,
    RmCommand.class, NormsCommand.class,
    ConfigCommand.class,
    DoctorCommand.class, CompletionCommand.class }, footer = { "", "Examples:",
        "  norma train                                   the default run on the built-in corpus",
        "  norma train model.norm.all=dyisru             the same with another normalization",
        "  norma train configs/char-gpu.yaml train.batch=16 data.corpus=my.txt",
        "  norma sample runs/char-cpu-20260101-120000 --prompt \"Once \" --tokens 300",
        "",
        "Exit codes: 0 done, 1 an error inside of Norma, 2 wrong usage or configuration,",
        "3 data or file trouble, 4 diverged, 130 interrupted, 137 interrupted again, at once." })
public final class Main implements Runnable {
  /// What was asked for is wrong: a word of the command, or a configuration, also one that is not there.
  static final int USAGE = 2;
  /// A text, a run or another file is not there, is damaged, or cannot be written.
  static final int FILES = 3;
  static final int DIVERGED = 4;
  static final int INTERRUPTED = 130;
  static final int KILLED = 137; // as a shell says of SIGKILL

  @Spec
  private CommandSpec spec;

  private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();

  @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Show stack traces, and poison freed memory.")
  private boolean debug;

  /// Runs the command line and exits with its code.
  public static void main(String[] args) {
    Locale.setDefault(Locale.ROOT); // our own code names it everywhere, libraries do not
    StandardOutput out = new StandardOutput(new FileOutputStream(FileDescriptor.out));
    System.setOut(out.printer(System.out.charset()));
    System.exit(delivered(run(args), out));
  }

  /// The exit code, or [#FILES] where all went well but what was printed got lost.
  static int delivered(int code, StandardOutput out) {
    System.out.flush();
    String trouble = out.trouble();
    if (code != 0 || trouble == null) {
      return code;
    }
    System.err.println("norma: " + trouble);
    return FILES;
  }

  /// Runs the command line.
  ///
  /// @return the exit code
  static int run(String... args) {
    Main main = new Main();
    int code = 1;
    try {
      code = main.execute(args);
    } finally {
      main.exitCode.complete(code);
    }
    return code;
  }

  private int execute(String... args) {
    CommandLine line = new CommandLine(this);
    line.setParameterExceptionHandler(Main::wrongUsage);
    line.setExecutionExceptionHandler((e, command, parsed) -> failed(e));
    line.setUsageHelpWidth(100);
    line.setExpandAtFiles(false); // a prompt may begin with that sign
    line.getSubcommands().values().forEach(command -> command.getCommandSpec().versionProvider(new Version()));
    line.registerConverter(Path.class, path -> Path.of(HomeFolder.resolve(path)));
    try {
      return line.execute(args);
    } catch (Error e) { // picocli hands on exceptions alone
      return failed(e);
    }
  }

  boolean debug() {
    return debug;
  }

  /// The exit code, once everything is written and any error has been shown.
  CompletableFuture<Integer> exitCode() {
    return exitCode;
  }

  @Override
  public void run() {
    spec.commandLine().usage(System.out);
  }

  /// Says in a line what is wrong with the words of a command.
  ///
  /// @return the exit code
  public static int wrongUsage(ParameterException e, String[] args) {
    CommandSpec command = e.getCommandLine().getCommandSpec();
    String message = Errors.line(e);
    String hint = "";
    if (e instanceof UnmatchedArgumentException unmatched) {
      List<String> near = unmatched.getSuggestions();
      hint = near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
      String name = unmatched.getUnmatched().getFirst().replaceFirst("^-+", "").replace('-', '_');
      hint = ConfigKey.all().filter(key -> key.name().equals(name)).findFirst()
          .map(key -> "; a setting is written " + key.path() + "=VALUE").orElse(hint);
    }
    System.err.println(command.root().name() + ": " + Printable.line(message + hint) + "; see "
        + command.qualifiedName() + " --help");
    return USAGE;
  }

  private int failed(Throwable thrown) {
    if (debug) {
      thrown.printStackTrace();
    }
    return said("norma", thrown).orElseGet(() -> {
      System.err.println("norma: internal error: " + thrown.getClass().getSimpleName()
          + (thrown.getMessage() == null ? "" : ": " + Printable.line(Errors.line(thrown)))
          + (debug ? "" : "; --debug shows where"));
      return 1;
    });
  }

  /// Says an error in a line, or in several where several settings are wrong; nothing of one inside of the program.
  ///
  /// @param program its name
  /// @return the exit code; nothing for an error inside of the program
  public static OptionalInt said(String program, Throwable thrown) {
    Throwable e = tooLarge(thrown)
        ? new RunException("out of memory: " + thrown.getMessage()
            + "; train.batch, model.context or model.width lower what a step needs", thrown)
        : thrown instanceof ServiceConfigurationError || thrown instanceof UnsupportedClassVersionError
            ? new RunException("NORMA_CLASSPATH: " + Errors.line(thrown)
                + "; expected jars with norms, compiled for this version of Java", thrown)
            : thrown;
    int code = switch (e) {
      case ConfigException _,IllegalArgumentException _ -> USAGE;
      case DataException _,RunException _,CudaException _ -> FILES;
      case IOException _,UncheckedIOException _,ReadOnlyFileSystemException _ -> FILES;
      case DivergedException _ -> DIVERGED;
      default -> 1;
    };
    if (code == 1) {
      return OptionalInt.empty();
    }
    String message = e instanceof ConfigException
        ? String.valueOf(e.getMessage()) // a line for each thing that is wrong
        : Errors.line(e);
    message.lines().forEach(line -> System.err.println(program + ": " + Printable.line(line)));
    return OptionalInt.of(code);
  }

  /// Java has no memory, ND4J has none (`std::bad_alloc`), or an array has more elements than an int can count
  /// (`Math.toIntExact`), or more bytes than a long can (`Math.multiplyExact`).
  private static boolean tooLarge(Throwable e) {
    String message = String.valueOf(e.getMessage());
    return e instanceof OutOfMemoryError || message.contains("std::bad_alloc")
        || (e instanceof ArithmeticException
            && (message.equals("integer overflow") || message.equals("long overflow")));
  }

  /// For `--version`.
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      return new String[]{ "norma " + Environment.version() + " (" + Environment.commit() + ")" };
    }
  }
}

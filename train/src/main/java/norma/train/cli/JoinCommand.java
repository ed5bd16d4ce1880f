package norma.train.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import norma.train.config.Assignment;
import norma.train.team.Joined;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `norma join`.
@Command(name = "join", mixinStandardHelpOptions = true, sortOptions = false, description = "Computes parts of the steps of a run that norma train --share has started, on this machine or another.", customSynopsis = "norma join ADDRESS:PORT [data.corpus=FILE] [runtime.threads=N]", footer = {
    "", "It may join and leave at any time: losses and weights stay the same, digit for digit.",
    "Everything else is the run's: here are no files. NORMA_SECRET must be the same here and there.",
    "Weights and gradients go over the network in clear, at every step." })
final class JoinCommand implements Callable<Integer> {
  @ParentCommand
  private Main main;

  @Parameters(index = "0", paramLabel = "ADDRESS:PORT", description = "Where the run is trained.")
  private String address;

  @Parameters(index = "1..*", paramLabel = "key=value", arity = "0..*", description = "Where the text lies here, and what computes: data.corpus, runtime.threads, runtime.backend.")
  private List<String> settings = new ArrayList<>();

  @Option(names = "--with-parent", hidden = true, description = "Ends with the process that started this one.")
  private boolean withParent;

  private final Console console = new Console();

  @Override
  public Integer call() throws IOException {
    if (withParent) {
      ProcessHandle.current().parent().ifPresent(parent -> {
        var _ = parent.onExit().thenRun(() -> Runtime.getRuntime().halt(Main.INTERRUPTED)); // there is no state
      });
    }
    work(join());
    return 0;
  }

  private Joined join() throws IOException {
    Joined joined = Joined.to(Address.of("ADDRESS:PORT", address), Sharing.secret(), Assignment.parse(settings),
        main.debug());
    console.line("joined   %s: %s, %s", address, joined.session().config().name(),
        joined.session().backend().description());
    System.out.flush();
    return joined;
  }

  /// Where the connection is lost and the run still there, such as after a machine's sleep, it joins again.
  private void work(Joined first) throws IOException {
    long start = System.nanoTime();
    Joined again;
    try (first) {
      Joined.Work work = first.work();
      console.line("ended    %,d parts of steps, computing for %.0f %% of %s", work.parts(),
          100e9 * work.seconds() / (System.nanoTime() - start), Console.time((System.nanoTime() - start) / 1e9));
      return;
    } catch (IOException lost) {
      try {
        again = join();
      } catch (IOException gone) {
        throw lost;
      }
    }
    work(again);
  }
}

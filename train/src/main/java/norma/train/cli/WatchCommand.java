package norma.train.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import norma.train.watch.WatchServer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `norma watch`.
@Command(name = "watch", mixinStandardHelpOptions = true, sortOptions = false, description = "Shows runs and studies in a browser while they go on.", customSynopsis = "norma watch [RUN | STUDY | FOLDER ...] [--at ADDRESS:PORT]", footer = {
    "", "Without an argument: all runs and studies. Prints the address, and serves until Ctrl-C.",
    "Only who has the whole address sees anything, and only from this machine unless --at says otherwise." })
final class WatchCommand implements Callable<Integer> {
  @ParentCommand
  private Main main = new Main();

  @Parameters(paramLabel = "RUN | STUDY | FOLDER", arity = "0..*", description = "A run's or a study's folder, the beginning of its name, or last for the newest; or a folder with runs and studies.")
  private List<Path> works = new ArrayList<>();

  @Option(names = "--at", paramLabel = "ADDRESS:PORT", description = "Where to listen, instead of a free port of 127.0.0.1.")
  private @Nullable String at;

  private final Console console = new Console();

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Path> folders = new ArrayList<>();
    for (Path work : works) {
      Path folder = StoredWork.runOrStudy(work);
      if (!Files.isDirectory(folder)) {
        throw new IllegalArgumentException(work + " is no run, study or folder; norma ls shows what there is");
      }
      folders.add(folder);
    }
    if (folders.isEmpty()) {
      folders.addAll(List.of(StoredWork.STUDIES, StoredWork.RUNS));
    }
    try (StopSignal stop = new StopSignal(main);
        WatchServer server = new WatchServer(Address.of("--at", at), new WatchedWork(folders))) {
      console.line("watch    %s", server.url());
      System.out.flush();
      while (!stop.flag().get()) {
        Thread.sleep(200);
      }
    }
    return 0;
  }
}

package norma.train.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
  private static final Pattern AT = Pattern.compile("(?:(\\[.+]|[^:]+):)?(\\d{1,5})");

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
        WatchServer server = new WatchServer(address(at), new WatchedWork(folders))) {
      console.line("watch    %s", server.url());
      System.out.flush();
      while (!stop.flag().get()) {
        Thread.sleep(200);
      }
    }
    return 0;
  }

  /// @param text an address and a port, a port, or null for any port of this machine
  static InetSocketAddress address(@Nullable String text) throws IOException {
    if (text == null) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
    Matcher parts = AT.matcher(text);
    if (!parts.matches() || Integer.parseInt(parts.group(2)) > 65_535) {
      throw new IllegalArgumentException(
          "--at is " + text + "; expected ADDRESS:PORT, such as 0.0.0.0:8080, or a port");
    }
    int port = Integer.parseInt(parts.group(2));
    return parts.group(1) == null
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), port)
        : new InetSocketAddress(InetAddress.getByName(parts.group(1)), port);
  }
}

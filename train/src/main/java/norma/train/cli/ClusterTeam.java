package norma.train.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.Stream;
import norma.train.cluster.Luggage;
import norma.train.cluster.SparkJob;
import norma.train.config.Assignment;
import norma.train.config.RunConfig;
import norma.train.files.ShellText;
import norma.train.files.Tree;
import norma.train.run.Session;
import norma.train.study.LastWords;

/// Processes on the workers of a cluster that join a run. They keep nothing, so those that are killed begin again without end.
final class ClusterTeam implements AutoCloseable {
  private final Path folder;
  private final Process driver;
  private volatile boolean ending;

  private ClusterTeam(Path folder, Process driver) {
    this.folder = folder;
    this.driver = driver;
  }

  /// Starts the driver, and returns at once.
  ///
  /// @param address where the run is trained
  /// @param secret  that those who join must know
  /// @param news    hears, in one line, when all of them are gone
  static ClusterTeam start(SparkJob.Place place, int workers, InetSocketAddress address, String secret, Session session,
      Consumer<String> news) throws IOException {
    Path folder = Files.createTempDirectory("norma-cluster-");
    try {
      return start(folder, place, workers, address, secret, session, news);
    } catch (IOException | RuntimeException e) {
      Tree.delete(folder);
      throw e;
    }
  }

  private static ClusterTeam start(Path folder, SparkJob.Place place, int workers, InetSocketAddress address,
      String secret, Session session, Consumer<String> news) throws IOException {
    Path given = folder.resolve("given.zip");
    Map<String, String> environment = new LinkedHashMap<>(Map.of(Sharing.SECRET, secret));
    List<String> command = new ArrayList<>(
        List.of("join", Address.text(address), "--with-parent", "runtime.threads=1"));
    try (OutputStream out = Files.newOutputStream(given); Luggage luggage = new Luggage(out)) {
      RunConfig config = session.config().beginningWith(Optional.empty());
      RunConfig packed = luggage.packed(config, session.corpus().sha256(), "");
      if (!packed.equals(config) && packed.data().corpus() instanceof RunConfig.Corpus.Named named) {
        command.add(Assignment.text("data.corpus", named.source()));
      }
      String classes = luggage.classes(System.getenv().getOrDefault(ShellText.CLASSES, ""));
      if (!classes.isEmpty()) {
        environment.put(ShellText.CLASSES, classes);
      }
      luggage.add("README", "What a run needs of its text and its norms.\n"); // an archive has an entry
    }
    Process driver = new SparkJob(place,
        new SparkJob.Work(String.valueOf(folder.getFileName()), "0-" + (workers - 1), given, folder.resolve("results")),
        new SparkJob.Tasks(1, false, OptionalInt.empty(), OptionalInt.empty()), environment, command).driver()
        .redirectErrorStream(true).redirectOutput(Redirect.to(folder.resolve("driver.log").toFile())).start();
    ClusterTeam team = new ClusterTeam(folder, driver);
    var _ = driver.onExit().thenRun(() -> {
      if (!team.ending && driver.exitValue() != Main.INTERRUPTED) { // a terminal's Ctrl-C is for both
        news.accept("nobody else joins: " + team.lastWords() + "; the run goes on here");
      }
    });
    return team;
  }

  /// Why all have gone: what the driver said, or one of those who joined.
  private String lastWords() {
    List<Path> said = new ArrayList<>(List.of(folder.resolve("driver.log")));
    try (Stream<Path> results = Files.walk(folder.resolve("results"))) {
      results.filter(file -> file.endsWith("output")).forEach(said::add);
    } catch (IOException | UncheckedIOException e) {
      return "the driver ended with exit code " + driver.exitValue();
    }
    return said.stream().flatMap(file -> {
      try {
        return LastWords.error(new String(Files.readAllBytes(file), StandardCharsets.UTF_8)).stream();
      } catch (IOException e) {
        return Stream.of();
      }
    }).findFirst().orElse("the driver ended with exit code " + driver.exitValue());
  }

  /// Tells nobody any more that they are gone.
  void end() {
    ending = true;
  }

  @Override
  public void close() {
    driver.destroy();
    driver.onExit().join();
    try {
      Tree.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

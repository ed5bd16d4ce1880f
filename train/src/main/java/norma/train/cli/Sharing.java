package norma.train.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Consumer;
import norma.train.cluster.SparkJob;
import norma.train.config.Range;
import norma.train.files.ShellText;
import norma.train.run.Session;
import norma.train.run.Team;
import norma.train.team.TeamServer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Where others join a run, as the command line says it.
final class Sharing {
  /// What a secret's variable is called: on a command line every user of the machine would see it.
  static final String SECRET = "NORMA_SECRET";
  /// What `--ship` gives.
  static final String SHIP = "With --cluster: Norma for the workers, norma-*-linux-x86_64.tar.gz. "
      + "Default: they have it under the same path as here.";
  /// Longer than a network is away that comes back.
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final int SECRET_BYTES = 32;
  private static final Range WORKERS = Range.whole(1, 4096);

  @Option(names = "--share", paramLabel = "ADDRESS:PORT", description = "Where other processes may join and compute parts of each step (norma join). The losses stay the same.")
  private @Nullable String share;

  @Option(names = "--cluster", paramLabel = "MASTER", description = "Has workers of a cluster of Apache Spark join: spark://HOST:PORT. The losses stay the same.")
  private @Nullable String cluster;

  @Option(names = "--workers", paramLabel = "N", description = "With --cluster: how many join. Default: one for each part of a step that has no thread here.")
  private @Nullable Integer workers;

  @Option(names = "--ship", paramLabel = "ARCHIVE", description = SHIP)
  private @Nullable Path ship;

  /// Those that may join, and what brings them.
  record Open(Team team, Optional<ClusterTeam> cluster) implements AutoCloseable {
    @Override
    public void close() {
      cluster.ifPresent(ClusterTeam::end); // first: nobody need hear that they go
      team.close();
      cluster.ifPresent(ClusterTeam::close);
    }
  }

  static String secret() {
    return System.getenv().getOrDefault(SECRET, "");
  }

  /// The processes that will join a run; nobody if nothing was asked for.
  ///
  /// @param news                      hears who comes and goes
  /// @throws IOException              if the address cannot be had, or there is no cluster
  /// @throws IllegalArgumentException if anybody could join
  Open open(Session session, Consumer<String> news) throws IOException {
    if (cluster == null && (workers != null || ship != null)) {
      throw new IllegalArgumentException("--workers and --ship go with --cluster spark://HOST:PORT");
    }
    if (cluster != null && share != null) {
      throw new IllegalArgumentException(
          "--cluster starts processes that join, --share waits for yours; expected one of them");
    }
    if (cluster != null) {
      return onCluster(cluster, session, news);
    }
    return new Open(share == null ? Team.NONE : shared(share, session, news), Optional.empty());
  }

  private static Team shared(String at, Session session, Consumer<String> news) throws IOException {
    InetSocketAddress address = Address.of("--share", at);
    if (!address.getAddress().isLoopbackAddress() && secret().isEmpty()) {
      throw new IllegalArgumentException("--share " + at + " would let every machine in that reaches it; expected "
          + SECRET + " in the environment, the same here and where others join");
    }
    TeamServer server = server(address, secret(), session, news);
    InetSocketAddress open = server.address();
    news.accept(ShellText.norma() + " join "
        + (open.getAddress().isAnyLocalAddress() ? "ADDRESS:" + open.getPort() : Address.text(open))
        + " adds a process");
    return server;
  }

  private static TeamServer server(InetSocketAddress address, String secret, Session session, Consumer<String> news)
      throws IOException {
    return new TeamServer(new TeamServer.Settings(address, secret, PATIENCE), session, news);
  }

  /// With a secret of this run alone.
  private Open onCluster(String url, Session session, Consumer<String> news) throws IOException {
    int free = Math.max(1, session.backend().shards() - session.workers().size());
    int count = workers == null ? free : workers;
    WORKERS.check("--workers", count);
    SparkJob.Place place = SparkJob.Place.of(url, ship, news);
    byte[] random = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(random);
    String secret = HexFormat.of().formatHex(random);
    TeamServer server = server(new InetSocketAddress(place.master().here(), 0), secret, session, news);
    try {
      return new Open(server, Optional.of(ClusterTeam.start(place, count, server.address(), secret, session, news)));
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }
}

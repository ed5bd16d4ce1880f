package norma.train.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import norma.train.files.ShellText;
import norma.train.run.Session;
import norma.train.run.Team;
import norma.train.team.TeamServer;
import org.jspecify.annotations.Nullable;

/// Where others join a run, as the command line says it.
final class Sharing {
  /// What a secret's variable is called: on a command line every user of the machine would see it.
  private static final String SECRET = "NORMA_SECRET";
  /// Longer than any part of a step takes that is worth sharing over a network.
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private Sharing() {}

  static String secret() {
    return System.getenv().getOrDefault(SECRET, "");
  }

  /// The processes that will join a run; nobody without an address.
  ///
  /// @throws IOException              if the address cannot be had
  /// @throws IllegalArgumentException if anybody could join
  static Team open(@Nullable String at, Session session, Console console) throws IOException {
    if (at == null) {
      return Team.NONE;
    }
    InetSocketAddress address = Address.of("--share", at);
    if (!address.getAddress().isLoopbackAddress() && secret().isEmpty()) {
      throw new IllegalArgumentException("--share " + at + " would let every machine in that reaches it; expected "
          + SECRET + " in the environment, the same here and where others join");
    }
    TeamServer server = new TeamServer(new TeamServer.Settings(address, secret(), PATIENCE), session,
        news -> console.line("team     %s", news));
    InetSocketAddress open = server.address();
    console.line("team     %s join %s:%d adds a process", ShellText.norma(),
        open.getAddress().isAnyLocalAddress() ? "ADDRESS" : open.getHostString(), open.getPort());
    return server;
  }
}

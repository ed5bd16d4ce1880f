package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import norma.train.config.Assignment;
import norma.train.config.RunConfig;
import norma.train.team.Joined;
import norma.train.team.TeamServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Several sessions that take steps together, over loopback.
class TeamTest {
  private static final int STEPS = 6;
  private static final String SECRET = "sesame";

  @TempDir
  private Path folder;

  private final BlockingQueue<String> news = new LinkedBlockingQueue<>();

  /// What happens before a step.
  private interface Events {
    void before(int step) throws Exception;
  }

  /// Losses, gradient norms and the final weights.
  private record Numbers(List<Double> losses, double[] weights) {}

  private RunConfig config(String... more) {
    String[] settings = { "model.dropout=0.1", "train.batch=5", "train.accumulate=2", "model.norm.all=dyt",
        "runtime.backend=cpu", "runtime.threads=1" };
    return Runs.config(folder, Runs.with(settings, more));
  }

  private static TeamServer.Settings loopback(Duration patience) {
    return new TeamServer.Settings(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), SECRET, patience);
  }

  private static Numbers train(Session session, Team team, Events events) throws Exception {
    List<Double> losses = new ArrayList<>();
    TrainStep trainStep = new TrainStep(session, team);
    for (int step = 1; step <= STEPS; step++) {
      events.before(step);
      int last = step * session.config().train().syncEvery();
      TrainStep.Result result = trainStep.gradients(last, 0.5, StepObserver.NONE);
      trainStep.update(result, 1e-2, last, StepObserver.NONE);
      losses.add(result.loss());
      losses.add(result.gradientNorm());
    }
    return new Numbers(losses, session.backend().read(session.weights().flat()));
  }

  private Numbers alone(RunConfig config) throws Exception {
    try (Session session = Session.start(config, true)) {
      return train(session, Team.NONE, _ -> {});
    }
  }

  private Joined join(TeamServer server, String... settings) throws Exception {
    Joined joined = Joined.to(server.address(), SECRET, Assignment.parse(List.of(settings)), true);
    assertThat(news.take()).contains("has joined");
    return joined;
  }

  private static FutureTask<Joined.Work> working(Joined joined) {
    FutureTask<Joined.Work> work = new FutureTask<>(joined::work);
    Thread.ofPlatform().daemon().start(work);
    return work;
  }

  private static void assertSame(Numbers numbers, Numbers expected) {
    assertThat(numbers.losses).isEqualTo(expected.losses);
    assertThat(numbers.weights).isEqualTo(expected.weights);
  }

  @ParameterizedTest
  @CsvSource({ "1, 1, 1", "1, 2, 1", "3, 1, 1", "1, 2, 2" })
  void aTeamComputesTheSameBitsAsOneProcess(int members, int threads, int syncEvery) throws Exception {
    RunConfig config = config("train.sync_every=" + syncEvery);
    List<Joined> all = new ArrayList<>();
    List<FutureTask<Joined.Work>> works = new ArrayList<>();
    try (Session session = Session.start(config, true)) {
      try (TeamServer server = new TeamServer(loopback(Duration.ofMinutes(1)), session, news::add)) {
        for (int i = 0; i < members; i++) {
          all.add(join(server, "runtime.threads=" + threads));
          works.add(working(all.getLast()));
        }
        assertSame(train(session, server, _ -> {}), alone(config));
        assertThat(server.exchanged()).hasValueSatisfying(exchange -> {
          assertThat(exchange.processes()).isEqualTo(1 + members);
          assertThat(exchange.communicationSeconds()).isPositive();
        });
        assertThat(server.exchanged()).as("since then").isEmpty();
      }
      for (FutureTask<Joined.Work> work : works) {
        assertThat(work.get().parts()).isEqualTo(STEPS);
      }
    }
    all.forEach(Joined::close);
    assertThat(news).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = { 1, 3 })
  void membersComeAndGo(int syncEvery) throws Exception {
    RunConfig config = config("train.sync_every=" + syncEvery);
    List<Joined> all = new ArrayList<>();
    List<FutureTask<Joined.Work>> works = new ArrayList<>();
    try (Session session = Session.start(config, true);
        TeamServer server = new TeamServer(loopback(Duration.ofMinutes(1)), session, news::add)) {
      Numbers numbers = train(session, server, step -> {
        if (step == 2 || step == 3) {
          all.add(join(server));
          works.add(working(all.getLast()));
        } else if (step == 5) {
          all.getFirst().close();
        }
      });
      assertSame(numbers, alone(config));
      assertThat(news.take()).contains("is lost at step " + 5 * syncEvery, "its part is computed here");
    }
    assertThat(works.getLast().get().parts()).isEqualTo(STEPS - 2);
    all.getLast().close();
  }

  /// The connection breaks when the second moments of a shard are half here.
  @Test
  void whoIsLostInTheMiddleOfItsAnswerHasChangedNothing() throws Exception {
    RunConfig config = config("train.sync_every=2");
    try (Session session = Session.start(config, true);
        TeamServer server = new TeamServer(loopback(Duration.ofMinutes(1)), session, news::add);
        ServerSocket network = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      long bytes = 5 * session.weights().flat().bytes() / 2;
      Thread.ofPlatform().daemon().start(() -> forward(network, server.address(), bytes));
      try (Joined joined = Joined.to((InetSocketAddress) network.getLocalSocketAddress(), SECRET, List.of(), true)) {
        assertThat(news.take()).contains("has joined");
        FutureTask<Joined.Work> work = working(joined);
        assertSame(train(session, server, _ -> {}), alone(config));
        assertThatThrownBy(work::get).hasMessageContaining("has gone");
      }
      assertThat(news.take()).contains("is lost at step 2 (it has gone)");
    }
  }

  /// @param most bytes that pass from the one who joins
  private static void forward(ServerSocket network, InetSocketAddress to, long most) {
    try (Socket member = network.accept(); Socket trains = new Socket(to.getAddress(), to.getPort())) {
      Thread.ofPlatform().daemon().start(() -> copy(trains, member, Long.MAX_VALUE));
      copy(member, trains, most);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(Socket from, Socket to, long most) {
    byte[] bytes = new byte[1000];
    try {
      long left = most;
      while (left > 0) {
        int read = from.getInputStream().read(bytes, 0, (int) Math.min(left, bytes.length));
        if (read < 0) {
          return;
        }
        to.getOutputStream().write(bytes, 0, read);
        left -= read;
      }
    } catch (IOException e) {
      return; // the other end has gone
    }
  }

  /// A small model fits into the sockets' buffers; of a large one not even the weights are taken.
  @ParameterizedTest
  @ValueSource(ints = { 16, 512 })
  void whoIsSilentTooLongIsOut(int width) throws Exception {
    RunConfig config = config("model.width=" + width, "train.accumulate=1");
    try (Session session = Session.start(config, true);
        TeamServer server = new TeamServer(loopback(Duration.ofMillis(300)), session, news::add);
        Joined _ = join(server)) {
      assertSame(train(session, server, _ -> {}), alone(config));
      assertThat(news.take()).contains("is lost at step 1 (silent for too long)");
      assertThat(news).isEmpty();
    }
  }

  /// A round of a second or two, where half a second of silence is too long; `PulseTest` needs no clock.
  @Test
  void whoComputesLongIsNotSilent() throws Exception {
    int steps = 1000;
    try (Session session = Session.start(config("train.sync_every=" + steps, "train.steps=" + steps), true);
        TeamServer server = new TeamServer(loopback(Duration.ofMillis(500)), session, news::add);
        Joined joined = join(server)) {
      FutureTask<Joined.Work> work = working(joined);
      new TrainStep(session, server).gradients(steps, 1, StepObserver.NONE);
      server.close();
      assertThat(work.get().parts()).isOne();
      assertThat(news).isEmpty();
    }
  }

  @Test
  void aWrongSecretATextOfOnesOwnAndASettingOfTheRunsAreRefused() throws Exception {
    RunConfig config = config();
    Path other = Files.writeString(folder.resolve("other.txt"), "the quick brown fox jumps over it\n".repeat(20));
    try (Session session = Session.start(config, true);
        TeamServer server = new TeamServer(loopback(Duration.ofMinutes(1)), session, news::add)) {
      assertThatThrownBy(() -> Joined.to(server.address(), "another", List.of(), false)).isInstanceOf(IOException.class)
          .hasMessageContaining("has another NORMA_SECRET");
      assertThat(news.take()).contains("could not join", "has another NORMA_SECRET");
      assertThatThrownBy(() -> join(server, "data.corpus='" + other + "'")).isInstanceOf(RunException.class);
      assertThat(news.take()).contains("could not join", "other.txt");
      for (String key : List.of("optim.lr", "data.train_fraction", "runtime.precision", "runtime")) {
        assertThatThrownBy(() -> join(server, key + "=1")).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(key + " is decided where the run is trained; expected data.corpus, runtime.threads");
      }
      assertSame(train(session, server, _ -> {}), alone(config));
    }
  }

  @Test
  void aPortInUseOrWithoutARunIsOneLine() throws Exception {
    try (Session session = Session.start(config(), true);
        ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = (InetSocketAddress) taken.getLocalSocketAddress();
      assertThatThrownBy(() -> new TeamServer(new TeamServer.Settings(address, SECRET, Duration.ZERO), session,
          news::add)).isInstanceOf(IOException.class).hasMessageContaining(":" + address.getPort() + ": ");
      taken.close();
      assertThatThrownBy(() -> Joined.to(address, SECRET, List.of(), false)).isInstanceOf(IOException.class)
          .hasMessageContaining("norma train --share");
    }
  }

  @Test
  void aBackendThatDoesNotDivideAStepCannotShareOne() {
    try (Session session = Session.start(config("runtime.backend=nd4j"), true)) {
      assertThatThrownBy(() -> new TeamServer(loopback(Duration.ZERO), session, news::add))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("expected cpu");
    }
  }
}

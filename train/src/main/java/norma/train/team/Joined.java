package norma.train.team;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import norma.array.Array;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.data.Corpus;
import norma.train.data.Vocabulary;
import norma.train.run.RunException;
import norma.train.run.Session;
import norma.train.run.StepObserver;
import norma.train.run.TrainStep;

/// A process that computes parts of another's steps. It keeps nothing from step to step: weights come with every part.
public final class Joined implements AutoCloseable {
  /// What may be another here: where the text lies, and what computes the same.
  private static final Set<String> OWN = Set.of("data.corpus", "runtime.backend", "runtime.threads");
  private static final String EXPECTED = "expected a run that norma train --share has started";
  private static final Duration GREETING = Duration.ofSeconds(10);
  /// Signs of life in the time after which silence counts as death.
  private static final int PULSES = 4;

  private final Wire wire;
  private final Session session;
  private final TrainStep trainStep;
  private final Pulse pulse;

  /// What it has done.
  ///
  /// @param parts   of steps
  /// @param seconds of computing them
  public record Work(int parts, double seconds) {}

  private Joined(Wire wire, Session session, TrainStep trainStep, Pulse pulse) {
    this.wire = wire;
    this.session = session;
    this.trainStep = trainStep;
    this.pulse = pulse;
  }

  /// Joins.
  ///
  /// @param secret   as the other has it
  /// @param settings `data.corpus`, `runtime.backend` and `runtime.threads` of this machine
  /// @throws IOException                        if nobody listens there, or nobody who trains
  /// @throws RunException                       if the text is another
  /// @throws norma.train.config.ConfigException if a setting is wrong
  /// @throws IllegalArgumentException           if a setting would change what is computed
  public static Joined to(InetSocketAddress address, String secret, List<Assignment> settings, boolean debug)
      throws IOException {
    for (Assignment setting : settings) {
      String key = String.join(".", setting.path());
      if (!OWN.contains(key)) {
        throw new IllegalArgumentException(key + " is decided where the run is trained; expected data.corpus, "
            + "runtime.threads or runtime.backend");
      }
    }
    Wire wire = connected(address);
    try {
      wire.patience(GREETING);
      wire.greet(secret, "joins", "trains");
      Session session = session(wire, settings, debug);
      try {
        TrainStep trainStep = new TrainStep(session, wire.readInt());
        Duration patience = Duration.ofMillis(wire.readInt());
        wire.send("");
        wire.sendInts(session.workers().size());
        wire.flush();
        wire.patience(Duration.ZERO);
        return new Joined(wire, session, trainStep, new Pulse(wire, patience.dividedBy(PULSES)));
      } catch (IOException | RuntimeException e) {
        session.close();
        throw e;
      }
    } catch (SocketTimeoutException e) {
      wire.close();
      throw new IOException(wire.other() + " says nothing; " + EXPECTED, e);
    } catch (IOException | RuntimeException e) {
      wire.close();
      throw e;
    }
  }

  private static Wire connected(InetSocketAddress address) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(address, Math.toIntExact(GREETING.toMillis()));
      return new Wire(socket);
    } catch (IOException e) {
      socket.close();
      throw new IOException(address.getHostString() + ":" + address.getPort() + ": " + e.getMessage()
          + "; " + EXPECTED, e);
    }
  }

  private static Session session(Wire wire, List<Assignment> settings, boolean debug) throws IOException {
    String yaml = wire.text();
    String tokens = wire.text();
    String text = wire.text();
    String backend = wire.text();
    try {
      RunConfig config = new ConfigReader(NormTypes.all()).read("the configuration of " + wire.other(), yaml, settings);
      Corpus corpus = Session.corpus(config);
      if (!corpus.sha256().equals(text)) {
        throw new RunException(
            corpus.source() + " is another text than that of the run; data.corpus=FILE says where it lies");
      }
      Session opened = Session.unset(config,
          tokens.isEmpty() ? Vocabulary.bytes() : Vocabulary.of(tokens.codePoints().toArray()), false, debug);
      if (!opened.backend().name().equals(backend)) {
        opened.close();
        throw new RunException("runtime.backend is " + opened.backend().name() + " here and " + backend
            + " where the run is trained; expected the same");
      }
      return opened;
    } catch (RuntimeException e) {
      wire.send(String.valueOf(e.getMessage()));
      wire.flush();
      throw e;
    }
  }

  /// The run's configuration, with this machine's settings.
  public Session session() {
    return session;
  }

  /// Computes until the training ends.
  ///
  /// @throws IOException if the one who trains is lost
  public Work work() throws IOException {
    try {
      return parts();
    } catch (EOFException | SocketException e) {
      throw new IOException(wire.other() + " has gone; the run itself may go on, or be resumed where it was trained",
          e);
    }
  }

  private Work parts() throws IOException {
    int parts = 0;
    long nanos = 0;
    while (wire.readInt() == Member.COMPUTE) {
      int step = wire.readInt();
      List<Integer> shards = shards(wire.readInt(), wire.readInt());
      double factor = wire.readDouble();
      wire.receive(session.backend(), session.weights().flat());
      for (int shard : shards) {
        for (Array state : trainStep.stateOf(shard)) {
          wire.receive(session.backend(), state);
        }
      }
      long start = System.nanoTime();
      pulse.during(() -> trainStep.compute(step, factor, shards, StepObserver.NONE));
      long computed = System.nanoTime() - start;
      nanos += computed;
      for (int shard : shards) {
        send(shard, computed / 1e9 / shards.size());
      }
      wire.flush();
      parts++;
    }
    return new Work(parts, nanos / 1e9);
  }

  private void send(int shard, double seconds) throws IOException {
    wire.sendInts(Member.SHARD);
    wire.sendDouble(seconds);
    wire.sendDouble(trainStep.lossOf(shard));
    if (Double.isFinite(trainStep.lossOf(shard))) {
      wire.send(session.backend(), trainStep.gradientsOf(shard));
      for (Array state : trainStep.stateOf(shard)) {
        wire.send(session.backend(), state);
      }
    }
  }

  private List<Integer> shards(int first, int count) throws IOException {
    if (first < 0 || count < 1 || count > trainStep.shards() - first) {
      throw new IOException(wire.other() + " asks for a part that the step does not have");
    }
    return IntStream.range(first, first + count).boxed().toList();
  }

  @Override
  public void close() {
    pulse.close();
    wire.close();
    session.close();
  }
}

package norma.train.team;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import norma.train.config.RunConfigWriter;
import norma.train.files.Errors;
import norma.train.files.Printable;
import norma.train.run.Session;
import norma.train.run.Team;
import norma.train.run.TrainStep;

/// The process that trains, and those that have joined it. A step's shards are dealt in order, to each process as many as its threads are a
/// share of all threads. Whoever is lost, or silent for too long, is out, and its shards of that step are computed here.
public final class TeamServer implements Team {
  /// A process that joins reads its text in it.
  private static final Duration GREETING = Duration.ofMinutes(1);
  private static final Exchange NOTHING = new Exchange(0, 0, 0);

  private final ServerSocket server;
  private final Settings settings;
  private final Session session;
  private final Consumer<String> news;
  private final BlockingQueue<Member> joined = new LinkedBlockingQueue<>();
  private final List<Member> members = new ArrayList<>();
  private Exchange exchanged = NOTHING;

  /// Where others join.
  ///
  /// @param address  where to listen; port 0 for any that is free
  /// @param secret   that they must know; may be empty
  /// @param patience how long a member may be silent
  public record Settings(InetSocketAddress address, String secret, Duration patience) {}

  /// What a member gave away.
  private record Given(Member member, Member.Part part, CompletableFuture<Member.Ended> ended) {}

  /// Begins to listen.
  ///
  /// @param news takes a line for people when somebody comes or goes
  /// @throws IOException              if the port is in use
  /// @throws IllegalArgumentException if the backend does not divide a step
  public TeamServer(Settings settings, Session session, Consumer<String> news) throws IOException {
    if (session.backend().shards() == 1) {
      throw new IllegalArgumentException("a batch is one part here, runtime.backend " + session.backend().name()
          + "; expected cpu and runtime.shards above 1 where several processes share it");
    }
    this.settings = settings;
    this.session = session;
    this.news = news;
    server = new ServerSocket();
    try {
      server.bind(settings.address);
    } catch (IOException e) {
      server.close();
      throw new IOException(settings.address.getHostString() + ":" + settings.address.getPort() + ": " + e.getMessage(),
          e);
    }
    Thread.ofPlatform().daemon().name("norma-team").start(this::accept);
  }

  /// Where it listens.
  public InetSocketAddress address() {
    return (InetSocketAddress) server.getLocalSocketAddress();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        Thread.ofVirtual().name("norma-team").start(() -> admit(socket));
      } catch (IOException e) {
        if (!server.isClosed()) {
          news.accept("nobody else can join: " + Errors.line(e));
          return;
        }
      }
    }
  }

  private void admit(Socket socket) {
    try {
      Wire wire = new Wire(socket);
      try {
        wire.patience(GREETING);
        wire.greet(settings.secret, "trains", "joins");
        wire.send(RunConfigWriter.yaml(session.config()));
        wire.send(tokens());
        wire.send(session.corpus().sha256());
        wire.send(session.backend().name());
        wire.sendInts(session.backend().shards(), Math.toIntExact(settings.patience.toMillis()));
        wire.flush();
        String trouble = wire.text();
        if (!trouble.isEmpty()) {
          throw new IOException(wire.other() + ": " + Printable.line(trouble));
        }
        int threads = Math.max(1, wire.readInt());
        wire.patience(settings.patience);
        joined.add(new Member(wire, threads, session));
        news.accept(wire.other() + " has joined, threads: " + threads);
      } catch (IOException e) {
        wire.close();
        throw e instanceof SocketTimeoutException ? new IOException(wire.other() + " says nothing", e) : e;
      }
    } catch (IOException e) {
      news.accept("could not join: " + Errors.line(e));
    }
  }

  /// All characters, in the order of their ids; nothing for bytes.
  private String tokens() {
    return switch (session.config().data().token()) {
      case BYTE -> "";
      case CHAR -> session.vocabulary().decode(IntStream.range(0, session.vocabulary().size()).toArray());
    };
  }

  @Override
  public Dealt deal(TrainStep trainStep, int step, double factor) {
    joined.drainTo(members);
    int threads = session.workers().size();
    int all = threads + members.stream().mapToInt(Member::threads).sum();
    int shards = trainStep.shards();
    int left = shards * threads / all;
    List<Given> given = new ArrayList<>();
    int first = left;
    for (Member member : members) {
      threads += member.threads();
      int end = shards * threads / all;
      if (end > first) {
        Member.Part part = new Member.Part(trainStep, step, factor, first, end - first);
        given.add(new Given(member, part, member.compute(part)));
      }
      first = end;
    }
    return new Dealt(left, () -> lost(given));
  }

  private List<Integer> lost(List<Given> given) {
    List<Integer> lost = new ArrayList<>();
    long start = System.nanoTime();
    double communication = 0;
    for (Given one : given) {
      Member.Ended ended = one.ended.join();
      communication += (ended.seconds() - ended.computeSeconds()) / given.size();
      if (!ended.trouble().isEmpty()) {
        Member.Part part = one.part;
        IntStream.range(part.first() + ended.shards(), part.first() + part.count()).forEach(lost::add);
        members.remove(one.member);
        one.member.wire().close();
        news.accept(one.member.wire().other() + " is lost at step " + part.step() + " (" + ended.trouble()
            + "); its part is computed here");
      }
    }
    exchanged = new Exchange(Math.max(exchanged.processes(), 1 + given.size()),
        exchanged.waitSeconds() + (System.nanoTime() - start) / 1e9, exchanged.communicationSeconds() + communication);
    return lost;
  }

  @Override
  public Optional<Exchange> exchanged() {
    Exchange since = exchanged;
    exchanged = NOTHING;
    return since.processes() > 1 ? Optional.of(since) : Optional.empty();
  }

  /// Ends the training of all members.
  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    joined.drainTo(members);
    members.forEach(Member::close);
  }
}

package norma.train.team;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.concurrent.CompletableFuture;
import norma.array.Array;
import norma.train.files.Errors;
import norma.train.run.Session;
import norma.train.run.TrainStep;

/// A process that has joined, as the one that trains sees it.
///
/// @param threads that it computes with
record Member(Wire wire, int threads, Session session) implements AutoCloseable {
  /// The next thing that a member is asked for.
  static final int COMPUTE = 1;
  /// The training is over.
  static final int END = 0;
  /// What a member says of itself: that it still computes, or that a shard comes.
  static final int COMPUTING = 0;
  static final int SHARD = 1;

  /// A step's shards that a member computes.
  ///
  /// @param factor of the schedule's learning rates
  record Part(TrainStep trainStep, int step, double factor, int first, int count) {}

  /// What came of a part.
  ///
  /// @param shards         that came back, the first of the part
  /// @param computeSeconds that the member has computed
  /// @param seconds        until the last of them was here
  /// @param trouble        why the others did not; empty if all did
  record Ended(int shards, double computeSeconds, double seconds, String trouble) {}

  /// Has a part computed, in a thread of its own.
  CompletableFuture<Ended> compute(Part part) {
    return CompletableFuture.supplyAsync(() -> exchange(part), Thread.ofVirtual().name("norma-team")::start);
  }

  private Ended exchange(Part part) {
    long start = System.nanoTime();
    double computed = 0;
    int shards = 0;
    String trouble = "";
    try {
      send(part);
      for (; shards < part.count; shards++) {
        computed += receive(part, part.first + shards);
      }
    } catch (IOException e) {
      trouble = switch (e) {
        case EOFException gone -> "it has gone";
        case SocketTimeoutException silent -> "silent for too long";
        default -> Errors.line(e);
      };
    }
    return new Ended(shards, computed, (System.nanoTime() - start) / 1e9, trouble);
  }

  private void send(Part part) throws IOException {
    wire.sendInts(COMPUTE, part.step, part.first, part.count);
    wire.sendDouble(part.factor);
    wire.send(session.backend(), session.weights().flat());
    for (int shard = part.first; shard < part.first + part.count; shard++) {
      for (Array state : part.trainStep.stateOf(shard)) {
        wire.send(session.backend(), state);
      }
    }
    wire.flush();
  }

  /// Receives a shard, which is as before until everything of it is here.
  ///
  /// @return seconds that it was computed
  private double receive(Part part, int shard) throws IOException {
    while (wire.readInt() == COMPUTING) {
      // A round may take longer than a member may be silent.
    }
    double seconds = wire.readDouble();
    double loss = wire.readDouble();
    if (!Double.isFinite(loss)) {
      throw new IOException("its loss is " + loss);
    }
    wire.receive(session.backend(), part.trainStep.gradientsOf(shard));
    wire.receiveAll(session.backend(), part.trainStep.stateOf(shard));
    part.trainStep.ended(shard, loss);
    return seconds;
  }

  @Override
  public void close() {
    try {
      wire.sendInts(END);
      wire.flush();
    } catch (IOException e) {
      // It is gone already.
    } finally {
      wire.close();
    }
  }
}

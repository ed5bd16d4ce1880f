package norma.train.team;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import norma.autodiff.GradientBuffer;
import norma.train.files.Errors;
import norma.train.run.Session;

/// A process that has joined, as the one that trains sees it.
///
/// @param threads that it computes with
record Member(Wire wire, int threads, Session session) implements AutoCloseable {
  /// The next thing that a member is asked for.
  static final int COMPUTE = 1;
  /// The training is over.
  static final int END = 0;

  /// A step's shards that a member computes.
  ///
  /// @param shards all of the step
  /// @param losses of all
  record Part(int step, int first, int count, List<GradientBuffer> shards, double[] losses) {}

  /// Has a part computed, in a thread of its own.
  ///
  /// @return why it failed; nothing if it did not
  CompletableFuture<String> compute(Part part) {
    CompletableFuture<String> trouble = new CompletableFuture<>();
    Thread.ofVirtual().name("norma-team").start(() -> {
      try {
        exchange(part);
        trouble.complete("");
      } catch (IOException e) {
        trouble.complete(switch (e) {
          case EOFException gone -> "it has gone";
          case SocketTimeoutException silent -> "silent for too long";
          default -> Errors.line(e);
        });
      }
    });
    return trouble;
  }

  private void exchange(Part part) throws IOException {
    wire.sendInts(COMPUTE, part.step, part.first, part.count);
    wire.send(session.backend(), session.weights().flat());
    wire.flush();
    for (int shard = part.first; shard < part.first + part.count; shard++) {
      part.losses[shard] = wire.readDouble();
      wire.receive(session.backend(), part.shards.get(shard).buffer().flat());
    }
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

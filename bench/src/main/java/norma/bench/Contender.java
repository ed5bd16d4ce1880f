package norma.bench;

import java.util.Map;

/// One side of the comparison, in a process of its own.
public interface Contender extends AutoCloseable {

  /// What the driver must know and the reader of the table as well: name and value, each one line.
  Map<String, String> facts();

  /// One training step: batch, forward, backward, clipping, update.
  ///
  /// @param number counts from 1
  Step step(int number);

  @Override
  void close();

  /// What a step showed.
  ///
  /// @param nanos        how long it took
  /// @param loss         mean over the batch, nats per character, before the update
  /// @param gradientNorm of all gradients together, before clipping
  record Step(long nanos, double loss, double gradientNorm) {}
}

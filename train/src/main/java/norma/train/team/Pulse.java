package norma.train.team;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/// Says to the other end that this one still computes, which may take longer than an end that has died is waited for.
final class Pulse implements AutoCloseable {
  private final Wire wire;
  private final ScheduledExecutorService timer = Executors
      .newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("norma-pulse").factory());
  private boolean computing;

  /// @param interval between two signs of life
  Pulse(Wire wire, Duration interval) {
    this.wire = wire;
    long millis = Math.max(1, interval.toMillis());
    var _ = timer.scheduleAtFixedRate(this::beat, millis, millis, TimeUnit.MILLISECONDS);
  }

  private synchronized void beat() {
    if (computing) {
      try {
        wire.sendInts(Member.COMPUTING);
        wire.flush();
      } catch (IOException e) {
        computing = false; // whoever sends the results hears of it
      }
    }
  }

  private synchronized void set(boolean now) {
    computing = now;
  }

  /// Computes. Nothing else may be sent meanwhile.
  void during(Runnable work) {
    set(true);
    try {
      work.run();
    } finally {
      set(false);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}

package norma.kernels.cuda;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// Times of the device: events between its kernels, of which nobody waits for any until a time is asked for.
final class DeviceClock implements AutoCloseable {
  private static final int REMEMBERED = 1 << 18; // marks of a step and more
  private static final int OPEN = 1 << 12;

  private final Driver driver;
  private final Stream stream;
  private final List<Long> open = new ArrayList<>(); // events whose time is not known
  private final Deque<Long> spare = new ArrayDeque<>();
  private final long[] nanos = new long[REMEMBERED]; // of the last marks
  private long marks;
  private long known; // marks whose time is known
  private long start; // of the first open event

  DeviceClock(Driver driver, Stream stream) {
    this.driver = driver;
    this.stream = stream;
  }

  /// Puts an event after everything that was sent.
  long mark() {
    stream.use();
    if (open.size() == OPEN) {
      resolve();
    }
    long event = spare.isEmpty() ? driver.made("cuEventCreate", 0) : spare.pop();
    stream.record(event);
    if (open.isEmpty()) { // where the device's time is on the host's clock
      driver.call("cuEventSynchronize", event);
      start = System.nanoTime();
    }
    open.add(event);
    return marks++;
  }

  /// When a mark was reached, in nanoseconds of the host's clock; the first of a row of marks is as exact as the host sees it,
  /// the differences are the device's.
  ///
  /// @throws IllegalArgumentException for a mark of long ago
  long nanos(long mark) {
    if (mark >= known) {
      resolve();
    }
    if (mark < marks - REMEMBERED) {
      throw new IllegalArgumentException("mark " + mark + " of " + marks + " is forgotten");
    }
    return nanos[(int) (mark % REMEMBERED)];
  }

  private void resolve() {
    driver.call("cuEventSynchronize", open.getLast());
    double time = start;
    for (int i = 0; i < open.size(); i++) {
      time += i == 0 ? 0 : millis(open.get(i - 1), open.get(i)) * 1e6;
      nanos[(int) (known++ % REMEMBERED)] = Math.round(time);
    }
    spare.addAll(open);
    open.clear();
  }

  private double millis(long from, long to) {
    return Float.intBitsToFloat((int) driver.made("cuEventElapsedTime", from, to));
  }

  @Override
  public void close() {
    spare.addAll(open);
    spare.forEach(event -> driver.call("cuEventDestroy_v2", event));
  }
}

package norma.train.team;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class PulseTest {
  /// However long that is: here, until the other end has heard of it three times.
  @Test
  void whoComputesSaysSoUntilItIsDone() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Wire member = new Wire(new Socket(server.getInetAddress(), server.getLocalPort()));
        Wire trains = new Wire(server.accept());
        Pulse pulse = new Pulse(member, Duration.ofMillis(1))) {
      trains.patience(Duration.ofMinutes(1));
      pulse.during(() -> {
        for (int sign = 0; sign < 3; sign++) {
          assertThat(read(trains)).isEqualTo(Member.COMPUTING);
        }
      });
    }
  }

  private static int read(Wire wire) {
    try {
      return wire.readInt();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

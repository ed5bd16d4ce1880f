package norma.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `norma join` over a network that fails.
class JoinTest {
  private static final int BYTES = 200_000;
  private static final Pattern ADDRESS = Pattern.compile("join [^:]+:(\\d+) adds a process");

  @TempDir
  Path temp;

  @Test
  void aConnectionThatIsLostIsMadeAgain() throws Exception {
    Path here = Files.createDirectory(temp.resolve("here"));
    Path there = Files.createDirectory(temp.resolve("there"));
    String norma = Launcher.HOME.resolve("norma").toString();
    Process train = Launcher.start(here, Map.of(), List.of(norma, "train", "--share", "0",
        "data.corpus=builtin:macbeth", "model.layers=1", "model.width=32", "model.heads=2", "train.steps=100000",
        "train.eval_every=100000", "train.eval_batches=1"));
    try (ServerSocket network = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Matcher address = ADDRESS.matcher("");
      while (!address.reset(Files.readString(here.resolve("out.txt"))).find()) {
        assertThat(train.isAlive()).as(Launcher.err(here)).isTrue();
        Thread.sleep(20);
      }
      int port = Integer.parseInt(address.group(1));
      Thread.ofPlatform().daemon().start(() -> forward(network, port));
      Process join = Launcher.start(there, Map.of(), List.of(norma, "join", "127.0.0.1:" + network.getLocalPort()));
      while (join.isAlive() && joined(there) < 2) {
        Thread.sleep(20);
      }
      train.destroy(); // in good order
      assertThat(join.waitFor()).as(Launcher.err(there)).isZero();
      assertThat(joined(there)).isEqualTo(2);
      train.waitFor();
      assertThat(Files.readString(here.resolve("out.txt"))).contains("is lost at step");
    } finally {
      Launcher.end(train);
    }
  }

  private static long joined(Path folder) throws IOException {
    return Files.readString(folder.resolve("out.txt")).lines().filter(line -> line.startsWith("joined ")).count();
  }

  /// The first connection breaks, the second holds.
  private static void forward(ServerSocket network, int port) {
    for (int limit : new int[]{ BYTES, Integer.MAX_VALUE }) {
      try (Socket here = network.accept(); Socket there = new Socket(InetAddress.getLoopbackAddress(), port)) {
        Thread.ofPlatform().daemon().start(() -> copy(here, there, Integer.MAX_VALUE));
        copy(there, here, limit);
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void copy(Socket from, Socket to, int limit) {
    byte[] bytes = new byte[1 << 12];
    try {
      InputStream in = from.getInputStream();
      int passed = 0;
      for (int read = in.read(bytes); read >= 0 && passed < limit; read = in.read(bytes)) {
        to.getOutputStream().write(bytes, 0, read);
        passed += read;
      }
    } catch (IOException e) {
      return; // the other end has gone
    }
  }
}

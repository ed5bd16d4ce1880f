package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
  @TempDir
  Path folder;

  private @Nullable Lease take() throws IOException {
    return new Lease.Watcher().take(folder.resolve("leases").resolve("x"));
  }

  @Test
  void ofManyOneGetsIt() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Callable<@Nullable Lease>> takers = IntStream.range(0, 64)
          .mapToObj(i -> (Callable<@Nullable Lease>) this::take).toList();
      long taken = threads.invokeAll(takers).stream().map(java.util.concurrent.Future::resultNow)
          .filter(Objects::nonNull).count();
      assertThat(taken).isEqualTo(1);
    }
  }

  @Test
  void givenBackItIsFree() throws IOException {
    Objects.requireNonNull(take()).close();
    assertThat(take()).isNotNull();
  }

  @Test
  void ofADeadProcessItIsTakenOverAtOnce() throws Exception {
    Process process = new ProcessBuilder("true").start();
    long pid = process.pid();
    process.waitFor();
    Path file = folder.resolve("leases").resolve("x");
    Lease own = Objects.requireNonNull(take());
    String[] words = Files.readString(file).split(" ", -1);
    own.close();
    Files.writeString(file, words[0] + " " + pid + " " + words[2] + " someone");
    assertThat(take()).isNotNull();
  }

  @Test
  void ofAnotherMachineItIsTakenOverOnceItStandsStill() throws Exception {
    Path file = folder.resolve("leases").resolve("x");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "elsewhere 17 0 someone");
    Lease.Watcher watcher = new Lease.Watcher(200_000_000);
    assertThat(watcher.take(file)).as("seen for the first time").isNull();
    Thread.sleep(300);
    Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(System.currentTimeMillis() + 5_000));
    assertThat(watcher.take(file)).as("alive, with a clock that is ahead").isNull();
    Thread.sleep(300);
    assertThat(watcher.take(file)).isNotNull();
  }

  @Test
  void whatSomebodyElseHasTakenOverIsNotGivenBack() throws IOException {
    Lease slow = Objects.requireNonNull(take());
    Path file = folder.resolve("leases").resolve("x");
    Files.writeString(file, "elsewhere 17 0 someone");
    slow.close();
    assertThat(file).hasContent("elsewhere 17 0 someone");
  }
}

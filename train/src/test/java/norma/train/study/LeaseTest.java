package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
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
    Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() + 5_000));
    assertThat(watcher.take(file)).as("alive, with a clock that is ahead").isNull();
    Thread.sleep(300);
    assertThat(watcher.take(file)).isNotNull();
  }

  /// The time of day at which a process was started is another one for those who ask after the clock was set.
  @Test
  void whoseOwnerLivesIsNotAQuestionToTheClock() throws Exception {
    Path stat = Path.of("/proc/self/stat");
    Assumptions.assumeTrue(Files.exists(stat), "no /proc here: the start of a process is told by the clock");
    try (Lease own = Objects.requireNonNull(take())) {
      String started = Files.readString(folder.resolve("leases").resolve("x")).split(" ", -1)[2];
      assertThat(started).startsWith(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip());
      String ticks = started.substring(started.lastIndexOf('-') + 1);
      assertThat(Files.readString(stat).split(" ", -1)).as("counted from the machine's start").contains(ticks);
      assertThat(take()).as("alive").isNull();
      assertThat(own).isNotNull();
    }
  }

  @Test
  void aClockThatIsSetBackOrForthIsASignOfLifeOnceAndNoMore() throws Exception {
    Path file = folder.resolve("leases").resolve("x");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "elsewhere 17 0 someone");
    Lease.Watcher watcher = new Lease.Watcher(50_000_000);
    for (long jump : new long[]{ 0, -86_400_000L, 86_400_000L }) {
      Files.setLastModifiedTime(file, FileTime.fromMillis(System.currentTimeMillis() + jump));
      assertThat(watcher.take(file)).as("%d ms away", jump).isNull();
      Thread.sleep(60);
    }
    assertThat(watcher.take(file)).as("dead for longer than the limit, a day ahead").isNotNull();
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

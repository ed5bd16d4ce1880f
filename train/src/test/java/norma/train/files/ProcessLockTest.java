package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessLockTest {
  @TempDir
  Path folder;

  private @Nullable ProcessLock take() throws IOException {
    return ProcessLock.take(folder.resolve("x"));
  }

  /// A process that takes the lock, says whether it has it, and stays until it is killed.
  private Process other() throws IOException {
    return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
        System.getProperty("java.class.path"), Taker.class.getName(), folder.resolve("x").toString())
        .redirectError(ProcessBuilder.Redirect.DISCARD).start();
  }

  private static String word(Process process) throws IOException {
    BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
    return reader.readLine();
  }

  static final class Taker {
    private Taker() {}

    public static void main(String[] arguments) throws Exception {
      ProcessLock lock = ProcessLock.take(Path.of(arguments[0]));
      System.out.println(lock == null ? "refused" : "taken");
      if (lock != null) {
        Thread.sleep(60_000);
      }
    }
  }

  @Test
  void ofManyOneGetsIt() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Callable<@Nullable ProcessLock>> takers = IntStream.range(0, 64)
          .mapToObj(i -> (Callable<@Nullable ProcessLock>) this::take).toList();
      List<ProcessLock> taken = threads.invokeAll(takers).stream().map(Future::resultNow).filter(Objects::nonNull)
          .toList();
      for (ProcessLock lock : taken) {
        lock.close(); // the next test's folder may have the inode of this one's
      }
      assertThat(taken).hasSize(1);
    }
  }

  @Test
  void givenBackItIsFreeAndNobodys() throws IOException {
    Objects.requireNonNull(take()).close();
    assertThat(ProcessLock.owner(folder.resolve("x"))).isEmpty();
    try (ProcessLock lock = take()) {
      assertThat(lock).isNotNull();
    }
  }

  /// In a container every process is number 1.
  @Test
  void aNumberThatAnotherProcessHasNowHoldsNothing() throws IOException {
    Files.writeString(folder.resolve("x"), Long.toString(ProcessHandle.current().pid()));
    assertThat(ProcessLock.owner(folder.resolve("x"))).hasValue(ProcessHandle.current().pid());
    assertThat(ProcessLock.holder(folder.resolve("x"))).isEmpty();
    try (ProcessLock lock = take()) {
      assertThat(lock).isNotNull();
      assertThat(ProcessLock.holder(folder.resolve("x"))).hasValue(ProcessHandle.current().pid());
    }
  }

  /// At once, and its owner is still known.
  @Test
  void ofAKilledProcessItIsFree() throws Exception {
    Process other = other();
    try {
      assertThat(word(other)).isEqualTo("taken");
      assertThat(take()).as("its owner lives").isNull();
    } finally {
      other.destroyForcibly().waitFor();
    }
    assertThat(ProcessLock.owner(folder.resolve("x"))).hasValue(other.pid());
    try (ProcessLock lock = take()) {
      assertThat(lock).isNotNull();
      assertThat(ProcessLock.owner(folder.resolve("x"))).hasValue(ProcessHandle.current().pid());
    }
  }

  /// A process loses a lock when it closes the file anywhere: neither a second try nor a look may do that.
  @Test
  void whoAsksInTheOwnersProcessDoesNotFreeIt() throws Exception {
    Files.createSymbolicLink(folder.resolve("link"), folder);
    try (ProcessLock lock = take()) {
      assertThat(lock).isNotNull();
      assertThat(take()).isNull();
      assertThat(ProcessLock.take(folder.resolve("link").resolve("x"))).as("by another path").isNull();
      assertThat(ProcessLock.owner(folder.resolve("x"))).hasValue(ProcessHandle.current().pid());
      Process other = other();
      assertThat(word(other)).isEqualTo("refused");
      assertThat(other.waitFor()).isZero();
    }
  }

  /// A lock of an earlier Norma has other words in it.
  @Test
  void whatStandsInTheFileDecidesNothing() throws IOException {
    Files.writeString(folder.resolve("x"), "elsewhere 17 0 someone");
    assertThat(ProcessLock.owner(folder.resolve("x"))).isEmpty();
    try (ProcessLock lock = take()) {
      assertThat(lock).isNotNull();
    }
  }
}

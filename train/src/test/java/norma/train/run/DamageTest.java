package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import norma.train.files.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Single bytes and lengths of all files of a checkpoint. `-Dnorma.damage=10000` tries so many bytes, and a tenth of it of lengths.
class DamageTest {
  private static final int TRIALS = Integer.getInteger("norma.damage", 400);

  @TempDir
  private Path folder;

  @Test
  void noDamageGoesUnseen() throws Exception {
    Path run = Runs.trained(folder, -1);
    Path newest = run.resolve("checkpoints/step-0000006");
    List<Path> files = Tree.list(newest);
    assertThat(files).hasSize(5);
    Random random = new Random(1);
    for (int trial = 0; trial < TRIALS + TRIALS / 10; trial++) {
      Path file = pick(files, random);
      byte[] bytes = Files.readAllBytes(file);
      byte[] damaged = bytes.clone();
      if (trial < TRIALS) {
        damaged[random.nextInt(bytes.length)] ^= (byte) (1 + random.nextInt(255));
      } else {
        damaged = Arrays.copyOf(bytes, random.nextInt(bytes.length));
      }
      Files.write(file, damaged);
      Throwable thrown = catchThrowable(() -> Checkpoint.verified(newest));
      assertThat(thrown).as("%s, trial %d", file, trial).isInstanceOf(RunException.class)
          .hasMessageContaining(newest.toString()).hasMessageNotContaining("\n");
      if (trial % 100 == 0) {
        assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(3);
      }
      Files.write(file, bytes);
    }
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(6);
  }

  /// Half of the damage is spread over the bytes, half over the files, since some are small.
  private static Path pick(List<Path> files, Random random) throws IOException {
    if (random.nextBoolean()) {
      return files.get(random.nextInt(files.size()));
    }
    long total = 0;
    for (Path file : files) {
      total += Files.size(file);
    }
    long position = random.nextLong(total);
    for (Path file : files) {
      position -= Files.size(file);
      if (position < 0) {
        return file;
      }
    }
    throw new AssertionError();
  }
}

package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeTest {
  @TempDir
  private Path folder;

  @Test
  void nothingIsInAFolderThatIsNotThereButOneThatCannotBeReadIsNotEmpty() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("missing"));
    assertThat(Tree.list(folder)).containsExactly(file, link);
    assertThat(Tree.list(folder.resolve("missing"))).isEmpty();
    assertThatExceptionOfType(NotDirectoryException.class).isThrownBy(() -> Tree.list(file));
    assertThatExceptionOfType(NoSuchFileException.class).isThrownBy(() -> Tree.list(link));
  }

  @Test
  void whatIsKeptStaysWithAllThatIsInItAndAroundIt() throws Exception {
    for (String name : List.of("a/b/file", "a/other", "c/d/file", "last")) {
      Path file = folder.resolve(name);
      Files.createDirectories(file.resolveSibling(""));
      Files.createFile(file);
    }
    Tree.deleteBut(Set.of(folder.resolve("a/b")), folder);
    assertThat(Tree.innermostFirst(folder)).containsExactly(folder.resolve("a/b/file"), folder.resolve("a/b"),
        folder.resolve("a"), folder);
    Path linked = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("a"));
    Tree.delete(folder.resolve("a/b"));
    assertThat(linked).isSymbolicLink();
    Tree.deleteBut(Set.of(folder.resolve("a")), folder);
    assertThat(Tree.list(folder)).containsExactly(folder.resolve("a"));
  }

  /// A run's folder may be looked for while it is made.
  @Test
  void aFolderThatComesAndGoesIsListed() {
    Path coming = folder.resolve("runs");
    CompletableFuture<Void> other = CompletableFuture.runAsync(() -> {
      for (int round = 0; round < 1_500; round++) {
        assertThat(coming.toFile().mkdir()).isTrue();
        assertThat(coming.toFile().delete()).isTrue();
      }
    });
    while (!other.isDone()) {
      assertThatNoException().isThrownBy(() -> Tree.list(coming));
    }
    other.join();
  }

  /// Workers that no lock held apart may clear up after the same run.
  @Test
  void twoMayDeleteTheSame() throws Exception {
    for (int round = 0; round < 5; round++) {
      for (int i = 0; i < 50; i++) {
        Files.createDirectories(folder.resolve("a" + i + "/b/c"));
      }
      CompletableFuture<Void> other = CompletableFuture.runAsync(this::clear);
      clear();
      other.join();
      assertThat(Tree.list(folder)).isEmpty();
    }
  }

  private void clear() {
    try {
      Tree.deleteBut(Set.of(), folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

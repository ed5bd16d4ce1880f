package norma.train.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A folder with all that is in it. Links are not followed.
public final class Tree {
  private Tree() {}

  /// Deletes a folder. Its own files go last: by them one knows what the rest is, should this be cut off.
  public static void delete(Path folder) throws IOException {
    deleteBut(Set.of(), folder);
    Files.delete(folder);
  }

  /// Deletes what is in a folder but for some files and the folders that they are in.
  public static void deleteBut(Set<Path> kept, Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> tree = Files.walk(folder)) {
      Comparator<Path> lastOwn = Comparator
          .comparing(path -> folder.equals(path.getParent()) && !Files.isDirectory(path));
      all = tree.filter(path -> !path.equals(folder) && kept.stream().noneMatch(file -> file.startsWith(path)))
          .sorted(lastOwn.thenComparing(Comparator.reverseOrder())).toList();
    } catch (UncheckedIOException e) { // on the way
      throw e.getCause();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }
}

package norma.train.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/// A folder with all that is in it. Links are not followed.
public final class Tree {
  private Tree() {}

  /// What is in a folder, in the order of the names; nothing where there is none.
  ///
  /// @throws IOException if it cannot be listed: there may be something in it
  public static List<Path> list(Path folder) throws IOException {
    if (Files.notExists(folder, LinkOption.NOFOLLOW_LINKS)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    } catch (UncheckedIOException e) { // on the way
      throw e.getCause();
    }
  }

  /// Deletes a folder. Its own files go last: by them one knows what the rest is, should this be cut off.
  public static void delete(Path folder) throws IOException {
    deleteBut(Set.of(), folder);
    Files.delete(folder);
  }

  /// Deletes what is in a folder but for some paths, what is in them, and the folders that they are in. Another process may do the same.
  public static void deleteBut(Set<Path> kept, Path folder) throws IOException {
    Comparator<Path> lastOwn = Comparator
        .comparing(path -> folder.equals(path.getParent()) && !Files.isDirectory(path));
    List<Path> going = innermostFirst(folder).stream()
        .filter(path -> !path.equals(folder)
            && kept.stream().noneMatch(stays -> stays.startsWith(path) || path.startsWith(stays)))
        .sorted(lastOwn).toList();
    for (Path path : going) {
      Files.deleteIfExists(path);
    }
  }

  /// A folder with all that is in it, each after what is in it.
  public static List<Path> innermostFirst(Path folder) throws IOException {
    try (Stream<Path> tree = Files.walk(folder)) {
      return tree.sorted(Comparator.reverseOrder()).toList();
    } catch (UncheckedIOException e) { // on the way
      throw e.getCause();
    }
  }
}

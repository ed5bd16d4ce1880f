package norma.train.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A folder with all that is in it. Links in it are not followed.
public final class Tree {
  private Tree() {}

  /// What is in a folder, in the order of the names; nothing where there is none.
  ///
  /// @throws IOException if it cannot be listed: there may be something in it
  public static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.sorted().toList();
    } catch (NoSuchFileException e) {
      if (Files.isSymbolicLink(folder)) { // to nothing
        throw e;
      }
      return List.of(); // by now there may be one
    } catch (UncheckedIOException e) { // on the way
      throw e.getCause();
    }
  }

  /// Deletes a folder, if there is one. Its own files go last: by them one knows what the rest is, should this be cut off.
  public static void delete(Path folder) throws IOException {
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      deleteBut(Set.of(), folder);
      Files.delete(folder);
    }
  }

  /// Deletes what is in a folder but for some paths, what is in them, and the folders that they are in. Another process may do the same.
  public static void deleteBut(Set<Path> kept, Path folder) throws IOException {
    Map<Boolean, List<Path>> own = innermostFirst(folder).stream()
        .filter(path -> !path.equals(folder)
            && kept.stream().noneMatch(stays -> stays.startsWith(path) || path.startsWith(stays)))
        .collect(Collectors.partitioningBy(path -> folder.equals(path.getParent()) && !Files.isDirectory(path)));
    for (boolean last : new boolean[]{ false, true }) {
      for (Path path : own.getOrDefault(last, List.of())) {
        Files.deleteIfExists(path);
      }
    }
  }

  /// A folder with all that is in it, each after what is in it. What another process deletes meanwhile may be missing.
  public static List<Path> innermostFirst(Path folder) throws IOException {
    List<Path> all = new ArrayList<>();
    Files.walkFileTree(folder, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
        all.add(path);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
        all.add(path);
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
        if (e instanceof NoSuchFileException && !path.equals(folder)) {
          return FileVisitResult.CONTINUE;
        }
        throw e;
      }
    });
    all.sort(Comparator.reverseOrder());
    return all;
  }
}

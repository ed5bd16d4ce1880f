package norma.train.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.train.config.RunConfig;
import norma.train.files.ProcessLock;
import norma.train.files.TimedFolder;
import norma.train.files.Tree;
import norma.train.metrics.Metrics;
import norma.train.study.StudyFile;
import org.jspecify.annotations.Nullable;

/// A folder that a run or a study has left, found by what lies in it.
///
/// @param path the folder
record StoredWork(Path path, Kind kind) {
  /// Where runs lie, unless `output.dir` says otherwise.
  static final Path RUNS = Path.of(RunConfig.DEFAULT.output().dir());
  static final Path STUDIES = Path.of("studies");

  private static final String NEWEST = "last";
  /// What every run writes. Two of them make a run's folder: each name alone is common.
  private static final List<String> OF_A_RUN = List.of("config.yaml", "environment.json", Metrics.FILE, "checkpoints");
  private static final int DEPTH = 4;

  /// What it is of.
  enum Kind {
    RUN, STUDY,
    /// named like a run's folder, without a run in it
    NOTHING
  }

  /// What a folder holds; null if it is another's.
  static @Nullable StoredWork of(Path folder) {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return null;
    }
    if (StudyFile.isIn(folder) || (Files.isDirectory(folder.resolve("cells")) && Files.isDirectory(folder.resolve(
        "locks")))) {
      return new StoredWork(folder, Kind.STUDY);
    }
    if (OF_A_RUN.stream().filter(name -> Files.exists(folder.resolve(name))).count() > 1) {
      return new StoredWork(folder, Kind.RUN);
    }
    return TimedFolder.day(folder).isPresent() ? new StoredWork(folder, Kind.NOTHING) : null;
  }

  /// All that lies in a folder and the folders in it, the newest last. Links are not followed, and a study's runs are its own.
  static List<StoredWork> below(Path folder) throws IOException {
    List<StoredWork> found = new ArrayList<>();
    StoredWork itself = of(folder);
    if (itself != null && itself.kind != Kind.NOTHING) {
      found.add(itself);
    }
    if (itself == null || itself.kind == Kind.STUDY) {
      collect(folder, DEPTH, found);
    }
    Map<StoredWork, FileTime> changed = new HashMap<>(); // once each: runs that train change meanwhile
    found.forEach(work -> changed.put(work, work.changed()));
    found.sort(Comparator.comparing(changed::get));
    return found;
  }

  private static void collect(Path folder, int depth, List<StoredWork> found) throws IOException {
    for (Path child : folders(folder)) {
      StoredWork work = of(child);
      if (work != null) {
        found.add(work);
      } else if (depth > 1) {
        collect(child, depth - 1, found);
      }
    }
  }

  private static List<Path> folders(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try {
      return Tree.list(folder).stream().filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)
          && !String.valueOf(child.getFileName()).startsWith(".")).toList();
    } catch (AccessDeniedException e) {
      return List.of();
    }
  }

  /// The folder that a name stands for: `last`, the newest, or the beginning of one folder's name, each in `runs` or in the folder before it.
  /// A path that exists, and a name that nothing has, are themselves.
  ///
  /// @throws IllegalArgumentException if several folders have names that begin so
  static Path run(Path given) {
    return named(given, List.of(RUNS));
  }

  /// The same for a command that takes a study's folder, too.
  static Path runOrStudy(Path given) {
    return named(given, List.of(RUNS, STUDIES));
  }

  private static Path named(Path given, List<Path> places) {
    String name = String.valueOf(given.getFileName());
    if (Files.exists(given, LinkOption.NOFOLLOW_LINKS) || name.isEmpty()) {
      return given;
    }
    try {
      List<StoredWork> all = new ArrayList<>();
      for (Path place : given.getParent() == null ? places : List.of(given.getParent())) {
        collect(place, 1, all);
      }
      all.removeIf(work -> work.kind == Kind.NOTHING);
      if (name.equals(NEWEST)) {
        return all.stream().max(Comparator.comparing(StoredWork::changed)).map(StoredWork::path).orElse(given);
      }
      List<Path> matching = all.stream().map(StoredWork::path).filter(path -> name(path).startsWith(name)).toList();
      List<Path> exact = matching.stream().filter(path -> name(path).equals(name)).toList();
      if (matching.size() > 1 && exact.size() != 1) {
        throw new IllegalArgumentException(name + " is the beginning of " + matching.size() + " names: "
            + matching.stream().map(StoredWork::name).collect(Collectors.joining(", ")) + "; give more of one");
      }
      return matching.isEmpty() ? given : exact.size() == 1 ? exact.getFirst() : matching.getFirst();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }

  /// As a command takes it: the name alone where that suffices.
  String shown() {
    return RUNS.equals(path.getParent()) ? name(path) : path.toString();
  }

  /// When it was last written to.
  FileTime changed() {
    FileTime log = changed(path.resolve(Metrics.FILE));
    return log.toMillis() > 0
        ? log
        : Stream.of("", "cells", "runs").map(part -> changed(path.resolve(part))).max(Comparator.naturalOrder())
            .orElseThrow();
  }

  private static FileTime changed(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException e) {
      return FileTime.fromMillis(0);
    }
  }

  /// A process that works on it, if one does.
  OptionalLong owner() throws IOException {
    for (Path lock : locks()) {
      OptionalLong holder = ProcessLock.holder(lock);
      if (holder.isPresent()) {
        return holder;
      }
    }
    return OptionalLong.empty();
  }

  /// The files by which processes say that they work on it.
  List<Path> locks() throws IOException {
    if (kind == Kind.RUN) {
      return List.of(path.resolve("lock"));
    }
    return files().stream().map(File::path).filter(file -> file.endsWith("lock") || Objects.requireNonNull(file
        .getParent()).endsWith("locks")).toList();
  }

  /// A file in it, or a link, which is not followed.
  record File(Path path, long bytes) {}

  /// All files, at any depth.
  List<File> files() throws IOException {
    List<File> files = new ArrayList<>();
    Files.walkFileTree(path, new SimpleFileVisitor<>() {
      @Override
      public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
        files.add(new File(file, attributes.size()));
        return FileVisitResult.CONTINUE;
      }

      @Override
      public FileVisitResult visitFileFailed(Path file, IOException e) {
        return FileVisitResult.CONTINUE; // a run at work replaces its files
      }
    });
    return files;
  }
}

package norma.train.cluster;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import norma.train.config.RunConfig;
import norma.train.data.Corpora;
import norma.train.files.Sha256;
import norma.train.files.Tree;
import norma.train.run.RunException;

/// What travels to the workers: an archive of the files that lie in each work folder.
public final class Luggage implements AutoCloseable {
  private final ZipOutputStream zip;
  private final Set<String> there = new HashSet<>();

  /// @param file to write
  public Luggage(OutputStream file) {
    zip = new ZipOutputStream(file);
  }

  /// Adds a text.
  ///
  /// @param name in a work folder
  public void add(String name, String text) throws IOException {
    zip.putNextEntry(new ZipEntry(name));
    zip.write(text.getBytes(StandardCharsets.UTF_8));
  }

  /// Adds a file, or a folder's files, unless they are there.
  public void add(String name, Path file) throws IOException {
    add(name, file, any -> true);
  }

  /// The same with some of them.
  ///
  /// @param taken says which, by their paths in the folder
  public void add(String name, Path file, Predicate<Path> taken) throws IOException {
    Path real = file.toRealPath(); // a walk does not follow the link that it starts at
    try (Stream<Path> files = Files.walk(real)) {
      for (Path each : files.filter(Files::isRegularFile).filter(path -> taken.test(real.relativize(path))).toList()) {
        String entry = each.equals(real) ? name : name + "/" + real.relativize(each);
        if (there.add(entry)) {
          zip.putNextEntry(new ZipEntry(entry));
          Files.copy(each, zip);
        }
      }
    }
  }

  /// The same configuration with its text, and the weights that it begins with, as they lie in a work folder. Norma brings the built-in texts.
  ///
  /// @param sha256  of the text
  /// @param weights SHA-256 of the weights; empty without
  /// @throws RunException if the text is another now
  public RunConfig packed(RunConfig config, String sha256, String weights) throws IOException {
    Optional<Path> text = Corpora.file(config.data().corpus());
    RunConfig packed = config;
    if (text.isPresent()) {
      String name = "texts/" + sha256 + "/" + text.get().getFileName();
      if (!there.contains(name) && !Sha256.of(text.get()).equals(sha256)) {
        throw new RunException(text.get() + " was changed since it was read; start again");
      }
      add(name, text.get());
      packed = packed.reading(new RunConfig.Corpus.Named(name));
    }
    if (config.train().initFrom().isPresent()) {
      Path checkpoint = config.train().initFrom().get().toAbsolutePath();
      Path run = Path.of("weights", weights);
      Path place = run.resolve("checkpoints").resolve(checkpoint.getFileName());
      add(run.resolve("config.yaml").toString(), checkpoint.resolveSibling("..").resolve("config.yaml"));
      add(place.toString(), checkpoint);
      packed = packed.beginningWith(Optional.of(place));
    }
    return packed;
  }

  /// Adds a user's classes.
  ///
  /// @param classPath of jars, folders, and folders with jars, `libs/*`
  /// @return the same in a work folder
  public String classes(String classPath) throws IOException {
    StringBuilder packed = new StringBuilder();
    for (String entry : List.of(classPath.split(":", -1))) {
      for (Path place : places(entry)) {
        String name = "classes/" + packed.length() + "/" + place.toAbsolutePath().normalize().getFileName();
        add(name, place);
        packed.append(packed.isEmpty() ? "" : ":").append(name);
      }
    }
    return packed.toString();
  }

  /// What an entry of a class path stands for, as Java reads it: nothing where nothing is.
  private static List<Path> places(String entry) throws IOException {
    if (entry.endsWith("/*")) {
      return Tree.list(Path.of(entry.substring(0, entry.length() - 1))).stream()
          .filter(file -> file.toString().endsWith(".jar")).toList();
    }
    return entry.isEmpty() || !Files.exists(Path.of(entry)) ? List.of() : List.of(Path.of(entry));
  }

  @Override
  public void close() throws IOException {
    zip.close();
  }
}

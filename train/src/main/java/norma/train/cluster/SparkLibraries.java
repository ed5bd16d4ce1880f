package norma.train.cluster;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import norma.train.files.Errors;
import norma.train.files.Resource;
import norma.train.files.Sha256;
import norma.train.files.WholeFile;
import norma.train.run.RunException;

/// Spark's jars: those of an installation, or those that the module `cluster` is compiled against, fetched once from Maven Central.
///
/// @param jars to fetch
record SparkLibraries(List<Jar> jars) {
  /// Another address than Maven Central's, such as of a mirror.
  private static final String MAVEN = "NORMA_MAVEN_URL";
  private static final int PATIENCE_MILLIS = 30_000;

  /// A file of a Maven repository.
  ///
  /// @param path below the repository's address
  record Jar(String sha256, long bytes, String path) {
    String name() {
      return path.substring(path.lastIndexOf('/') + 1);
    }
  }

  /// Those that Norma is built for.
  static SparkLibraries own() {
    return of(Resource.text(SparkLibraries.class, "spark-jars.txt"));
  }

  /// @param list a line `sha256 bytes path` for each
  static SparkLibraries of(String list) {
    return new SparkLibraries(list.lines().map(line -> line.split(" ", 3))
        .map(parts -> new Jar(parts[0], Long.parseLong(parts[1]), parts[2])).toList());
  }

  /// The folder of all jars.
  ///
  /// @param environment `SPARK_HOME` is an installation
  /// @param cache       folder that keeps what is fetched
  /// @param news        hears, in one line, that something is fetched
  /// @throws IOException  if a jar cannot be read or written
  /// @throws RunException if one is not what it should be, or the installation has none
  Path folder(Map<String, String> environment, Path cache, Consumer<String> news) throws IOException {
    String home = environment.getOrDefault("SPARK_HOME", "");
    if (!home.isEmpty()) {
      Path installed = Path.of(home, "jars");
      if (!Files.isDirectory(installed)) {
        throw new RunException(
            installed + " is no folder; expected Spark's jars, or no SPARK_HOME: Norma fetches them then");
      }
      return installed;
    }
    String version = jars.stream().map(Jar::name).filter(name -> name.startsWith("spark-core_")).findFirst()
        .orElseThrow()
        .replaceAll(".*-|\\.jar$", "");
    Path folder = cache.resolve("spark-" + version);
    Files.createDirectories(folder);
    List<Jar> missing = jars.stream().filter(jar -> !Files.exists(folder.resolve(jar.name()))).toList();
    if (!missing.isEmpty()) {
      news.accept(
          String.format(Locale.ROOT, "fetching Spark %s, once: %d jars, %.0f MB, to %s", version, missing.size(),
              missing.stream().mapToLong(Jar::bytes).sum() / 1e6, folder));
      String maven = environment.getOrDefault(MAVEN, "https://repo.maven.apache.org/maven2").replaceFirst("/+$", "");
      for (Jar jar : missing) {
        fetch(maven + "/" + jar.path, jar, folder.resolve(jar.name()));
      }
    }
    return folder;
  }

  private static void fetch(String from, Jar jar, Path to) throws IOException {
    WholeFile.write(to, file -> {
      try {
        URLConnection connection = URI.create(from).toURL().openConnection();
        connection.setConnectTimeout(PATIENCE_MILLIS);
        connection.setReadTimeout(PATIENCE_MILLIS);
        try (InputStream in = connection.getInputStream()) {
          Files.copy(in, file);
        }
      } catch (IOException | IllegalArgumentException e) { // the latter where it is no URL
        throw new IOException(
            from + " cannot be read: " + Errors.line(e) + "; expected Maven Central or a mirror, " + MAVEN
                + ", or an installation of Spark, SPARK_HOME",
            e);
      }
      if (!Sha256.of(file).equals(jar.sha256)) {
        throw new RunException(from + " is not what it should be: its SHA-256 is another than " + jar.sha256);
      }
    });
  }
}

package norma.train.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.autodiff.Tape;
import norma.models.Gpt;
import norma.train.files.Resource;
import norma.train.files.Sha256;
import tools.jackson.databind.json.JsonMapper;

/// What a result depends on besides its configuration.
public final class Environment {
  /// The key in `environment.json` of what the run's losses are means over, in a word.
  public static final String TOKEN = "token";

  private Environment() {}

  /// Norma's version.
  public static String version() {
    return Resource.text(Environment.class, "/norma/train/version.properties").strip().replaceFirst("^version=", "");
  }

  /// The source's commit as the launcher found it, or `unknown`.
  public static String commit() {
    return System.getProperty("norma.commit", "unknown");
  }

  /// A digest of Norma's own classes as they lay there when it was first asked for: the same for the same code, wherever and whenever it
  /// was compiled.
  public static String build() {
    return Build.DIGEST;
  }

  /// Some thousand files, read once.
  private static final class Build {
    static final String DIGEST = digest();

    private static String digest() {
      StringBuilder classes = new StringBuilder();
      for (Class<?> module : List.of(Tape.class, Gpt.class, Environment.class)) {
        Path place = place(module);
        try {
          if (Files.isDirectory(place)) {
            digest(place, classes);
          } else {
            try (FileSystem jar = FileSystems.newFileSystem(place)) {
              digest(jar.getPath("/"), classes);
            }
          }
        } catch (IOException e) {
          throw new UncheckedIOException("cannot read Norma's own classes in " + place, e);
        }
      }
      return Sha256.of(classes.toString().getBytes(StandardCharsets.UTF_8)).substring(0, 12);
    }

    private static void digest(Path root, StringBuilder classes) throws IOException {
      try (Stream<Path> files = Files.walk(root)) {
        for (Path file : files.filter(file -> file.toString().endsWith(".class"))
            .sorted(Comparator.comparing(Path::toString)).toList()) {
          classes.append(root.relativize(file)).append(' ').append(Sha256.of(Files.readAllBytes(file))).append('\n');
        }
      }
    }
  }

  /// The jar or folder that a class comes from. Its code source does not say so where the class cache was made elsewhere.
  static Path place(Class<?> type) {
    String file = type.getName().replace('.', '/') + ".class";
    String url = String.valueOf(type.getClassLoader().getResource(file));
    return Path.of(URI.create(url.substring(0, url.length() - file.length()).replaceFirst("^jar:(.*)!/$", "$1")));
  }

  /// Version and maker of the JVM.
  public static String jdk() {
    return (System.getProperty("java.vendor.version", "") + " " + System.getProperty("java.vm.name") + " "
        + Runtime.version()).strip();
  }

  static String json(Session session) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("norma_version", version());
    fields.put("commit", commit());
    fields.put("jdk", jdk());
    fields.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    fields.put("cpu", Machine.cpu());
    fields.put("cores", Runtime.getRuntime().availableProcessors());
    fields.put("backend", session.backend().name());
    fields.put("kernels", session.kernels().getClass().getSimpleName());
    fields.put("threads", session.backend().threads());
    fields.put("backend_description", session.backend().description());
    if (!session.backend().gpu().isEmpty()) {
      fields.put(Comparability.GPU, session.backend().gpu());
    }
    fields.put("corpus", session.corpus().source());
    fields.put("corpus_sha256", session.corpus().sha256());
    session.initial().ifPresent(initial -> fields.put(InitialWeights.SHA256, initial.from().sha256()));
    fields.put(Comparability.VALIDATION, session.validationSha256());
    fields.put(TOKEN, session.config().data().token().word());
    fields.put("tokens", session.corpus().symbols().length);
    fields.put("vocabulary", session.vocabulary().size());
    OwnNorms.describe(session, fields);
    return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(fields) + "\n";
  }
}

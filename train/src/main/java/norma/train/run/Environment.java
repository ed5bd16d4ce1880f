package norma.train.run;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import tools.jackson.databind.json.JsonMapper;

/// What a result depends on besides its configuration.
public final class Environment {
  private Environment() {}

  /// Norma's version.
  public static String version() {
    Properties properties = new Properties();
    try (var in = Environment.class.getResourceAsStream("/norma/train/version.properties")) {
      if (in == null) {
        throw new IllegalStateException("version.properties is missing from the build");
      }
      properties.load(in);
    } catch (IOException e) {
      throw new IllegalStateException("version.properties cannot be read", e);
    }
    return properties.getProperty("version");
  }

  /// The source's commit as the launcher found it, or `unknown`.
  public static String commit() {
    return System.getProperty("norma.commit", "unknown");
  }

  /// Version and maker of the JVM.
  public static String jdk() {
    return System.getProperty("java.vendor.version", "") + " " + System.getProperty("java.vm.name") + " "
        + Runtime.version();
  }

  static String json(Session session) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("norma_version", version());
    fields.put("commit", commit());
    fields.put("jdk", jdk().strip());
    fields.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    fields.put("cpu", Machine.cpu());
    fields.put("cores", Runtime.getRuntime().availableProcessors());
    fields.put("backend", session.backend().name());
    fields.put("kernels", session.kernels().getClass().getSimpleName());
    fields.put("threads", session.backend().threads());
    fields.put("backend_description", session.backend().description());
    fields.put("corpus", session.corpus().source());
    fields.put("corpus_sha256", session.corpus().sha256());
    fields.put("validation_sha256", session.validationSha256());
    fields.put("characters", session.corpus().codePoints().length);
    fields.put("vocabulary", session.vocabulary().size());
    return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(fields) + "\n";
  }
}

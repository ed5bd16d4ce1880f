package norma.train.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import norma.train.files.Sha256;
import norma.train.files.Tree;
import norma.train.run.RunException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SparkLibrariesTest {
  private static final String CORE = "org/apache/spark/spark-core_2.13/4.9.1/spark-core_2.13-4.9.1.jar";
  private static final String OTHER = "com/example/other/1/other-1.jar";

  @TempDir
  Path temp;

  private final List<String> news = new ArrayList<>();

  /// A repository of two files.
  private SparkLibraries published() throws IOException {
    StringBuilder list = new StringBuilder();
    for (String path : List.of(CORE, OTHER)) {
      Path jar = temp.resolve("maven").resolve(path);
      Files.createDirectories(jar.getParent());
      Files.writeString(jar, "the content of " + path);
      list.append(Sha256.of(jar)).append(" 600000 ").append(path).append('\n');
    }
    return SparkLibraries.of(list.toString());
  }

  private Path folder(SparkLibraries libraries) throws IOException {
    return libraries.folder(Map.of("NORMA_MAVEN_URL", temp.resolve("maven").toUri().toString()), temp.resolve("cache"),
        news::add);
  }

  private static List<String> names(Path folder) throws IOException {
    return Tree.list(folder).stream().map(file -> String.valueOf(file.getFileName())).toList();
  }

  @Test
  void whatIsMissingIsFetchedOnceAndSaidInOneLine() throws Exception {
    SparkLibraries libraries = published();
    Path cached = folder(libraries);
    assertThat(cached).isEqualTo(temp.resolve("cache/spark-4.9.1"));
    assertThat(names(cached)).containsExactly("other-1.jar", "spark-core_2.13-4.9.1.jar");
    assertThat(cached.resolve("other-1.jar")).hasContent("the content of " + OTHER);
    Files.delete(temp.resolve("maven").resolve(CORE));
    assertThat(folder(libraries)).isEqualTo(cached);
    assertThat(news).containsExactly("fetching Spark 4.9.1, once: 2 jars, 1 MB, to " + cached);
  }

  @Test
  void aDamagedOneIsRefusedAndNothingOfItIsLeft() throws Exception {
    SparkLibraries libraries = published();
    Path jar = temp.resolve("maven").resolve(OTHER);
    String whole = Files.readString(jar);
    Files.writeString(jar, whole.substring(1));
    assertThatThrownBy(() -> folder(libraries)).isInstanceOf(RunException.class)
        .hasMessageContaining(OTHER + " is not what it should be");
    assertThat(names(temp.resolve("cache/spark-4.9.1"))).containsExactly("spark-core_2.13-4.9.1.jar");
    Files.delete(jar);
    assertThatThrownBy(() -> folder(libraries)).isInstanceOf(IOException.class)
        .hasMessageContainingAll(OTHER, "cannot be read", "NORMA_MAVEN_URL", "SPARK_HOME");
    Files.writeString(jar, whole);
    assertThat(names(folder(libraries))).containsExactly("other-1.jar", "spark-core_2.13-4.9.1.jar");
    assertThat(news.getLast()).as("the other one is there").contains(": 1 jars, 1 MB");
  }

  @Test
  void aMirrorThatIsNoUrlIsNamed() throws Exception {
    SparkLibraries libraries = published();
    for (String mirror : List.of("mirror.example/maven2", "https://mirror example")) {
      assertThatThrownBy(
          () -> libraries.folder(Map.of("NORMA_MAVEN_URL", mirror), temp.resolve("cache"), news::add))
          .isInstanceOf(IOException.class).hasMessageContainingAll(mirror, "cannot be read", "NORMA_MAVEN_URL");
    }
  }

  @Test
  void anInstallationIsTakenAsItIs() throws Exception {
    SparkLibraries libraries = SparkLibraries.own();
    Map<String, String> environment = Map.of("SPARK_HOME", temp.toString());
    assertThatThrownBy(() -> libraries.folder(environment, temp, news::add)).isInstanceOf(RunException.class)
        .hasMessageContainingAll(temp.resolve("jars").toString(), "SPARK_HOME");
    Files.createDirectory(temp.resolve("jars"));
    assertThat(libraries.folder(environment, temp, news::add)).isEqualTo(temp.resolve("jars"));
    assertThat(news).isEmpty();
  }
}

package norma.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class SparkJarsTest {
  private static final Path HOME = Path.of(System.getProperty("norma.home"));

  /// What Norma fetches is what this module was compiled and tested with.
  @Test
  void theListIsOfTheJarsThatAreResolved() throws Exception {
    List<String> lines = new ArrayList<>();
    for (String jar : Files.readString(HOME.resolve("cluster/target/spark.classpath")).strip().split(":", -1)) {
      lines.add(line(Path.of(jar)));
    }
    Path made = Files.write(HOME.resolve("cluster/target/spark-jars.txt"), lines.stream().sorted().toList());
    assertThat(HOME.resolve("train/src/main/resources/norma/train/cluster/spark-jars.txt"))
        .as("cp " + made + " there").hasSameTextualContentAs(made);
  }

  private static String line(Path jar) throws Exception {
    byte[] bytes = Files.readAllBytes(jar);
    String path = jar.toString();
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)) + " " + bytes.length + " "
        + path.substring(path.indexOf("/repository/") + "/repository/".length());
  }
}

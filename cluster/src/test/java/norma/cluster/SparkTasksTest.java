package norma.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A driver with a cluster in its own process.
class SparkTasksTest {
  @TempDir
  Path temp;

  @Test
  void theDriverAndItsTasksEndWithWhoStartedThem() throws Exception {
    Path given = temp.resolve("given.zip");
    try (OutputStream out = Files.newOutputStream(given); ZipOutputStream zip = new ZipOutputStream(out)) {
      zip.putNextEntry(new ZipEntry("README"));
    }
    Path pid = temp.resolve("pid");
    Path tmp = Files.createDirectory(temp.resolve("tmp"));
    String driver = String.join(" ", List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Dspark.master=local[1]", "-Dspark.app.name=x", "-Djava.io.tmpdir=" + tmp, "-cp",
        System.getProperty("java.class.path"),
        "norma.cluster.SparkTasks", "--numbers=0", "--name=x", "--given=" + given,
        "--results=" + temp.resolve("results"), "--host=127.0.0.1", "--with-parent", "/bin/sh", "-c",
        "'echo $$ > " + pid + "; exec sleep 100000'"));
    Process parent = new ProcessBuilder("/bin/sh", "-c", driver + " & wait")
        .redirectErrorStream(true).redirectOutput(temp.resolve("log").toFile()).start();
    while (!Files.exists(pid) || Files.size(pid) == 0) {
      assertThat(parent.isAlive()).as(Files.readString(temp.resolve("log"))).isTrue();
      Thread.sleep(20);
    }
    List<ProcessHandle> all = parent.descendants().toList();
    assertThat(all).hasSize(2);
    parent.destroyForcibly().waitFor();
    all.forEach(process -> process.onExit().join());
    assertThat(temp.resolve("results/0")).doesNotExist();
  }
}

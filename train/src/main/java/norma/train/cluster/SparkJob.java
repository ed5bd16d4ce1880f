package norma.train.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import norma.train.data.Corpora;
import norma.train.files.Installation;
import norma.train.run.RunException;
import org.jspecify.annotations.Nullable;

/// Commands of Norma that run once for each of some numbers, as tasks of Apache Spark. Their driver is a process of its own, as `spark-submit`
/// starts it, so that Spark's settings are where they always are: `spark-defaults.conf` of `SPARK_CONF_DIR`, or of `SPARK_HOME`.
///
/// @param environment of each process: on no command line, and in no log
/// @param command     words of Norma's command line
public record SparkJob(Place place, Work work, Tasks tasks, Map<String, String> environment, List<String> command) {
  /// What stands for a process's number in a command.
  public static final String NUMBER = "{}";

  /// Where a job runs.
  ///
  /// @param libraries folder of Spark's jars
  /// @param tasks     jar of the driver's own classes
  /// @param ship      archive with Norma that travels; null if the workers have it where it is here
  public record Place(SparkMaster master, Path libraries, Path tasks, @Nullable Path ship) {

    /// Finds Spark, or fetches it.
    ///
    /// @param url  of the master, as the command line has it
    /// @param news hears, in one line, that something is fetched
    public static Place of(String url, @Nullable Path ship, Consumer<String> news) throws IOException {
      SparkMaster master = SparkMaster.at(url);
      if (ship != null && (!Files.isRegularFile(ship) || !ship.toString().endsWith(".tar.gz"))) {
        throw new IllegalArgumentException(
            "--ship is " + ship + "; expected a release's archive, norma-*-linux-x86_64.tar.gz");
      }
      Path jar = Installation.file("cluster/norma-cluster.jar");
      if (!Files.exists(jar)) {
        jar = Installation.file("cluster/target/norma-cluster.jar");
      }
      if (!Files.exists(jar)) {
        throw new RunException(jar + " is not there; ./mvnw -Pcluster -pl cluster package makes it");
      }
      return new Place(master, SparkLibraries.own().folder(System.getenv(), Corpora.userCache(), news), jar, ship);
    }
  }

  /// What comes and goes.
  ///
  /// @param name    of the work folders on the workers: the same for the same work
  /// @param numbers `0-3,7`
  /// @param given   archive of the files that lie in each work folder
  /// @param results folder where results are written as they come
  public record Work(String name, String numbers, Path given, Path results) {}

  /// What a task takes, and what becomes of it.
  ///
  /// @param threads of each process
  /// @param gpu     whether each needs one
  /// @param jobs    at once, at most
  /// @param tries   after so many that were killed a process has failed, and one that takes far longer than others is begun elsewhere as well;
  ///                without, killed ones begin again without end
  public record Tasks(int threads, boolean gpu, OptionalInt jobs, OptionalInt tries) {}

  /// The driver, to be started.
  public ProcessBuilder driver() {
    String conf = System.getenv().getOrDefault("SPARK_CONF_DIR", place.libraries.resolveSibling("conf").toString());
    List<String> words = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--sun-misc-unsafe-memory-access=allow", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
        conf + ":" + place.libraries + "/*", "org.apache.spark.deploy.SparkSubmit", "--master", place.master.url(),
        "--name", work.name, "--class", "norma.cluster.SparkTasks", place.tasks.toString()));
    words.addAll(List.of("--numbers=" + work.numbers, "--name=" + work.name, "--given=" + work.given.toAbsolutePath(),
        "--results=" + work.results.toAbsolutePath(), "--host=" + place.master.here().getHostAddress(),
        "--threads=" + tasks.threads, "--with-parent"));
    if (place.ship != null) {
      words.add("--shipped=" + place.ship.toAbsolutePath());
    }
    if (tasks.gpu) {
      words.add("--gpu");
    }
    tasks.jobs.ifPresent(jobs -> words.add("--jobs=" + jobs));
    tasks.tries.ifPresent(tries -> words.add("--tries=" + tries));
    environment.keySet().forEach(name -> words.add("--pass=" + name));
    words.add(place.ship == null ? Installation.file("norma").toString() : "norma");
    words.addAll(command);
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().putAll(environment);
    return builder;
  }
}

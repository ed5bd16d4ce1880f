package norma.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A master and some workers of Spark, each a process of its own on this machine, with an address of loopback, folders and a folder for temporary
/// files of its own: what a network of machines is to Spark. And a user's folder beside it, where commands of Norma's are given.
final class SparkCluster implements AutoCloseable {
  private static final Path HOME = Path.of(System.getProperty("norma.home"));
  static final Path NORMA = HOME.resolve("norma");
  private static final Path SPARK = HOME.resolve("cluster/target/spark");
  private static final Path CLASS_PATH = HOME.resolve("cluster/target/spark.classpath");

  private final Path temp;
  private final List<Process> started = new ArrayList<>();
  private final List<Process> workers = new ArrayList<>();
  final String master;
  final Path user;

  /// @param conf  lines of `spark-defaults.conf`, of the cluster and of its user
  /// @param cores of each worker
  SparkCluster(Path temp, String conf, int machines, int cores) throws Exception {
    this.temp = temp;
    user = Files.createDirectories(temp.resolve("user"));
    install();
    configure(conf);
    Process first = daemon("master", "127.0.0.1", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1",
        "--port",
        "0", "--webui-port", "0");
    master = said(first, "master", "Starting Spark master at (spark://\\S+)");
    for (int i = 1; i <= machines; i++) {
      String name = "worker-" + i;
      workers.add(daemon(name, "127.0.0." + i, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0." + i,
          "--webui-port", "0", "--cores", String.valueOf(cores), "--memory", "600m", "--work-dir",
          temp.resolve(name + "/work").toString(), master));
    }
    for (int i = 1; i <= machines; i++) {
      said(workers.get(i - 1), "worker-" + i, "(Successfully registered)");
    }
  }

  /// What an installation of Spark is, once for all tests.
  private static synchronized void install() throws IOException {
    Path jars = Files.createDirectories(SPARK.resolve("jars"));
    for (String jar : Files.readString(CLASS_PATH).strip().split(":", -1)) {
      Path link = jars.resolve(Path.of(jar).getFileName());
      if (!Files.exists(link)) {
        Files.createSymbolicLink(link, Path.of(jar));
      }
    }
  }

  /// What Spark's settings are for those that start from now on.
  void configure(String conf) throws IOException {
    Files.writeString(Files.createDirectories(temp.resolve("conf")).resolve("spark-defaults.conf"), conf);
  }

  private Process daemon(String name, String address, String... words) throws IOException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-Xmx300m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
        temp.resolve("conf") + ":" + SPARK.resolve("jars") + "/*"));
    command.addAll(List.of(words));
    Path own = Files.createDirectories(temp.resolve(name).resolve("tmp"));
    return start(name, temp.resolve(name),
        Map.of("SPARK_LOCAL_IP", address, "SPARK_PUBLIC_DNS", address, "JAVA_TOOL_OPTIONS",
            "-Djava.io.tmpdir=" + own),
        command);
  }

  private Process start(String name, Path folder, Map<String, String> environment, List<String> command)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile())
        .redirectOutput(temp.resolve(name + ".out").toFile()).redirectError(temp.resolve(name + ".err").toFile());
    Map<String, String> all = new HashMap<>(environment);
    all.putAll(Map.of("SPARK_HOME", SPARK.toString(), "SPARK_CONF_DIR", temp.resolve("conf").toString(),
        "SPARK_SCALA_VERSION", "2.13",
        "SPARK_NO_DAEMONIZE", "1"));
    builder.environment().putAll(all);
    Process process = builder.start();
    started.add(process);
    return process;
  }

  /// Starts Norma in the user's folder.
  Process norma(String name, List<String> words) throws IOException {
    List<String> command = new ArrayList<>(List.of(NORMA.toString()));
    command.addAll(words);
    return start(name, user, Map.of(), command);
  }

  /// The exit code of Norma, which is expected to end.
  int run(String name, List<String> words) throws Exception {
    return norma(name, words).waitFor();
  }

  /// What a process has printed.
  String out(String name) throws IOException {
    return Files.readString(temp.resolve(name + ".out"));
  }

  String err(String name) throws IOException {
    return Files.readString(temp.resolve(name + ".err"));
  }

  /// Everything that anybody has logged or printed, and all command lines of processes that run now.
  List<String> everything() throws IOException {
    List<String> all = new ArrayList<>();
    try (Stream<Path> files = Files.walk(temp)) {
      for (Path file : files.filter(Files::isRegularFile)
          .filter(file -> file.toString().matches(".*(\\.out|\\.err|\\.log|/stdout|/stderr)")).toList()) {
        all.add(Files.readString(file));
      }
    }
    ProcessHandle.current().descendants().forEach(process -> all.add(commandLine(process)));
    return all;
  }

  private String said(Process process, String name, String pattern) throws Exception {
    while (true) {
      Matcher found = Pattern.compile(pattern).matcher(err(name));
      if (found.find()) {
        return found.group(1);
      }
      assertThat(process.isAlive()).as(err(name)).isTrue();
      Thread.sleep(50);
    }
  }

  /// A process below a worker whose command line has a word; waits for it.
  ///
  /// @param number of the worker, from 1
  /// @param user   who must live meanwhile
  ProcessHandle below(int number, String word, Process user) throws Exception {
    while (user.isAlive()) {
      Optional<ProcessHandle> found = workers.get(number - 1).descendants()
          .filter(process -> commandLine(process).contains(word)).findFirst();
      if (found.isPresent()) {
        return found.get();
      }
      Thread.sleep(20);
    }
    throw new AssertionError("ended before there was a process with " + word);
  }

  /// So many processes below all workers; waits for them.
  List<ProcessHandle> all(String word, int count, Process user) throws Exception {
    List<ProcessHandle> found = List.of();
    while (user.isAlive() && found.size() < count) {
      Thread.sleep(20);
      found = workers.stream().flatMap(Process::descendants).filter(process -> commandLine(process).contains(word))
          .toList();
    }
    return found;
  }

  /// With a line feed before each word but the first.
  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", String.valueOf(process.pid()), "cmdline")).replace('\0', '\n');
    } catch (IOException e) {
      return ""; // it has ended
    }
  }

  /// A variable of a process that runs; empty if it has none.
  static String environment(ProcessHandle process, String name) throws IOException {
    String all = Files.readString(Path.of("/proc", String.valueOf(process.pid()), "environ"));
    return Stream.of(all.split("\0", -1)).filter(one -> one.startsWith(name + "=")).findFirst()
        .map(one -> one.substring(name.length() + 1)).orElse("");
  }

  /// Sends a signal, by its name.
  static void signal(String signal, ProcessHandle process) throws Exception {
    assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start().waitFor()).isZero();
  }

  @Override
  public void close() throws Exception {
    for (Process process : started) {
      List<ProcessHandle> all = process.descendants().toList();
      process.destroyForcibly().waitFor();
      all.forEach(ProcessHandle::destroyForcibly);
    }
  }
}

package norma.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.Function;

/// Runs a command once for each of some numbers, as tasks of Apache Spark. `norma study STUDY --emit spark` prints the call:
///
///     spark-submit --class norma.cluster.SparkTasks norma-cluster.jar FOLDER 0-3,7 norma study STUDY --cell
///
/// Each task is a process of its own on a worker, in the folder, which all workers see. So Norma's JVM, its native memory and its crashes
/// stay out of Spark's executors.
public final class SparkTasks {
  private static final int USAGE = 2;
  private static final int FAILED = 3;

  private SparkTasks() {}

  /// Exits with 0 if all processes did, else with 3.
  ///
  /// @param args folder, numbers, words of the command before the number
  public static void main(String[] args) {
    if (args.length < 3) {
      System.err.println("norma: expected FOLDER NUMBERS COMMAND..., got " + String.join(" ", args));
      System.exit(USAGE);
    }
    List<Integer> numbers = numbers(args[1]);
    int failed = 0;
    try (JavaSparkContext spark = new JavaSparkContext(new SparkConf())) {
      spark.setJobGroup("norma", "runs " + args[1], true); // whose processes end with it
      Task task = new Task(args[0], List.of(args).subList(2, args.length));
      for (Ended run : spark.parallelize(numbers, numbers.size()).map(task).collect()) {
        System.out.println(run.lastLine.isEmpty() ? "run " + run.number + ": exit code " + run.code : run.lastLine);
        failed += run.code == 0 ? 0 : 1;
      }
    }
    System.exit(failed == 0 ? 0 : FAILED);
  }

  /// The numbers of `0-3,7`.
  static List<Integer> numbers(String ranges) {
    List<Integer> numbers = new ArrayList<>();
    for (String range : ranges.split(",", -1)) {
      String[] ends = range.split("-", 2);
      IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1])).forEach(numbers::add);
    }
    return numbers;
  }

  /// How a process ended.
  record Ended(int number, int code, String lastLine) implements java.io.Serializable {}

  /// Starts the process of a number and waits for it.
  record Task(String folder, List<String> command) implements Function<Integer, Ended> {
    /// Exit codes above are those of signals, 130 apart: the process was killed.
    private static final int SIGNALS = 128;
    private static final int GRACE_SECONDS = 20;

    Task {
      command = new ArrayList<>(command); // a sublist is not serializable
    }

    @Override
    public Ended call(Integer number) throws IOException, InterruptedException {
      Path log = Files.createTempFile("norma-", ".log");
      List<String> words = new ArrayList<>(command);
      words.add(String.valueOf(number));
      Process process = new ProcessBuilder(words).directory(Path.of(folder).toFile()).redirectErrorStream(true)
          .redirectOutput(log.toFile()).start();
      Thread hook = new Thread(process::destroy);
      Runtime.getRuntime().addShutdownHook(hook); // of an executor that is told to end
      try {
        Ended ended = new Ended(number, process.waitFor(), lastLine(log));
        if (ended.code > SIGNALS && !lastAttempt()) {
          throw new IOException("run " + number + " was killed: exit code " + ended.code);
        }
        return ended;
      } finally {
        process.destroy(); // of a task that is cancelled; the process ends after its step
        if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
        remove(hook);
        Files.deleteIfExists(log);
      }
    }

    private static boolean lastAttempt() {
      return TaskContext.get().attemptNumber() + 1 >= SparkEnv.get().conf().getInt("spark.task.maxFailures", 4);
    }

    private static void remove(Thread hook) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        return; // the executor ends
      }
    }

    private static String lastLine(Path log) throws IOException {
      return Files.readString(log).lines().filter(line -> !line.isBlank()).reduce((a, b) -> b).orElse("");
    }
  }
}

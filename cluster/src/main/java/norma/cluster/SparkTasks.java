package norma.cluster;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import scala.Function2;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.BoxedUnit;

/// Runs a command once for each of some numbers, as tasks of Apache Spark:
///
///     spark-submit --class norma.cluster.SparkTasks norma-cluster.jar --numbers=0-3,7 --name=scale --results=FOLDER
///       --given=FILE.zip norma study scale --cell {}
///
/// Each task is a process of its own on a worker, with the number in place of `{}`, in a work folder of its own, where the files of the
/// archive lie; with `--with-parent` all end when the process has ended that started this one. What it has printed, and the file [WorkerProcess#RESULT] if it left one, are in `FOLDER/NUMBER/` as soon as it has ended, and
/// what runs is in `FOLDER/running/`. No folder is shared.
public final class SparkTasks {
  private static final int USAGE = 2;
  private static final int FAILED = 3;
  /// Spark itself gives up after a minute, and a master that refuses a secret does not say so.
  private static final int REGISTRATION_SECONDS = 20;

  private SparkTasks() {}

  /// Exits with 0 if all processes have ended, however they did.
  ///
  /// @param args options, then the words of the command
  public static void main(String[] args) {
    Map<String, String> options = new HashMap<>();
    int word = 0;
    while (word < args.length && args[word].startsWith("--")) {
      String[] option = args[word++].substring(2).split("=", 2);
      options.merge(option[0], option.length == 1 ? "" : option[1], (one, another) -> one + "\n" + another);
    }
    if (!options.keySet().containsAll(List.of("numbers", "name", "results", "given")) || word == args.length) {
      System.err.println(
          "norma: expected --numbers, --name, --results, --given and a command, got " + String.join(" ", args));
      System.exit(USAGE);
    }
    if (options.containsKey("with-parent")) {
      ProcessHandle.current().parent().ifPresent(SparkTasks::endWith);
    }
    try {
      run(options, List.of(args).subList(word, args.length));
    } catch (SparkException | RuntimeException e) {
      System.err.println(e);
      System.out.println("norma: " + String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
      System.exit(FAILED);
    }
  }

  private static void run(Map<String, String> options, List<String> command) throws SparkException {
    List<Integer> numbers = numbers(options.getOrDefault("numbers", ""));
    SparkConf conf = configuration(new SparkConf(), options, numbers.size());
    String name = options.getOrDefault("name", "");
    Results results = new Results(Path.of(options.getOrDefault("results", "")));
    Thread watch = refused(conf.get("spark.master"));
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      watch.interrupt();
      for (String archive : List.of(WorkerProcess.GIVEN, WorkerProcess.SHIPPED)) {
        if (options.containsKey(archive)) {
          spark.sc().addArchive(Path.of(options.get(archive)).toUri() + "#" + archive);
        }
      }
      Map<String, String> environment = new HashMap<>(System.getenv());
      environment.keySet().retainAll(options.getOrDefault("pass", "").lines().toList());
      WorkerProcess process = new WorkerProcess(name, environment,
          Integer.parseInt(options.getOrDefault("tries", String.valueOf(Integer.MAX_VALUE))), command);
      spark.sc().addSparkListener(new Running(results, numbers));
      spark.setJobGroup("norma", name, true); // whose processes end with it
      List<String> unusable = new CopyOnWriteArrayList<>();
      ClassTag<WorkerProcess.Ended> type = ClassTag$.MODULE$.apply(WorkerProcess.Ended.class);
      Function2<Object, WorkerProcess.Ended, BoxedUnit> each = (partition, ended) -> {
        if (ended.code() == WorkerProcess.NOT_THERE) {
          unusable.add(ended.output());
          spark.cancelJobGroup("norma"); // all others on that worker would fail as fast
        } else {
          results.write(ended);
        }
        return BoxedUnit.UNIT;
      };
      try {
        spark.sc().runJob(spark.parallelize(numbers, numbers.size()).rdd(),
            (Function2<TaskContext, Iterator<Integer>, WorkerProcess.Ended> & Serializable) (context, only) -> process
                .run(only.next()),
            each, type);
      } catch (Exception e) { // runJob declares none, and throws SparkException
        if (unusable.isEmpty()) {
          throw e;
        }
      }
      if (!unusable.isEmpty()) {
        throw new IllegalStateException(unusable.get(0));
      }
    }
  }

  /// What this is not told otherwise, in `spark-defaults.conf`. Executors only wait for processes: they need little memory, and one that is
  /// silent for a minute is lost.
  private static SparkConf configuration(SparkConf conf, Map<String, String> options, int tasks) {
    if (options.containsKey("host") && System.getenv("SPARK_LOCAL_IP") == null) {
      conf.setIfMissing("spark.driver.host", options.get("host"));
    }
    conf.setIfMissing("spark.ui.enabled", "false").setIfMissing("spark.executor.memory", "512m")
        .setIfMissing("spark.network.timeout", "60s")
        // lost executors are no fault of a run; WorkerProcess ends one whose process is killed
        .setIfMissing("spark.task.maxFailures", String.valueOf(Integer.MAX_VALUE))
        .setIfMissing("spark.speculation", String.valueOf(options.containsKey("tries")))
        .setIfMissing("spark.speculation.quantile", "0.5").setIfMissing("spark.speculation.multiplier", "2")
        .setIfMissing("spark.speculation.minTaskRuntime", "5s").setIfMissing("spark.speculation.interval", "1s");
    String threads = options.getOrDefault("threads", "1");
    conf.set("spark.task.cpus", threads);
    if (options.containsKey("jobs")) {
      conf.set("spark.cores.max",
          String.valueOf(Math.min(tasks, Integer.parseInt(options.get("jobs"))) * Integer.parseInt(threads)));
    }
    if (options.containsKey("gpu")) {
      conf.set("spark.task.resource.gpu.amount", "1").setIfMissing("spark.executor.resource.gpu.amount", "1");
    }
    return conf;
  }

  /// Ends this process, and with it Spark's, when another has ended.
  private static void endWith(ProcessHandle other) {
    Thread watch = new Thread(() -> {
      other.onExit().join();
      System.exit(FAILED);
    });
    watch.setDaemon(true);
    watch.start();
  }

  /// Ends this process where the master does not take the application.
  private static Thread refused(String master) {
    Thread watch = new Thread(() -> {
      try {
        Thread.sleep(REGISTRATION_SECONDS * 1000L);
        System.out.println("norma: " + master + " has not taken the application for " + REGISTRATION_SECONDS
            + " s; expected a master of the same version of Spark, and the same spark.authenticate and secret there and "
            + "here, in spark-defaults.conf");
        System.out.flush();
        Runtime.getRuntime().halt(FAILED);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt(); // it was taken
      }
    });
    watch.setDaemon(true);
    watch.start();
    return watch;
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

  /// Where results are written as they come.
  private record Results(Path folder) {
    Results {
      try {
        Files.createDirectories(folder.resolve("running"));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /// A folder that is there as a whole or not at all.
    void write(WorkerProcess.Ended ended) {
      Path whole = folder.resolve(String.valueOf(ended.number()));
      try {
        Path part = Files.createDirectory(folder.resolve(".writing-" + UUID.randomUUID()));
        Files.writeString(part.resolve("exit"), String.valueOf(ended.code()));
        Files.writeString(part.resolve("output"), ended.output());
        if (ended.result().length > 0) {
          Files.write(part.resolve(WorkerProcess.RESULT), ended.result());
        }
        Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    void running(int number, boolean runs) {
      Path file = folder.resolve("running").resolve(String.valueOf(number));
      try {
        Files.deleteIfExists(file);
        if (runs) {
          Files.createFile(file);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// Says for each number whether an attempt runs now.
  private static final class Running extends SparkListener {
    private final Results results;
    private final List<Integer> numbers;
    private final int[] attempts;

    Running(Results results, List<Integer> numbers) {
      this.results = results;
      this.numbers = numbers;
      this.attempts = new int[numbers.size()];
    }

    @Override
    public void onTaskStart(SparkListenerTaskStart start) {
      int index = start.taskInfo().index();
      if (attempts[index]++ == 0) {
        results.running(numbers.get(index), true);
      }
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      int index = end.taskInfo().index();
      if (--attempts[index] == 0) {
        results.running(numbers.get(index), false);
      }
    }
  }
}

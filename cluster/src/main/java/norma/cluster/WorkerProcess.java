package norma.cluster;

import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.SparkFiles;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/// A task: a process in a work folder on a worker's own disk. The folder's name says what is worked on, so an attempt goes on with what a
/// killed one has left on the same machine; it goes once the process has ended. Norma's JVM, its native memory and its crashes stay out of Spark's
/// executors.
///
/// @param name        of the work folders
/// @param environment of the process
/// @param tries       a process that is killed at this attempt of Spark's, or at a later one, has failed
/// @param command     in which `{}` is the number; a first word that is relative begins in [#SHIPPED]
record WorkerProcess(String name, Map<String, String> environment, int tries, List<String> command)
    implements
      Serializable {
  /// What a process leaves for the driver.
  static final String RESULT = "result.zip";
  /// Where Spark unpacks the files that lie in each work folder.
  static final String GIVEN = "given";
  /// Where Spark unpacks the program.
  static final String SHIPPED = "shipped";
  /// The exit code where there is no such program, as in a shell.
  static final int NOT_THERE = 127;
  /// Exit codes above are those of signals, 130 apart: the process was killed.
  private static final int SIGNALS = 128;
  private static final int GRACE_SECONDS = 20;
  private static final int LONGEST_OUTPUT = 1 << 14;

  WorkerProcess {
    environment = new HashMap<>(environment);
    command = new ArrayList<>(command); // a sublist is not serializable
  }

  /// How a process ended.
  ///
  /// @param output end of what it printed
  /// @param result the file that it left; empty without
  record Ended(int number, int code, String output, byte[] result) implements Serializable {}

  /// Starts the process of a number and waits for it. One that is killed makes the task fail, so that Spark tries it again.
  Ended run(int number) {
    try {
      Path program = program();
      if (!Files.isExecutable(program)) {
        return new Ended(number, NOT_THERE, "worker " + InetAddress.getLocalHost().getHostName() + " has no "
            + command.get(0) + "; expected Norma under the same path as here, or --ship with a release's archive",
            new byte[0]);
      }
      Path work = workFolder().resolve(name + "-" + number);
      Files.createDirectories(work);
      show(Path.of(SparkFiles.get(GIVEN)), work);
      Ended ended = run(number, program, work);
      delete(work);
      return ended;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("the task was ended", e);
    }
  }

  private Ended run(int number, Path program, Path work) throws IOException, InterruptedException {
    Path log = Files.createTempFile(work, "output-", ".log");
    List<String> words = new ArrayList<>(command);
    words.set(0, program.toString());
    words.replaceAll(word -> word.equals("{}") ? String.valueOf(number) : word);
    ProcessBuilder builder = new ProcessBuilder(words).directory(work.toFile()).redirectErrorStream(true)
        .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    builder.environment().remove("_SPARK_AUTH_SECRET"); // the executor's
    ResourceInformation gpu = TaskContext.get().resourcesJMap().get("gpu");
    if (gpu != null) {
      builder.environment().put("CUDA_VISIBLE_DEVICES", String.join(",", gpu.addresses()));
    }
    Process process = builder.start();
    Thread hook = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(hook); // of an executor that is told to end
    try {
      int code = process.waitFor();
      if (code > SIGNALS && TaskContext.get().attemptNumber() + 1 < tries) {
        throw new IOException("run " + number + " was killed: exit code " + code);
      }
      Path result = work.resolve(RESULT);
      return new Ended(number, code, end(log), Files.exists(result) ? Files.readAllBytes(result) : new byte[0]);
    } finally {
      process.destroy(); // of a task that is cancelled; the process ends after its step
      if (!process.waitFor(GRACE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
      remove(hook);
      Files.deleteIfExists(log);
    }
  }

  private Path program() throws IOException {
    Path given = Path.of(command.get(0));
    if (given.isAbsolute()) {
      return given;
    }
    try (Stream<Path> top = Files.list(Path.of(SparkFiles.get(SHIPPED)))) { // the archive's one folder
      return top.map(folder -> folder.resolve(given)).filter(Files::isExecutable).findFirst().orElse(given);
    }
  }

  /// This user's, where nobody else could have put anything; named by the number, since a user need not have a name.
  private static Path workFolder() throws IOException {
    Object user = user();
    Path folder = Path.of(System.getProperty("java.io.tmpdir"), "norma-" + user);
    try {
      Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
          || !user.equals(Files.getAttribute(folder, "unix:uid"))) {
        throw new FileSystemException(folder.toString(), null, "it is another user's");
      }
    }
    return folder;
  }

  /// The number of who runs this.
  private static Object user() throws IOException {
    Path file = Files.createTempFile("norma-", "");
    try {
      return Files.getAttribute(file, "unix:uid");
    } finally {
      Files.delete(file);
    }
  }

  /// Makes an archive's files appear in a work folder, by links that an earlier attempt may have made to another copy.
  private static void show(Path archive, Path work) throws IOException {
    try (Stream<Path> files = Files.walk(archive)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path link = work.resolve(archive.relativize(file));
        if (Files.exists(link, LinkOption.NOFOLLOW_LINKS) && !Files.isSymbolicLink(link)) {
          continue; // the attempt's own
        }
        Files.createDirectories(link.getParent());
        Path beside = Files.createSymbolicLink(link.resolveSibling(".link-" + UUID.randomUUID()),
            file.toAbsolutePath());
        Files.move(beside, link, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  /// Another attempt on this machine may write there still: what stays then is its to delete.
  private static void delete(Path work) throws IOException {
    try (Stream<Path> files = Files.walk(work)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    } catch (UncheckedIOException e) {
      return;
    }
  }

  private static void remove(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // the executor ends
    }
  }

  private static String end(Path log) throws IOException {
    byte[] all = Files.readAllBytes(log);
    return new String(Arrays.copyOfRange(all, Math.max(0, all.length - LONGEST_OUTPUT), all.length),
        StandardCharsets.UTF_8);
  }
}

package norma.train.study;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.train.run.RunException;
import norma.train.study.Study.Cell;
import org.jspecify.annotations.Nullable;

/// The processes of this machine that work on a study, or have a cluster work on it.
public final class WorkerProcesses {
  /// The exit code of a worker that another process must replace; above every signal's.
  public static final int AGAIN = 200;

  private static final int RESTARTS = 3;
  /// Exit codes above are those of a signal; this one is Norma's own for an interrupted command.
  private static final int LAST_EXIT_CODE = 130;
  private static final int LOOK_MILLIS = 1000;
  /// To see how far a study is, the logs of all runs under way are read: a fiftieth of the time at most.
  private static final int REST = 50;

  private final StudyFolder folder;
  private final Start process;
  private final Listener listener;
  private final List<Process> processes = new ArrayList<>();
  private final Set<String> shown = new HashSet<>();
  private final Set<String> killedOnce = new HashSet<>();
  private final Semaphore ends = new Semaphore(0); // of workers
  private final long start = System.nanoTime();
  private int restarts;
  private @Nullable StudyProgress seen;
  private long seenAt;
  private long seeingNanos;

  /// Says how one process is started.
  public interface Start {
    ProcessBuilder process() throws IOException;
  }

  /// Hears how far the study is.
  public interface Listener {
    /// Hears of a run that has ended.
    ///
    /// @param number of runs that have ended, this one included
    void ended(int number, Cell cell, CellResult result);

    /// Hears how far the study is, some times a minute.
    ///
    /// @param seconds since the start
    void waiting(StudyProgress progress, double seconds);
  }

  /// @param process one of them
  public WorkerProcesses(StudyFolder folder, Start process, Listener listener) {
    this.folder = folder;
    this.process = process;
    this.listener = listener;
  }

  /// Works until all runs have ended, or it is told to stop.
  ///
  /// @throws RunException if a worker failed
  public void run(int count, AtomicBoolean stop) throws IOException {
    folder.cells().stream().filter(cell -> folder.result(cell) != null).forEach(cell -> shown.add(cell.id()));
    try {
      for (int i = 0; i < count; i++) {
        processes.add(start(i));
      }
      while (!stop.get() && running()) {
        progress();
      }
    } finally {
      processes.forEach(Process::destroy); // a worker that is asked to stop finishes its step
      processes.forEach(process -> process.onExit().join());
    }
    finished();
  }

  private Process start(int number) throws IOException {
    Path log = log(number);
    Files.createDirectories(log.getParent());
    Process started = process.process().redirectErrorStream(true).redirectOutput(Redirect.appendTo(log.toFile()))
        .start();
    var _ = started.onExit().thenRun(ends::release);
    return started;
  }

  /// Others that work on the same folder have logs of their own.
  private Path log(int number) {
    return folder.path().resolve("workers").resolve(ProcessHandle.current().pid() + "-" + number + ".log");
  }

  /// Says whether any worker lives. A worker that was killed or asks for it is replaced; one that failed ends the study with its message.
  private boolean running() throws IOException {
    boolean alive = false;
    for (int i = 0; i < processes.size(); i++) {
      Process process = processes.get(i);
      alive |= process.isAlive();
      if (!process.isAlive() && process.exitValue() != 0) {
        if (process.exitValue() != AGAIN && (process.exitValue() <= LAST_EXIT_CODE || !mayGoOn(process))) {
          throw new RunException("a worker failed: " + lastWords(i, process) + "; its log is " + log(i));
        }
        processes.set(i, start(i));
        alive = true;
      }
    }
    return alive;
  }

  /// A run whose process is killed twice, such as by a system that is short of memory, has failed; the others go on. Whether a killed
  /// worker is to be replaced.
  private boolean mayGoOn(Process killed) throws IOException {
    Optional<Cell> cell = folder.workOf(killed.pid());
    if (cell.isEmpty()) {
      return restarts++ < RESTARTS;
    }
    if (!killedOnce.add(cell.get().id())) {
      folder.fail(cell.get(), "its process was killed twice (exit code " + killed.exitValue()
          + "), as the system does where memory is short; fewer runs at once, --jobs, need less");
    }
    return true;
  }

  private String lastWords(int number, Process process) throws IOException {
    return LastWords.of(new String(Files.readAllBytes(log(number)), StandardCharsets.UTF_8),
        String.valueOf(process.exitValue()));
  }

  private void progress() throws IOException {
    try {
      var _ = ends.tryAcquire(LOOK_MILLIS, TimeUnit.MILLISECONDS); // a worker has ended, or it is time to look
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    finished();
    long now = System.nanoTime();
    StudyProgress progress = seen;
    if (progress == null || now - seenAt > REST * seeingNanos) {
      progress = StudyProgress.of(folder);
      seen = progress;
      seenAt = System.nanoTime();
      seeingNanos = seenAt - now;
    }
    listener.waiting(progress, (System.nanoTime() - start) / 1e9);
  }

  private void finished() throws IOException {
    new ClusterFolder(folder).take();
    for (Cell cell : folder.cells()) {
      CellResult result = shown.contains(cell.id()) ? null : folder.result(cell);
      if (result != null) {
        shown.add(cell.id());
        seen = null;
        listener.ended(shown.size(), cell, result);
      }
    }
  }
}

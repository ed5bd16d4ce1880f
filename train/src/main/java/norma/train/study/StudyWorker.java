package norma.train.study;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.kernels.Backend;
import norma.kernels.cuda.CudaException;
import norma.models.CostModel;
import norma.train.config.ConfigException;
import norma.train.config.RunConfig;
import norma.train.data.DataException;
import norma.train.files.FolderName;
import norma.train.files.ProcessLock;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.report.RunReport;
import norma.train.run.Backends;
import norma.train.run.DivergedException;
import norma.train.run.Environment;
import norma.train.run.Evaluation;
import norma.train.run.Machine;
import norma.train.run.RunException;
import norma.train.run.Session;
import norma.train.run.TrainObserver;
import norma.train.study.Study.Cell;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;

/// Works off a study's cells, one after the other or a single one, beside any number of others like it in this process and in others.
public final class StudyWorker {
  private static final Logger LOG = LogManager.getLogger(StudyWorker.class);
  private static final long WAIT_MILLIS = 500;

  private final StudyFolder folder;
  private final OptionalInt threads;
  private final AtomicBoolean stop;
  private final Training training;
  private boolean gpuFailed;

  /// Trains one configuration to its end.
  interface Training {
    Event.End run(RunConfig config, TrainObserver observer, AtomicBoolean stop);
  }

  /// @param threads of each run whose configuration says `auto`
  /// @param stop    set from outside to end after the current step; the cell that was being worked on goes on next time
  public StudyWorker(StudyFolder folder, OptionalInt threads, AtomicBoolean stop) {
    this(folder, threads, stop, CellTraining::run);
  }

  StudyWorker(StudyFolder folder, OptionalInt threads, AtomicBoolean stop, Training training) {
    this.folder = folder;
    this.threads = threads;
    this.stop = stop;
    this.training = training;
  }

  /// Works until every cell has a result, by this worker or by another; or until a GPU has refused something, as it may refuse this process
  /// everything from then on.
  ///
  /// @return whether another process must go on
  /// @throws IOException if the study's folder cannot be written
  public boolean run() throws IOException {
    while (!stop.get() && !gpuFailed) {
      List<Cell> cells = folder.cells();
      boolean worked = false;
      int open = folder.study().runs() - cells.size(); // reported runs whose settings are not chosen yet
      for (Cell cell : cells) {
        if (folder.result(cell) == null) {
          open++;
          if (attempt(cell)) {
            worked = true;
            break; // a finished run may have decided what comes next
          }
        }
      }
      if (open == 0) {
        return false;
      }
      if (!worked) {
        pause(); // others work on all that is left
      }
    }
    return gpuFailed;
  }

  /// Works until one cell has a result, by this worker or by another. A failed run is tried again.
  ///
  /// @return nothing if it was told to stop
  /// @throws IOException if the study's folder cannot be written
  public Optional<CellResult> run(Cell cell) throws IOException {
    while (!stop.get()) {
      try (ProcessLock lock = folder.lock(cell.id())) {
        CellResult result = lock == null ? null : folder.left(cell) ? train(cell) : folder.result(cell);
        if (result != null) {
          return Optional.of(result);
        }
        if (lock == null) {
          pause(); // a cluster that believes a process to be dead may be wrong
        }
      }
    }
    return Optional.empty();
  }

  /// Runs a cell if nobody else does.
  private boolean attempt(Cell cell) throws IOException {
    try (ProcessLock lock = folder.lock(cell.id())) {
      if (lock == null) {
        return false;
      }
      if (folder.result(cell) == null) { // nobody has finished it between our look and the lock
        train(cell);
      }
      return true;
    }
  }

  /// Trains a cell, or finds the run that has.
  ///
  /// @return null if the run was interrupted or crashed for the first time
  private @Nullable CellResult train(Cell cell) throws IOException {
    Optional<CellResult> adopted = folder.adopt(cell);
    CellResult result = adopted.isPresent() ? adopted.get() : new Attempt(cell).result();
    return result == null ? null : folder.settle(cell, result);
  }

  @SuppressWarnings("ThreadSleepMillis")
  private void pause() {
    try {
      Thread.sleep(WAIT_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      stop.set(true);
    }
  }

  /// One training of a cell. It remembers where the run lies and where it was made, writes its report, and measures the trained model in int8.
  private final class Attempt implements TrainObserver {
    private final Cell cell;
    private final boolean countsMemory = PeakMemory.reset();
    private final long start = System.nanoTime();
    private @Nullable Session trained;
    private @Nullable Path run;
    private double int8Loss = Double.NaN;
    private double unigramLoss = Double.NaN;
    private Map<String, String> fingerprint = Map.of();

    Attempt(Cell cell) {
      this.cell = cell;
    }

    @Override
    public void started(Session session, CostModel cost, Path path) {
      trained = session;
      run = path;
      unigramLoss = session.split().unigramLoss(session.vocabulary().size());
      if (!session.corpus().sha256().equals(cell.candidate().text())) {
        throw new RunException(session.corpus().source() + " was changed since the study was read; start it again");
      }
      fingerprint = machine(session.backend());
      fingerprint.putAll(Map.of("corpus", session.corpus().sha256(), "validation", session.validationSha256()));
    }

    @Override
    public void ended(Event.End end, Path path, double seconds) {
      RunReport.write(path, this::warned);
      if (!cell.tuning() && trained != null && end.reason().equals("completed")) {
        int8Loss = new Evaluation(trained).int8ValidationLoss();
      }
    }

    /// The result, or null if the run was interrupted or crashed for the first time. What is wrong with one run is no reason to end the
    /// others: it fails.
    @Nullable
    CellResult result() throws IOException {
      Path crash = folder.path().resolve("crashes").resolve(cell.id() + ".txt");
      String name = FolderName.of(cell.variant().name() + "-s" + cell.seed(), RunConfig.LONGEST_NAME);
      OptionalInt own = cell.config().runtime().threads();
      RunConfig config = cell.config().placed(name, folder.runs(cell), own.isPresent() ? own : threads);
      try {
        Event.End end = training.run(config, this, stop);
        if (end.reason().equals("interrupted")) {
          return null;
        }
        Files.deleteIfExists(crash);
        return ended(CellResult.COMPLETED, "");
      } catch (DivergedException e) {
        return ended(CellResult.DIVERGED, String.valueOf(e.getMessage()));
      } catch (CudaException | ConfigException | DataException | RunException e) {
        gpuFailed |= e instanceof CudaException;
        return failed(String.valueOf(e.getMessage()), e);
      } catch (OutOfMemoryError e) {
        return failed("out of memory (" + e.getMessage() + "); fewer runs at once, --jobs, need less", e);
      } catch (RuntimeException | Error e) {
        LOG.warn("{} crashed", cell.id(), e);
        boolean again = !Files.exists(crash);
        StringWriter trace = new StringWriter();
        e.printStackTrace(new PrintWriter(trace));
        folder.writeWhole(crash, trace.toString());
        return again ? null : failed(e + "; see " + crash, e);
      }
    }

    private CellResult failed(String why, Throwable e) {
      LOG.warn("{} failed", cell.id(), e);
      try {
        return ended(CellResult.FAILED, why);
      } catch (IOException unreadable) { // what it has logged, if anything
        return CellResult.without(cell.id(), CellResult.FAILED, why);
      }
    }

    private CellResult ended(String status, String error) throws IOException {
      if (run == null) {
        return CellResult.without(cell.id(), status, error);
      }
      Metrics metrics = Metrics.read(run);
      double seconds = Math.max(metrics.wallSeconds(), (System.nanoTime() - start) / 1e9); // of attempts before, too
      Event.End end = metrics.last(Event.End.class).orElse(new Event.End(0, status, Double.NaN, 0, 0, Double.NaN));
      boolean finite = Double.isFinite(end.bestValLoss()) && Double.isFinite(end.finalValLoss());
      return new CellResult(cell.id(), status.equals(CellResult.COMPLETED) && !finite ? CellResult.DIVERGED : status,
          folder.path().relativize(run).toString(), end.bestValLoss(), end.bestStep(), end.finalValLoss(), int8Loss,
          unigramLoss, end.step(), seconds, metrics.tokensPerSecond(),
          countsMemory ? PeakMemory.mebibytes() : Double.NaN, fingerprint, error);
    }
  }

  /// The machine and the build.
  static Map<String, String> machine() {
    return Map.of("cpu", Machine.cpu() + ", " + Machine.vectors(), "jdk", Environment.jdk(), "norma",
        Environment.version() + " " + Environment.build());
  }

  /// The same with a backend and its GPU: sums depend on these besides the configuration.
  static Map<String, String> machine(Backend backend) {
    Map<String, String> machine = new TreeMap<>(machine());
    machine.put("backend", (backend.name() + " " + backend.gpu()).strip());
    return machine;
  }

  /// The same with the backend that a configuration has here.
  ///
  /// @throws RunException if it has none
  static Map<String, String> machine(RunConfig config) {
    try (Backend backend = Backends.choose(config.runtime(), false).backend()) {
      return machine(backend);
    }
  }

  /// Shares the cores among `jobs` processes, or among a study's runs if those are fewer: however many runs are left, each has the threads
  /// of those before it. At most four: with more, a step has more shards and other sums.
  public static int threadsOfEach(int jobs, Study study) {
    return Math.clamp(Runtime.getRuntime().availableProcessors() / Math.clamp(study.runs(), 1, jobs), 1, 4);
  }
}

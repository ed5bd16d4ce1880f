package norma.train.study;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.train.config.RunConfig;
import norma.train.files.Json;
import norma.train.files.ProcessLock;
import norma.train.files.Tree;
import norma.train.files.WholeFile;
import norma.train.metrics.Metrics;
import norma.train.run.RunException;
import norma.train.study.Study.Candidate;
import norma.train.study.Study.Cell;
import norma.train.study.Study.Variant;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/// A study on disk, `studies/<name>/`: `runs/<cell>/` holds each cell's run, `cells/<cell>.json` how it ended, `locks/` who works
/// on what. Everything else follows from these, so any number of processes may share the folder.
public final class StudyFolder {
  /// A cell's run lies in the study's folder and nowhere else.
  private static final Pattern RUN = Pattern.compile("(runs(/[A-Za-z0-9][A-Za-z0-9._-]*)+)?");

  private final Study study;
  private final Path path;
  // None of them changes any more.
  private final List<Cell> tuning;
  private final Map<String, Cell> known = new ConcurrentHashMap<>(); // reported
  private final Map<String, CellResult> finished = new ConcurrentHashMap<>();
  private final Map<String, RunReading> readings = new ConcurrentHashMap<>();
  private final Map<RunConfig.Runtime, Optional<Map<String, String>>> machines = new ConcurrentHashMap<>();

  /// @param path is created when something is written
  public StudyFolder(Study study, Path path) {
    this.study = study;
    this.path = path;
    this.tuning = study.tuningCells();
  }

  /// The study.
  public Study study() {
    return study;
  }

  /// The folder itself.
  public Path path() {
    return path;
  }

  Path runs(Cell cell) {
    return path.resolve("runs").resolve(cell.id());
  }

  /// The right to work on what has a name of its own in `locks/`, as each cell does; null if somebody does.
  public @Nullable ProcessLock lock(String name) throws IOException {
    Files.createDirectories(lockFile(name).getParent());
    return ProcessLock.take(lockFile(name));
  }

  private Path lockFile(String name) {
    return path.resolve("locks").resolve(name);
  }

  /// Says how a cell ended; null if it has not.
  ///
  /// @throws RunException         if the file is damaged
  /// @throws UncheckedIOException if it cannot be read
  public @Nullable CellResult result(Cell cell) {
    CellResult known = finished.get(cell.id());
    Path file = resultFile(cell);
    if (known != null || !Files.exists(file)) {
      return known;
    }
    try {
      CellResult result = read(file);
      keep(cell, result);
      return result;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static CellResult read(Path file) throws IOException {
    try {
      CellResult result = Json.record(Json.read(file), CellResult.class);
      if (RUN.matcher(result.folder()).matches()) {
        return result;
      }
      throw new RunException(
          file + " is damaged: its folder is not one below runs; delete it, and the run is repeated");
    } catch (JacksonException e) {
      throw new RunException(file + " is damaged: " + Json.problem(e) + "; delete it, and the run is repeated",
          e);
    }
  }

  /// Says whether the next start runs a cell: it has no result, or it failed.
  public boolean left(Cell cell) {
    CellResult result = result(cell);
    return result == null || result.failed();
  }

  /// Forgets the results of runs that failed, so that workers try them again.
  ///
  /// @return how many
  public int reopenFailed() throws IOException {
    int reopened = 0;
    for (Cell cell : cells()) {
      CellResult result = result(cell);
      if (result != null && result.failed()) {
        Files.deleteIfExists(resultFile(cell));
        reopened++;
      }
    }
    return reopened;
  }

  /// Says whether a process of this machine holds a cell's lock.
  boolean isWorkedOn(Cell cell) throws IOException {
    return ProcessLock.holder(lockFile(cell.id())).isPresent();
  }

  /// The open cell that a process works on, or did when it was killed.
  Optional<Cell> workOf(long pid) throws IOException {
    for (Cell cell : cells()) {
      if (result(cell) == null && ProcessLock.owner(lockFile(cell.id())).equals(OptionalLong.of(pid))) {
        return Optional.of(cell);
      }
    }
    return Optional.empty();
  }

  /// Records that a cell has failed.
  void fail(Cell cell, String why) throws IOException {
    write(cell, CellResult.without(cell.id(), CellResult.FAILED, why));
  }

  /// Reads, once, what a finished run has recorded: nothing if its folder was cleared away, or it never had one.
  RunReading reading(CellResult result) {
    return readings.computeIfAbsent(result.folder(), folder -> {
      Path run = path.resolve(folder);
      try {
        return folder.isEmpty() || !Files.exists(run.resolve(Metrics.FILE)) ? RunReading.NOTHING : RunReading.of(run);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    });
  }

  /// A run of another variant or study that does the same work as a cell.
  record Twin(CellResult result, Path run) {}

  /// Finds a cell's run under another variant's name, in this study or in one beside it. The hash says that configuration, text and seed are
  /// the same; machine, build and backend must be as well.
  ///
  /// @return nothing if there is no such run
  Optional<Twin> twin(Cell cell) throws IOException {
    for (Path file : twins(cell)) {
      try {
        CellResult found = read(file);
        Path run = file.resolveSibling("..").resolve(found.folder()).normalize();
        if ((found.diverged() || (found.completed() && (cell.tuning() || !Double.isNaN(found.int8Loss()))))
            && Files.exists(run.resolve(Metrics.FILE))
            && machine(cell.config()).filter(m -> found.fingerprint().entrySet().containsAll(m.entrySet()))
                .isPresent()) {
          return Optional.of(new Twin(found, run));
        }
      } catch (IOException | RunException _) {
        // another's that is damaged, which is for those to say whose it is
      }
    }
    return Optional.empty();
  }

  /// Asked once for all runs alike: a GPU takes a moment to be ready. Nothing where the backend is missing, which the run says.
  private Optional<Map<String, String>> machine(RunConfig config) {
    return machines.computeIfAbsent(config.runtime(), _ -> {
      try {
        return Optional.of(StudyWorker.machine(config));
      } catch (RunException _) {
        return Optional.empty();
      }
    });
  }

  /// Copies a cell's run here that has been trained under another name.
  Optional<CellResult> adopt(Cell cell) throws IOException {
    Optional<Twin> twin = twin(cell);
    if (twin.isEmpty()) {
      return Optional.empty();
    }
    Path copy = runs(cell).resolve(twin.get().run().getFileName());
    copy(twin.get().run(), copy);
    return Optional.of(twin.get().result().as(cell.id(), path.relativize(copy).toString()));
  }

  /// Results of the same hash in all studies beside this one, its own among them.
  private List<Path> twins(Cell cell) throws IOException {
    List<Path> twins = new ArrayList<>();
    for (Path study : Tree.list(path.toAbsolutePath().resolveSibling(""))) {
      try {
        Tree.list(study.resolve("cells")).stream()
            .filter(file -> file.toString().endsWith(cell.hash() + ".json")).forEach(twins::add);
      } catch (IOException _) {
        // no study, another user's, or removed meanwhile: no twin
      }
    }
    return twins;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  /// Records how a cell ended.
  void write(Cell cell, CellResult result) throws IOException {
    writeWhole(resultFile(cell), Json.text(result));
    keep(cell, result);
  }

  /// One that failed may be tried again, by another process too.
  private void keep(Cell cell, CellResult result) {
    if (result.failed()) {
      finished.remove(cell.id());
    } else {
      finished.put(cell.id(), result);
    }
  }

  /// Records how a cell ended, unless that is known: of two attempts by processes that no lock held apart the first one counts. What
  /// interrupted attempts have left beside the run that counts is deleted.
  ///
  /// @return what is recorded now
  CellResult settle(Cell cell, CellResult result) throws IOException {
    CellResult counts = result(cell);
    if (counts == null || counts.failed()) {
      write(cell, result);
      counts = result;
    }
    if (!counts.folder().isEmpty() && Files.exists(runs(cell))) {
      Tree.deleteBut(Set.of(path.resolve(counts.folder())), runs(cell));
    }
    return counts;
  }

  /// A file that is there as a whole or not at all.
  void writeWhole(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    WholeFile.write(file, text);
  }

  private Path resultFile(Cell cell) {
    return path.resolve("cells").resolve(cell.id() + ".json");
  }

  /// The candidate of a variant with the lowest mean of the best validation losses over the tuning seeds; one that diverged or failed on
  /// a seed comes after all that did not. Empty until all have run.
  public Optional<Candidate> winner(Variant variant) {
    if (!variant.tuned()) {
      return Optional.of(variant.candidates().getFirst());
    }
    Map<Candidate, List<Double>> losses = new LinkedHashMap<>();
    for (Cell cell : tuning) {
      if (cell.variant().equals(variant)) {
        CellResult result = result(cell);
        if (result == null) {
          return Optional.empty();
        }
        losses.computeIfAbsent(cell.candidate(), candidate -> new ArrayList<>())
            .add(result.completed() ? result.bestLoss() : Double.POSITIVE_INFINITY);
      }
    }
    return losses.entrySet().stream().min(Comparator.comparingDouble(
        e -> e.getValue().stream().mapToDouble(Double::doubleValue).average().orElse(Double.POSITIVE_INFINITY)))
        .map(Map.Entry::getKey);
  }

  /// All cells that are known now: those that tune, and the reported ones of variants whose settings are chosen. Seed by seed, so
  /// that a study that is stopped early has whole pairs.
  public List<Cell> cells() {
    return List.copyOf(numbered().values());
  }

  /// The same by number, from 0. A number is the same run at all times: those that are not known yet leave theirs free.
  public SortedMap<Integer, Cell> numbered() {
    SortedMap<Integer, Cell> cells = new TreeMap<>();
    for (Cell cell : tuning) {
      cells.put(cells.size(), cell);
    }
    Map<Variant, Candidate> winners = new HashMap<>();
    for (Variant variant : study.variants()) {
      winner(variant).ifPresent(winner -> winners.put(variant, winner));
    }
    int number = cells.size();
    for (long seed : study.seeds()) {
      for (Variant variant : study.variants()) {
        Candidate winner = winners.get(variant);
        if (winner != null) {
          cells.put(number, reported(variant, winner, seed));
        }
        number++;
      }
    }
    return cells;
  }

  /// Made once: its name is a hash of its whole configuration.
  private Cell reported(Variant variant, Candidate winner, long seed) {
    return known.computeIfAbsent(variant.name() + " " + winner.label() + " " + seed,
        _ -> study.cell(variant, winner, seed));
  }

  /// The reported results of a variant by seed, as far as they are there.
  public Map<Long, CellResult> reported(Variant variant) {
    Map<Long, CellResult> results = new LinkedHashMap<>();
    winner(variant).ifPresent(winner -> study.seeds().forEach(seed -> {
      CellResult result = result(reported(variant, winner, seed));
      if (result != null) {
        results.put(seed, result);
      }
    }));
    return results;
  }
}

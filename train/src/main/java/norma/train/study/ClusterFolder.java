package norma.train.study;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipInputStream;
import norma.train.cluster.Luggage;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.files.Json;
import norma.train.files.ProcessLock;
import norma.train.files.Tree;
import norma.train.files.WholeFile;
import norma.train.report.RunReport;
import norma.train.run.RunException;
import norma.train.run.RunFolder;
import norma.train.study.Study.Candidate;
import norma.train.study.Study.Cell;
import norma.train.study.Study.Variant;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/// `cluster/` in a study's folder, where nothing else of it is shared with the machines that train: an archive that goes to them, and what comes
/// back. A worker has a study's folder of its own, with `study.json` and the results by which settings were chosen.
///
/// @param folder of the study
public record ClusterFolder(StudyFolder folder) {
  private static final Logger LOG = LogManager.getLogger(ClusterFolder.class);
  /// What a run's process leaves for the driver.
  public static final String RESULT = "result.zip";
  /// Its first entry: whose run it is.
  private static final String RECORD = "result.json";
  private static final int MOST_RECORD_BYTES = 1 << 20;

  private Path path() {
    return folder.path().resolve("cluster");
  }

  /// What goes to the workers.
  public Path given() {
    return path().resolve("given.zip");
  }

  /// Where results are written as they come, `NUMBER/`, and which runs are worked on, `running/NUMBER`.
  public Path results() {
    return path().resolve("results");
  }

  /// Writes the archive.
  ///
  /// @param classPath of a user's norms
  /// @return the class path in a work folder
  public String pack(String classPath) throws IOException {
    Files.createDirectories(results());
    Tree.delete(results().resolve("running")); // of a driver that was killed
    try (OutputStream file = Files.newOutputStream(given()); Luggage luggage = new Luggage(file)) {
      List<Variant> variants = new ArrayList<>();
      for (Variant variant : folder.study().variants()) {
        List<Candidate> candidates = new ArrayList<>();
        for (Candidate candidate : variant.candidates()) {
          candidates.add(candidate.with(luggage.packed(candidate.config(), candidate.text(), candidate.weights())));
        }
        variants.add(variant.with(candidates));
      }
      Study study = folder.study();
      String place = "studies/" + study.name() + "/"; // where a worker looks for it
      luggage.add(place + StudyFile.FILE, StudyFile.text(
          new Study(study.name(), study.title(), study.note(), study.seeds(), study.tuneSeeds(), variants), ""));
      for (Cell cell : study.tuningCells()) {
        CellResult result = folder.result(cell);
        if (result != null) {
          luggage.add(place + "cells/" + cell.id() + ".json", Json.text(result));
        }
      }
      return luggage.classes(classPath);
    }
  }

  /// Writes what a run has left, on a worker: its result and its folder, without weights.
  public static void packResult(StudyFolder folder, CellResult result, Path file) throws IOException {
    WholeFile.write(file, beside -> {
      try (OutputStream out = Files.newOutputStream(beside); Luggage luggage = new Luggage(out)) {
        luggage.add(RECORD, Json.text(result));
        if (!result.folder().isEmpty()) {
          luggage.add(result.folder(), folder.path().resolve(result.folder()), path -> !path.startsWith("checkpoints"));
        }
      }
    });
  }

  /// Takes what has come back into the study's folder, of two results of a run the first. An archive says whose it is: where the study was edited
  /// after its driver was killed, the number is another run's.
  public void take() throws IOException {
    Map<Integer, Cell> numbered = folder.numbered();
    Map<String, Cell> named = numbered.values().stream().collect(Collectors.toMap(Cell::id, cell -> cell));
    for (Path returned : Tree.list(results())) {
      String number = String.valueOf(returned.getFileName());
      if (!number.matches("\\d{1,9}")) {
        continue; // what the driver has not written to its end
      }
      Cell cell = named.get(owner(returned.resolve(RESULT)));
      if (cell == null) {
        cell = numbered.get(Integer.parseInt(number));
      }
      if (cell != null) {
        try (ProcessLock lock = folder.lock(cell.id())) {
          if (lock != null && Files.exists(returned)) {
            take(cell, returned);
            Tree.delete(returned);
          }
        }
      }
    }
  }

  /// Whose run an archive says that it is; empty where there is none, or a damaged one.
  private static String owner(Path archive) throws IOException {
    if (!Files.exists(archive)) {
      return "";
    }
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(archive))) {
      return record(zip).cell();
    } catch (ZipException | EOFException | JacksonException | IllegalArgumentException e) {
      return ""; // which #unpackedIfWhole says
    }
  }

  private static CellResult record(ZipInputStream zip) throws IOException {
    ZipEntry record = zip.getNextEntry();
    if (record == null || !record.getName().equals(RECORD)) { // as of a file that is empty or no archive
      throw new EOFException("it has no " + RECORD);
    }
    return Json.record(Json.parse(new String(zip.readNBytes(MOST_RECORD_BYTES), StandardCharsets.UTF_8)),
        CellResult.class);
  }

  private void take(Cell cell, Path returned) throws IOException {
    CellResult result = Files.exists(returned.resolve(RESULT))
        ? unpackedIfWhole(cell, returned.resolve(RESULT))
        : CellResult.without(cell.id(), CellResult.FAILED, LastWords.of(Files.readString(returned.resolve("output")),
            Files.readString(returned.resolve("exit"))));
    if (result != null) {
      folder.settle(cell, result);
    }
  }

  /// A damaged archive is a run that failed, not the end of the others.
  private @Nullable CellResult unpackedIfWhole(Cell cell, Path archive) throws IOException {
    try {
      return unpacked(cell, archive);
    } catch (ZipException | EOFException | JacksonException | IllegalArgumentException e) { // the last: names that are no paths
      return CellResult.without(cell.id(), CellResult.FAILED, "what came back from the cluster is damaged: "
          + (e instanceof JacksonException json ? Json.problem(json) : Json.printable(String.valueOf(e.getMessage()))));
    }
  }

  /// Unpacks a run beside others, and gives it the study's own names for its text and the weights that it began with.
  ///
  /// @return null if the study has it no more: it was edited since its driver was killed
  private @Nullable CellResult unpacked(Cell cell, Path archive) throws IOException {
    Path runs = folder.runs(cell).toAbsolutePath().normalize();
    CellResult found;
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(archive))) {
      found = record(zip);
      if (!found.cell().equals(cell.id())) {
        LOG.warn("what came back from the cluster for {} is deleted: the study has this run no more", found.cell());
        return null;
      }
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = below(runs, entry.getName(), archive);
        Files.createDirectories(file.getParent());
        Files.copy(zip, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    if (!found.folder().isEmpty() && Files.exists(below(runs, found.folder(), archive))) {
      Path run = folder.path().resolve(found.folder());
      RunFolder made = RunFolder.open(run);
      RunConfig config = made.config(List.of()).reading(cell.config().data().corpus())
          .beginningWith(cell.config().train().initFrom());
      WholeFile.write(made.configFile(), RunConfigWriter.yaml(config));
      RunReport.write(run);
    }
    return found;
  }

  /// A place that an archive names in the study's folder.
  ///
  /// @throws RunException if it is not the run's own
  private Path below(Path runs, String name, Path archive) {
    Path place = folder.path().toAbsolutePath().resolve(name).normalize();
    if (!place.startsWith(runs)) {
      throw new RunException(archive + " has a file of another run, " + Json.printable(name)
          + "; delete it, and the run is repeated");
    }
    return place;
  }

  /// How long a worker has been at a run, in seconds; nothing if none is.
  OptionalDouble secondsOf(int number) {
    try {
      FileTime begun = Files.getLastModifiedTime(results().resolve("running").resolve(String.valueOf(number)));
      return OptionalDouble.of((System.currentTimeMillis() - begun.toMillis()) / 1e3);
    } catch (IOException e) {
      return OptionalDouble.empty();
    }
  }

  /// Deletes it, once all has been taken.
  public void delete() throws IOException {
    Tree.delete(path());
  }
}

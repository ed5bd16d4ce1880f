package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import norma.autodiff.Parameter;
import norma.optim.Optimizer;
import norma.train.config.RunConfigWriter;
import norma.train.files.Sha256;
import norma.train.files.Disk;
import norma.train.files.Errors;
import norma.train.files.Tree;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;

/// Writes a run's checkpoints, and deletes old ones. Whenever this is cut off, by a kill or a power cut, the old or the new checkpoint
/// is whole (`docs/decisions/0006-checkpoints.md` has the order of operations and why).
final class CheckpointWriter {
  private static final String ASIDE = "aside-";
  private static final String DELETING = ".deleting-";
  private static final Pattern LEFT_BEHIND = Pattern
      .compile("(" + Pattern.quote(Disk.WRITING) + "|" + Pattern.quote(DELETING) + ")" + Checkpoint.NAME.pattern());

  private final Path run;
  private final Path all;
  private final Session session;
  private final List<Optimizer.State> moments;
  private final Disk disk;
  private final Consumer<String> warnings;
  private final Set<Path> notDeleted = new HashSet<>();

  /// @param run      its folder
  /// @param warnings hears, in one line, what cannot be deleted
  CheckpointWriter(Path run, Session session, List<Optimizer.State> moments, Disk disk, Consumer<String> warnings) {
    this.run = run;
    this.all = run.resolve(Checkpoint.ALL);
    this.session = session;
    this.moments = moments;
    this.disk = disk;
    this.warnings = warnings;
  }

  /// Writes a checkpoint of the weights as they are, reads it again, and only then deletes those that are neither among
  /// the newest nor the best nor needed for a rollback. One of this step that is there already, whole, is left as it is: an earlier
  /// attempt failed after it had its name. What cannot be deleted is a warning.
  ///
  /// @throws IOException if that fails; the checkpoints that were there still are
  Path write(Progress progress) throws IOException {
    if (!disk.exists(all)) {
      disk.createFolder(all);
    }
    disk.sync(run); // every time: it may have failed when the folder was new
    clearLeftBehind();
    Path target = all.resolve(Checkpoint.nameOf(progress.step()));
    if (isWhole(target, progress)) {
      disk.sync(all);
    } else {
      writeTo(target, progress);
    }
    try {
      deleteOld(target, progress.anchor());
    } catch (RunException e) {
      warnings.accept(e.getMessage() + "; no old checkpoint is deleted now");
    }
    return target;
  }

  private boolean isWhole(Path target, Progress progress) {
    try {
      return disk.exists(target.resolve(Manifest.FILE))
          && Checkpoint.verified(target).state().progress().metricsBytes() == progress.metricsBytes();
    } catch (RunException e) {
      return false; // what is damaged is set aside
    }
  }

  private void writeTo(Path target, Progress progress) throws IOException {
    Path beside = all.resolve(Disk.WRITING + target.getFileName());
    disk.createFolder(beside);
    try {
      writeFiles(beside, progress);
    } catch (IOException e) {
      giveBack(beside, e);
      throw e;
    }
    disk.sync(beside);
    if (disk.exists(target)) { // damaged or incomplete, else the run would have gone on from it
      setAside(target);
    }
    disk.move(beside, target);
    disk.sync(all);
    try {
      Checkpoint.verify(target);
    } catch (RunException e) {
      throw new IOException("read again, " + e.getMessage(), e);
    }
  }

  private void writeFiles(Path folder, Progress progress) throws IOException {
    Map<String, Disk.Content> contents = new LinkedHashMap<>();
    contents.put(Checkpoint.WEIGHTS, file -> Safetensors.write(file, tensors(),
        Map.of("step", Integer.toString(progress.step()))));
    contents.put(Checkpoint.VOCABULARY, file -> Files.writeString(file, session.vocabulary().json() + "\n"));
    contents.put(Checkpoint.CONFIG, file -> Files.writeString(file, RunConfigWriter.yaml(session.config())));
    contents.put(Checkpoint.STATE, file -> TrainingState.write(file, progress, session, moments));
    Map<String, String> hashes = new LinkedHashMap<>();
    for (Map.Entry<String, Disk.Content> content : contents.entrySet()) {
      Path file = folder.resolve(content.getKey());
      disk.write(file, content.getValue());
      disk.sync(file);
      hashes.put(content.getKey(), Sha256.of(file));
    }
    double loss = progress.lastEvaluated() == progress.step() ? progress.lastLoss() : Double.NaN;
    byte[] manifest = new Manifest(progress.step(), loss, hashes).bytes();
    disk.write(folder.resolve(Manifest.FILE), file -> Files.write(file, manifest));
    disk.sync(folder.resolve(Manifest.FILE));
  }

  private Map<String, Tensor> tensors() {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Parameter parameter : session.weights().parameters()) {
      double[] values = session.backend().read(session.weights().of(parameter));
      float[] floats = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        floats[i] = (float) values[i];
      }
      tensors.put(parameter.name(), new Tensor(parameter.shape(), floats));
    }
    return tensors;
  }

  /// Keeps the newest up to the one just written, the best, those that a rollback from any of them would go to, and all that it does
  /// not know or cannot read.
  private void deleteOld(Path written, int anchor) throws IOException {
    Map<Path, Double> losses = Checkpoint.losses(run, Checkpoint.stepOf(written), (folder, damage) -> {
      if (notDeleted.add(folder)) {
        warnings.accept(damage.getMessage() + "; it is not counted, and not deleted");
      }
    });
    List<Path> complete = List.copyOf(losses.keySet());
    if (complete.isEmpty()) {
      return;
    }
    Set<Path> kept = new HashSet<>(complete.subList(
        Math.max(0, complete.size() - session.config().train().keepCheckpoints()), complete.size()));
    kept.add(Checkpoint.best(losses).orElse(complete.getLast()));
    for (Path folder : List.copyOf(kept)) {
      kept.add(all.resolve(Checkpoint.nameOf(folder.equals(written) ? anchor : anchorOf(folder))));
    }
    for (Path folder : complete) {
      if (!kept.contains(folder)) {
        try {
          Path renamed = all.resolve(DELETING + folder.getFileName()); // cut off from here on, it is no checkpoint
          disk.move(folder, renamed);
          disk.sync(all);
          delete(renamed);
        } catch (IOException e) {
          warnOnce(folder, e);
        }
      }
    }
  }

  private static int anchorOf(Path folder) {
    try {
      return TrainingState.read(folder.resolve(Checkpoint.STATE)).progress().anchor();
    } catch (NoSuchFileException | RunException e) {
      return Checkpoint.stepOf(folder); // damaged or gone: it leads nowhere
    } catch (IOException e) { // what it leads to is not known now
      throw new RunException("cannot read " + folder + ": " + Errors.line(e), e);
    }
  }

  /// Gives every checkpoint after a step another name, as the run goes on from there: they are damaged, or led to numbers that are not
  /// finite.
  void setAsideAfter(int step) throws IOException {
    for (Path folder : Checkpoint.folders(run)) {
      if (Checkpoint.stepOf(folder) > step && disk.exists(folder.resolve(Manifest.FILE))) {
        setAside(folder);
      }
    }
  }

  private void setAside(Path folder) throws IOException {
    Path aside = all.resolve(ASIDE + folder.getFileName());
    for (int i = 2; disk.exists(aside); i++) {
      aside = all.resolve(ASIDE + folder.getFileName() + "-" + i);
    }
    disk.move(folder, aside);
    disk.sync(all);
  }

  /// Deletes what an interrupted write or deletion has left, by the names that only Norma gives.
  private void clearLeftBehind() throws IOException {
    for (Path folder : Tree.list(all)) {
      if (LEFT_BEHIND.matcher(String.valueOf(folder.getFileName())).matches()) {
        try {
          delete(folder);
        } catch (IOException e) {
          warnOnce(folder, e);
        }
      }
    }
  }

  private void warnOnce(Path folder, IOException e) {
    if (notDeleted.add(folder)) {
      warnings
          .accept("cannot delete " + folder + ": " + Errors.line(e) + "; the checkpoints beside it are not touched");
    }
  }

  /// A full disk gets its space back at once.
  private void giveBack(Path folder, IOException failure) {
    try {
      delete(folder);
    } catch (IOException e) {
      failure.addSuppressed(e); // the next write tries again
    }
  }

  private void delete(Path folder) throws IOException {
    for (Path path : Tree.innermostFirst(folder)) {
      disk.delete(path);
    }
  }
}

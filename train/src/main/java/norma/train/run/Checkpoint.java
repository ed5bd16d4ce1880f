package norma.train.run;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.array.DType;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import norma.nn.NormTypes;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.data.DataException;
import norma.train.files.Json;
import norma.train.files.Sha256;
import norma.train.data.Vocabulary;
import norma.train.files.Errors;
import norma.train.files.Tree;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// A folder `checkpoints/step-0002000` with the weights after that many steps, the vocabulary, the configuration and the state of
/// the training. Without a manifest that fits, it is no checkpoint. [CheckpointWriter] writes it.
///
/// @param folder     of the checkpoint
/// @param step       updates taken
/// @param vocabulary of the tokens
/// @param sha256     of the weights' file
public record Checkpoint(Path folder, int step, Vocabulary vocabulary, String sha256) {
  static final String ALL = "checkpoints";
  static final String WEIGHTS = "model.safetensors";
  static final String VOCABULARY = "vocab.json";
  static final String CONFIG = "config.yaml";
  static final String STATE = "state";
  static final List<String> FILES = List.of(WEIGHTS, VOCABULARY, CONFIG, STATE);
  static final Pattern NAME = Pattern.compile("step-(\\d{7,9})");

  private static final Logger LOG = LogManager.getLogger(Checkpoint.class);

  /// The newest checkpoint of a run folder that is whole. Says so where a newer one is damaged or incomplete.
  ///
  /// @throws RunException if there are checkpoints and all are damaged
  static Optional<Checkpoint> newest(Path run) {
    return newest(run, Integer.MAX_VALUE);
  }

  /// The same up to a step.
  private static Optional<Checkpoint> newest(Path run, int most) {
    RunException first = null;
    for (Path folder : foldersOf(run).reversed()) {
      if (stepOf(folder) > most) {
        continue;
      }
      if (!Files.exists(folder.resolve(Manifest.FILE))) {
        LOG.warn("{} is incomplete, without {}: not used, and not deleted", folder, Manifest.FILE);
        continue;
      }
      try {
        Checkpoint checkpoint = verified(folder);
        if (first != null) {
          LOG.warn("{}; the checkpoint of step {} is used", first.getMessage(), checkpoint.step);
        }
        return Optional.of(checkpoint);
      } catch (RunException e) {
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
    return Optional.empty();
  }

  /// The newest up to a step that is whole and was due, not written because a run was interrupted.
  ///
  /// @throws RunException if there are checkpoints up to there and all are damaged
  static Optional<Checkpoint> lastDue(Path run, int step) {
    Optional<Checkpoint> checkpoint = newest(run, step);
    while (checkpoint.isPresent() && checkpoint.get().state().progress().anchor() != checkpoint.get().step) {
      checkpoint = newest(run, checkpoint.get().step - 1);
    }
    return checkpoint;
  }

  /// The validation losses of the checkpoints up to a step, the oldest first, NaN where there was no evaluation.
  ///
  /// @param damaged hears of manifests that cannot be read: nobody knows whether their checkpoints are the best
  static Map<Path, Double> losses(Path run, int step, BiConsumer<Path, RunException> damaged) {
    Map<Path, Double> losses = new LinkedHashMap<>();
    for (Path folder : foldersOf(run)) {
      if (stepOf(folder) <= step && Files.exists(folder.resolve(Manifest.FILE))) {
        try {
          losses.put(folder, Manifest.read(folder).valLoss());
        } catch (RunException e) {
          damaged.accept(folder, e);
        } catch (IOException e) {
          damaged.accept(folder, new RunException(Errors.line(e), e));
        }
      }
    }
    return losses;
  }

  /// The one with the lowest validation loss, the first of them.
  static Optional<Path> best(Map<Path, Double> losses) {
    return losses.entrySet().stream().filter(entry -> Double.isFinite(entry.getValue()))
        .min(Map.Entry.comparingByValue()).map(Map.Entry::getKey);
  }

  /// Opens a checkpoint after comparing every byte with the manifest.
  ///
  /// @throws RunException that names the file that is damaged
  static Checkpoint verified(Path folder) {
    try {
      Manifest manifest = verify(folder);
      if (NAME.matcher(name(folder)).matches() && stepOf(folder) != manifest.step()) {
        throw new RunException(folder + " has another name than its step, " + manifest.step());
      }
      return new Checkpoint(folder, manifest.step(), Vocabulary.read(folder.resolve(VOCABULARY)),
          Objects.requireNonNull(manifest.files().get(WEIGHTS)));
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    } catch (DataException e) {
      throw new RunException(String.valueOf(e.getMessage()), e);
    }
  }

  /// Reads all files again.
  static Manifest verify(Path folder) throws IOException {
    Manifest manifest = Manifest.read(folder);
    if (!manifest.files().keySet().equals(Set.copyOf(FILES))) {
      throw new RunException(folder.resolve(Manifest.FILE) + " lists "
          + Json.printable(manifest.files().keySet().toString()) + "; expected " + FILES);
    }
    for (Map.Entry<String, String> file : manifest.files().entrySet()) {
      if (!Sha256.of(folder.resolve(file.getKey())).equals(file.getValue())) {
        throw new RunException(
            folder.resolve(file.getKey()) + " is damaged: its hash is not the one in " + Manifest.FILE);
      }
    }
    return manifest;
  }

  /// Whether it is one of its run's, not one that was set aside or copied.
  boolean hasItsName() {
    return name(folder).equals(nameOf(step));
  }

  /// The configuration of the training when it was written.
  RunConfig config() {
    return new ConfigReader(NormTypes.all()).read(folder.resolve(CONFIG), List.of());
  }

  /// What else the training needs to go on.
  ///
  /// @throws RunException if it is not of this step, or a key is missing or one too many
  TrainingState state() {
    try {
      TrainingState state = TrainingState.read(folder.resolve(STATE));
      if (state.progress().step() != step) {
        throw new RunException(folder.resolve(STATE) + " is of step " + state.progress().step() + ", the checkpoint of "
            + step);
      }
      return state;
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
  }

  /// A model with these weights and this vocabulary.
  ///
  /// @throws RunException if the checkpoint does not fit the configuration
  public LanguageModel languageModel(RunConfig config, boolean debug) {
    return loaded(new LanguageModel(config, vocabulary, false, debug));
  }

  /// The same with the text of the configuration.
  public Session session(RunConfig config, boolean debug) {
    return session(config, false, debug);
  }

  /// @param trains whether it trains on, which takes more memory
  Session session(RunConfig config, boolean trains, boolean debug) {
    return loaded(Session.unset(config, vocabulary, trains, debug));
  }

  private <M extends LanguageModel> M loaded(M model) {
    try {
      load(model.backend(), model.weights());
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /// Copies the weights to a model's parameters.
  ///
  /// @throws RunException if names or shapes differ, or a number is not finite
  void load(Backend backend, ParameterBuffer weights) {
    load(folder.resolve(WEIGHTS), tensors(), backend, weights);
  }

  /// The same of tensors that a file has.
  static void load(Path file, Map<String, Tensor> tensors, Backend backend, ParameterBuffer weights) {
    Map<String, Tensor> fitting = fitting(file, tensors, weights.parameters());
    for (Parameter parameter : weights.parameters()) {
      backend.write(weights.of(parameter),
          finite(file, parameter.name(), Objects.requireNonNull(fitting.get(parameter.name()))));
    }
  }

  /// The weights of a model by the names of its parameters, in their order.
  ///
  /// @throws RunException if names or shapes differ, or a number is not finite
  public Map<String, Tensor> tensors(List<Parameter> parameters) {
    Map<String, Tensor> fitting = fitting(folder.resolve(WEIGHTS), tensors(), parameters);
    fitting.forEach(this::finite);
    return fitting;
  }

  private static Map<String, Tensor> fitting(Path file, Map<String, Tensor> tensors, List<Parameter> parameters) {
    Map<String, Tensor> fitting = new LinkedHashMap<>();
    Map<String, Tensor> rest = new LinkedHashMap<>(tensors);
    for (Parameter parameter : parameters) {
      Tensor tensor = rest.remove(parameter.name());
      if (tensor == null || !Arrays.equals(tensor.shape(), parameter.shape())) {
        throw new RunException(file + " has " + (tensor == null
            ? "no tensor " + parameter.name()
            : parameter.name() + " of shape " + Arrays.toString(tensor.shape()))
            + "; the configuration asks for shape " + Arrays.toString(parameter.shape()));
      }
      fitting.put(parameter.name(), tensor);
    }
    if (!rest.isEmpty()) {
      throw new RunException(
          file + " has tensors that the configuration does not: " + Json.printable(rest.keySet().toString()));
    }
    return fitting;
  }

  /// The weights by their names.
  Map<String, Tensor> tensors() {
    try {
      return new LinkedHashMap<>(Safetensors.read(folder.resolve(WEIGHTS)));
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
  }

  /// The numbers of a tensor.
  ///
  /// @throws RunException if one is not finite
  double[] finite(String name, Tensor tensor) {
    return finite(folder.resolve(WEIGHTS), name, tensor);
  }

  private static double[] finite(Path file, String name, Tensor tensor) {
    double[] values = DType.FLOAT32.numbers(MemorySegment.ofArray(tensor.data()));
    FiniteCheck.require(file, name, values);
    return values;
  }

  /// Every folder of a run that has a checkpoint's name, the lowest step first.
  ///
  /// @throws IOException if there is something named `checkpoints` that cannot be listed: there may be checkpoints in it
  static List<Path> folders(Path run) throws IOException {
    return Tree.list(run.resolve(ALL)).stream().filter(path -> NAME.matcher(name(path)).matches())
        .sorted(Comparator.comparingInt(Checkpoint::stepOf)).toList();
  }

  private static List<Path> foldersOf(Path run) {
    try {
      return folders(run);
    } catch (IOException e) {
      throw new RunException("cannot look for checkpoints: " + Errors.line(e), e);
    }
  }

  /// The step in a folder's name.
  static int stepOf(Path folder) {
    Matcher name = NAME.matcher(name(folder));
    if (!name.matches()) {
      throw new IllegalArgumentException(folder + " is not named like a checkpoint");
    }
    return Integer.parseInt(name.group(1));
  }

  static String nameOf(int step) {
    return String.format(Locale.ROOT, "step-%07d", step);
  }

  private static String name(Path path) {
    return String.valueOf(path.getFileName());
  }
}

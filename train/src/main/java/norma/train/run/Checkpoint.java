package norma.train.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import norma.train.config.RunConfigWriter;
import norma.train.data.Sha256;
import norma.train.data.Vocabulary;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A folder `checkpoints/step-0002000` with the weights after that many steps, the vocabulary and the configuration. The
/// manifest with the hash of every file is written last and the folder is renamed into place: without a manifest that fits,
/// it is no checkpoint.
///
/// @param folder     of the checkpoint
/// @param step       updates taken
/// @param vocabulary of the tokens
public record Checkpoint(Path folder, int step, Vocabulary vocabulary) {
  private static final Pattern NAME = Pattern.compile("step-(\\d{7,})");
  private static final String WEIGHTS = "model.safetensors";
  private static final String VOCABULARY = "vocab.json";
  private static final String CONFIG = "config.yaml";
  private static final String MANIFEST = "manifest.json";
  private static final JsonMapper JSON = new JsonMapper();

  /// Writes the weights as they are, and deletes the oldest checkpoints beyond `keep`.
  static Path write(Path run, int step, Session session, int keep) throws IOException {
    Path all = Files.createDirectories(run.resolve("checkpoints"));
    Path target = all.resolve("step-%07d".formatted(step));
    Path temporary = all.resolve(".writing-" + target.getFileName());
    deleteFolder(temporary);
    try {
      writeFiles(Files.createDirectory(temporary), step, session);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      deleteFolder(temporary);
      throw e;
    }
    List<Path> complete = folders(all);
    for (Path old : complete.subList(0, Math.max(0, complete.size() - keep))) {
      deleteFolder(old);
    }
    return target;
  }

  private static void writeFiles(Path folder, int step, Session session) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Parameter parameter : session.weights().parameters()) {
      double[] values = session.backend().read(session.weights().of(parameter));
      float[] floats = new float[values.length];
      for (int i = 0; i < values.length; i++) {
        floats[i] = (float) values[i];
      }
      tensors.put(parameter.name(), new Tensor(parameter.shape(), floats));
    }
    Safetensors.write(folder.resolve(WEIGHTS), tensors, Map.of("step", Integer.toString(step)));
    session.vocabulary().write(folder.resolve(VOCABULARY));
    Files.writeString(folder.resolve(CONFIG), RunConfigWriter.yaml(session.config()));
    ObjectNode manifest = JSON.createObjectNode().put("format", 1).put("step", step);
    ObjectNode files = manifest.putObject("files");
    for (String name : List.of(WEIGHTS, VOCABULARY, CONFIG)) {
      files.put(name, Sha256.of(folder.resolve(name)));
    }
    Files.writeString(folder.resolve(MANIFEST), JSON.writerWithDefaultPrettyPrinter().writeValueAsString(manifest));
  }

  /// Opens the newest checkpoint of a run folder, or the given checkpoint folder.
  ///
  /// @throws RunException if there is none, or it is damaged
  public static Checkpoint open(Path runOrCheckpoint) {
    try {
      if (Files.exists(runOrCheckpoint.resolve(MANIFEST))) {
        return read(runOrCheckpoint);
      }
      Path all = runOrCheckpoint.resolve("checkpoints");
      List<Path> complete = Files.isDirectory(all) ? folders(all) : List.of();
      if (complete.isEmpty()) {
        throw new RunException(
            runOrCheckpoint + " has no checkpoint: train.checkpoint_every decides when one is written");
      }
      return read(complete.getLast());
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
  }

  private static Checkpoint read(Path folder) throws IOException {
    JsonNode manifest;
    try {
      manifest = JSON.readTree(Files.readAllBytes(folder.resolve(MANIFEST)));
    } catch (JacksonException e) {
      throw new RunException(folder.resolve(MANIFEST) + " is damaged: it is not JSON", e);
    }
    for (String name : List.of(WEIGHTS, VOCABULARY, CONFIG)) {
      String expected = manifest.path("files").path(name).asString("");
      if (!Sha256.of(folder.resolve(name)).equals(expected)) {
        throw new RunException(folder.resolve(name) + " is damaged: its hash is not the one in " + MANIFEST);
      }
    }
    return new Checkpoint(folder, manifest.path("step").asInt(), Vocabulary.read(folder.resolve(VOCABULARY)));
  }

  /// Copies the weights to a model's parameters.
  ///
  /// @throws RunException if names or shapes differ
  void load(Backend backend, ParameterBuffer weights) {
    Path file = folder.resolve(WEIGHTS);
    Map<String, Tensor> tensors;
    try {
      tensors = new LinkedHashMap<>(Safetensors.read(file));
    } catch (IOException e) {
      throw new RunException(Errors.line(e), e);
    }
    for (Parameter parameter : weights.parameters()) {
      Tensor tensor = tensors.remove(parameter.name());
      if (tensor == null || !Arrays.equals(tensor.shape(), parameter.shape())) {
        throw new RunException(file + " has " + (tensor == null
            ? "no tensor " + parameter.name()
            : parameter.name() + " of shape " + Arrays.toString(tensor.shape()))
            + "; the configuration asks for shape " + Arrays.toString(parameter.shape()));
      }
      double[] values = new double[tensor.data().length];
      for (int i = 0; i < values.length; i++) {
        values[i] = tensor.data()[i];
      }
      backend.write(weights.of(parameter), values);
    }
    if (!tensors.isEmpty()) {
      throw new RunException(file + " has tensors that the configuration does not: " + tensors.keySet());
    }
  }

  /// Complete checkpoints, oldest first.
  private static List<Path> folders(Path all) throws IOException {
    try (Stream<Path> entries = Files.list(all)) {
      return entries.filter(path -> NAME.matcher(path.getFileName().toString()).matches()
          && Files.exists(path.resolve(MANIFEST))).sorted(Comparator.comparingInt(Checkpoint::stepOf)).toList();
    }
  }

  private static int stepOf(Path folder) {
    return Integer.parseInt(folder.getFileName().toString().substring("step-".length()));
  }

  private static void deleteFolder(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.deleteIfExists(folder.resolve(MANIFEST)); // from here on it is no checkpoint, wherever this is cut off
    try (Stream<Path> entries = Files.walk(folder)) {
      for (Path path : entries.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}

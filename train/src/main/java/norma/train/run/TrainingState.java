package norma.train.run;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.train.files.Json;
import norma.train.metrics.LineFormat;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.ParameterBuffer;
import norma.optim.Optimizer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The file `state` of a checkpoint, what exact resume needs besides the weights: one line of JSON, then the numbers of its tensors
/// in their order, little-endian, in the training's own precision. These are what the optimizer keeps of every parameter; of a training in
/// float64 the weights too, since `model.safetensors` has them in float32.
///
/// @param progress    how far the run had come
/// @param conditions  what its numbers depend on besides the configuration
/// @param file        where the tensors are
/// @param header      the first line, which describes them
/// @param headerBytes its length with its end
record TrainingState(Progress progress, Conditions conditions, Path file, JsonNode header, int headerBytes) {
  private static final int MAX_HEADER_BYTES = 16 << 20; // 100 times what a model of 1,000 blocks has
  private static final int PIECE = 1 << 24; // elements at once: a tensor may have more bytes than a Java array
  private static final JsonMapper JSON = new JsonMapper();

  /// Conditions that the numbers of a run depend on besides its configuration.
  ///
  /// @param corpusSha256 of the text: with it, the batch of a step is a function of (seed, step)
  /// @param backend      its name
  /// @param shards       parts of a batch whose gradients are added up
  record Conditions(String corpusSha256, String backend, int shards) {
    private static final LineFormat<Conditions> FORMAT = new LineFormat<>(Conditions.class);

    static Conditions of(Session session) {
      return new Conditions(session.corpus().sha256(), session.backend().name(), session.backend().shards());
    }

    /// The conditions that [#fields] told.
    ///
    /// @throws IllegalArgumentException if a value is none that Norma writes
    static Conditions of(Map<String, String> fields) {
      Conditions conditions = FORMAT.parsed(fields);
      conditions.require("corpus_sha256", conditions.corpusSha256.matches("[0-9a-f]{64}"), "a SHA-256");
      conditions.require("backend", conditions.backend.matches("[a-z0-9]{1,20}"), "a backend's name");
      conditions.require("shards", conditions.shards > 0, "at least 1");
      return conditions;
    }

    private void require(String name, boolean holds, String expected) {
      if (!holds) {
        throw new IllegalArgumentException(
            name + " is " + Json.printable(fields().getOrDefault(name, "")) + "; expected " + expected);
      }
    }

    Map<String, String> fields() {
      return FORMAT.texts(this);
    }
  }

  private static final Set<String> KEYS = keys();

  private static Set<String> keys() {
    Set<String> keys = new LinkedHashSet<>(List.of("format", "dtype"));
    keys.addAll(Progress.START.fields().keySet());
    keys.addAll(new Conditions("", "", 0).fields().keySet());
    keys.add("tensors");
    return keys;
  }

  /// The arrays that a state holds, by name.
  private static Map<String, Array> arrays(Session session, List<Optimizer.State> moments) {
    Map<String, Array> arrays = new LinkedHashMap<>();
    for (Optimizer.State kept : moments) {
      put(arrays, kept.name(), kept.values());
    }
    if (session.backend().dtype() == DType.FLOAT64) {
      put(arrays, "weight", session.weights());
    }
    return arrays;
  }

  private static void put(Map<String, Array> arrays, String name, ParameterBuffer values) {
    values.parameters().forEach(parameter -> arrays.put(name + "." + parameter.name(), values.of(parameter)));
  }

  /// Writes a new file.
  static void write(Path file, Progress progress, Session session, List<Optimizer.State> moments) throws IOException {
    Map<String, Array> arrays = arrays(session, moments);
    ObjectNode header = JSON.createObjectNode().put("format", 1).put("dtype", session.backend().dtype().name());
    progress.fields().forEach(header::put);
    Conditions.of(session).fields().forEach(header::put);
    ObjectNode tensors = header.putObject("tensors");
    arrays.forEach((name, array) -> Arrays.stream(array.shape()).forEach(tensors.putArray(name)::add));
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      out.write((JSON.writeValueAsString(header) + "\n").getBytes(StandardCharsets.UTF_8));
      for (Array array : arrays.values()) {
        for (Array part : array.pieces(PIECE)) {
          byte[] bytes = new byte[Math.toIntExact(part.bytes())];
          session.backend().copy(part, MemorySegment.ofArray(bytes));
          out.write(bytes);
        }
      }
    }
  }

  /// Reads the header. The tensors are read by [#restore].
  ///
  /// @throws RunException if a key is missing or one too many, or a value is wrong
  static TrainingState read(Path file) throws IOException {
    byte[] line = firstLine(file);
    JsonNode header = header(file, line);
    Map<String, String> fields = new LinkedHashMap<>();
    header.properties().forEach(entry -> fields.put(entry.getKey(), entry.getValue().asString("")));
    for (String key : KEYS) {
      if (!fields.containsKey(key)) {
        throw new RunException(file + " lacks the key " + key);
      }
    }
    Set<String> unknown = new LinkedHashSet<>(fields.keySet());
    unknown.removeAll(KEYS);
    if (!unknown.isEmpty()) {
      throw new RunException(file + " has keys that Norma does not know: " + Json.printable(unknown.toString()));
    }
    try {
      return new TrainingState(Progress.of(fields), Conditions.of(fields), file, header, line.length + 1);
    } catch (NumberFormatException e) {
      throw new RunException(file + " has a value that is no number: " + Json.printable(String.valueOf(e.getMessage())),
          e);
    } catch (IllegalArgumentException e) {
      throw new RunException(file + " is damaged: " + e.getMessage(), e);
    }
  }

  private static JsonNode header(Path file, byte[] line) {
    try {
      JsonNode header = Json.parse(new String(line, StandardCharsets.UTF_8));
      if (!header.isObject() || !header.path("format").asString("").equals("1")) {
        throw new RunException(file + " does not begin with the header of a state of format 1");
      }
      return header;
    } catch (JacksonException e) {
      throw new RunException(file + " has a header that is not JSON: " + Json.problem(e), e);
    }
  }

  /// The first line, without its end.
  private static byte[] firstLine(Path file) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      for (int next = in.read(); next != '\n'; next = in.read()) {
        if (next < 0 || line.size() == MAX_HEADER_BYTES) {
          throw new RunException(file + " has no line that ends within " + MAX_HEADER_BYTES + " bytes");
        }
        line.write(next);
      }
    }
    return line.toByteArray();
  }

  /// Copies the tensors to where a training has them.
  ///
  /// @throws RunException if a tensor is missing, one too many, or of another shape, or a number is not finite
  void restore(Session session, List<Optimizer.State> moments) throws IOException {
    Map<String, Array> arrays = arrays(session, moments);
    DType type = session.backend().dtype();
    if (!header.path("dtype").asString("").equals(type.name())) {
      throw new RunException(file + " has numbers of type " + Json.printable(header.path("dtype").toString())
          + "; expected " + type.name());
    }
    long size = headerBytes;
    Map<String, Array> places = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> tensor : header.path("tensors").properties()) {
      Array array = arrays.remove(tensor.getKey());
      if (array == null || !Arrays.toString(array.shape()).replace(" ", "").equals(tensor.getValue().toString())) {
        throw new RunException(file + " has a tensor " + Json.printable(tensor.getKey()) + " of shape "
            + Json.printable(tensor.getValue().toString()) + "; the configuration asks for "
            + (array == null ? "none" : Arrays.toString(array.shape())));
      }
      places.put(tensor.getKey(), array);
      size += array.bytes();
    }
    if (!arrays.isEmpty() || size != Files.size(file)) {
      throw new RunException(file + (arrays.isEmpty()
          ? " is " + Files.size(file) + " bytes long where its header describes " + size
          : " lacks the tensors " + Json.printable(arrays.keySet().toString())));
    }
    try (InputStream in = Files.newInputStream(file)) {
      in.skipNBytes(headerBytes);
      for (Map.Entry<String, Array> place : places.entrySet()) {
        for (Array part : place.getValue().pieces(PIECE)) {
          session.backend().copy(MemorySegment.ofArray(in.readNBytes(Math.toIntExact(part.bytes()))), part);
          FiniteCheck.require(file, place.getKey(), session.backend().read(part));
        }
      }
    }
  }
}

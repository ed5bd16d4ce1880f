package norma.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The safetensors format, float32: eight bytes of header length (little-endian), a JSON header that gives each tensor's
/// type, shape and place, then the raw numbers. Reading trusts nothing: the header is bounded and checked before anything of
/// its sizes is allocated, and tensors must fill the file without gap or overlap.
public final class Safetensors {
  /// Largest header, the limit of the format's own implementation.
  private static final int MAX_HEADER_BYTES = 100_000_000;
  private static final JsonMapper JSON = JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .build();

  private Safetensors() {}

  /// A tensor in a file.
  ///
  /// @param shape dimensions, empty for a scalar
  /// @param data  row-major elements
  public record Tensor(int[] shape, float[] data) {
    public Tensor {
      if (size(shape) != data.length) {
        throw new IllegalArgumentException(data.length + " numbers for shape " + Arrays.toString(shape));
      }
    }
  }

  /// Writes a new file.
  ///
  /// @throws IOException if it exists or cannot be written
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
    ObjectNode header = JSON.createObjectNode();
    ObjectNode meta = header.putObject("__metadata__").put("format", "pt");
    metadata.forEach(meta::put);
    long offset = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      ObjectNode tensor = header.putObject(entry.getKey()).put("dtype", "F32");
      Arrays.stream(entry.getValue().shape).forEach(tensor.putArray("shape")::add);
      tensor.putArray("data_offsets").add(offset).add(offset + 4L * entry.getValue().data.length);
      offset += 4L * entry.getValue().data.length;
    }
    byte[] json = JSON.writeValueAsBytes(header);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8); // the numbers start at a multiple of 8
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      writeFully(out, little(8).putLong(padded.length).flip());
      writeFully(out, ByteBuffer.wrap(padded));
      for (Tensor tensor : tensors.values()) {
        ByteBuffer bytes = little(4 * tensor.data.length);
        bytes.asFloatBuffer().put(tensor.data);
        writeFully(out, bytes);
      }
      out.force(true);
    }
  }

  /// Reads a file.
  ///
  /// @throws IOException if it cannot be read, or with one line that names the file and what is wrong with it
  public static Map<String, Tensor> read(Path file) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      long bytes = in.size();
      if (bytes < 8) {
        throw damaged(file, "is " + bytes + " bytes long, too short for a header");
      }
      long headerBytes = readFully(in, 0, 8, file).getLong();
      if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES || headerBytes > bytes - 8) {
        throw damaged(file, "claims a header of " + headerBytes + " bytes in a file of " + bytes);
      }
      byte[] header = readFully(in, 8, (int) headerBytes, file).array();
      long start = 8 + headerBytes;
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (Place place : places(file, header, bytes - start)) {
        ByteBuffer data = readFully(in, start + place.from, Math.toIntExact(place.to - place.from), file);
        float[] values = new float[data.remaining() / 4];
        data.asFloatBuffer().get(values);
        tensors.put(place.name, new Tensor(place.shape, values));
      }
      return tensors;
    }
  }

  private record Place(String name, int[] shape, long from, long to) {}

  /// Places of all tensors in the order of the file, checked to fill it exactly.
  private static List<Place> places(Path file, byte[] header, long dataBytes) throws IOException {
    JsonNode root;
    try {
      root = JSON.readTree(new String(header, StandardCharsets.UTF_8));
    } catch (JacksonException e) {
      throw damaged(file, "has a header that is not JSON: " + e.getOriginalMessage());
    }
    if (!root.isObject()) {
      throw damaged(file, "has a header that is not a JSON object");
    }
    List<Place> places = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      if (!entry.getKey().equals("__metadata__")) {
        places.add(place(file, entry.getKey(), entry.getValue(), dataBytes));
      }
    }
    places.sort(Comparator.comparingLong(Place::from).thenComparingLong(Place::to));
    long end = 0;
    for (Place place : places) {
      if (place.from != end) {
        throw damaged(file, "has a gap or an overlap before tensor " + place.name);
      }
      end = place.to;
    }
    if (end != dataBytes) {
      throw damaged(file, "has " + dataBytes + " bytes of numbers where its header describes " + end);
    }
    return places;
  }

  private static Place place(Path file, String name, JsonNode node, long dataBytes) throws IOException {
    JsonNode shape = node.path("shape");
    JsonNode offsets = node.path("data_offsets");
    if (!node.path("dtype").isString() || !shape.isArray() || !offsets.isArray() || offsets.size() != 2
        || !offsets.get(0).isIntegralNumber() || !offsets.get(1).isIntegralNumber()) {
      throw damaged(file, "describes tensor " + name + " without dtype, shape or two data_offsets");
    }
    if (!node.path("dtype").stringValue().equals("F32")) {
      throw damaged(file, "has tensor " + name + " of type " + node.path("dtype") + "; expected F32");
    }
    int[] dims = new int[shape.size()];
    for (int i = 0; i < dims.length; i++) {
      if (!shape.get(i).isInt() || shape.get(i).intValue() < 0) {
        throw damaged(file, "has tensor " + name + " of shape " + shape);
      }
      dims[i] = shape.get(i).intValue();
    }
    long from = offsets.get(0).canConvertToLong() ? offsets.get(0).longValue() : -1;
    long to = offsets.get(1).canConvertToLong() ? offsets.get(1).longValue() : -1;
    long size = size(dims);
    if (from < 0 || to < from || to > dataBytes || size < 0 || size > dataBytes / 4 || to - from != 4 * size) {
      throw damaged(file, "has tensor " + name + " of shape " + shape + " at bytes " + from + " to " + to);
    }
    return new Place(name, dims, from, to);
  }

  /// Number of elements, or -1 if there are more than a long can count.
  private static long size(int[] shape) {
    long size = 1;
    for (int dim : shape) {
      if (dim != 0 && size > Long.MAX_VALUE / dim) {
        return -1;
      }
      size *= dim;
    }
    return size;
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static ByteBuffer readFully(FileChannel in, long position, int bytes, Path file) throws IOException {
    ByteBuffer buffer = little(bytes);
    while (buffer.hasRemaining()) {
      if (in.read(buffer, position + buffer.position()) < 0) {
        throw damaged(file, "ends in the middle");
      }
    }
    return buffer.flip();
  }

  private static IOException damaged(Path file, String what) {
    return new IOException(file + " " + what);
  }
}

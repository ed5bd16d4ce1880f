package norma.weights;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import norma.array.Array;
import norma.weights.SafetensorsHeader.Place;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The safetensors format: eight bytes of header length (little-endian), a JSON header that gives each tensor's type, shape and
/// place, then the raw numbers. Written is float32; read are float32 and, widened exactly, bfloat16 and float16. Reading
/// trusts nothing: the header is bounded and checked before anything of its sizes is allocated, and tensors must fill the
/// file without gap or overlap.
///
/// The format: https://github.com/huggingface/safetensors
public final class Safetensors {
  private static final int CHUNK_BYTES = 1 << 20;
  private static final JsonMapper JSON = new JsonMapper();

  private Safetensors() {}

  /// A tensor in a file.
  ///
  /// @param shape dimensions, empty for a scalar
  /// @param data  row-major elements
  public record Tensor(int[] shape, float[] data) {
    public Tensor {
      if (Array.size(shape) != data.length) {
        throw new IllegalArgumentException(data.length + " numbers for shape " + Arrays.toString(shape));
      }
    }
  }

  /// Writes a new file.
  ///
  /// @param metadata beside `format: pt`, which is always there
  /// @throws IOException if it exists or cannot be written
  /// @throws IllegalArgumentException if a tensor's name is not printable ASCII
  public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
    byte[] header = header(tensors, metadata);
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      writeFully(out, little(8).putLong(header.length).flip());
      writeFully(out, ByteBuffer.wrap(header));
      ByteBuffer chunk = little(CHUNK_BYTES);
      for (Tensor tensor : tensors.values()) {
        for (int first = 0; first < tensor.data.length; first += CHUNK_BYTES / 4) {
          int count = Math.min(CHUNK_BYTES / 4, tensor.data.length - first);
          chunk.clear().limit(4 * count).asFloatBuffer().put(tensor.data, first, count);
          writeFully(out, chunk);
        }
      }
      out.force(true);
    }
  }

  /// With spaces behind it, so that the numbers start at a multiple of 8.
  private static byte[] header(Map<String, Tensor> tensors, Map<String, String> metadata) {
    ObjectNode header = JSON.createObjectNode();
    ObjectNode meta = header.putObject(SafetensorsHeader.METADATA);
    metadata.forEach(meta::put);
    meta.put("format", "pt");
    long offset = 0;
    for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
      if (!SafetensorsHeader.isName(entry.getKey())) {
        throw new IllegalArgumentException("a tensor cannot be called \"" + entry.getKey() + '"');
      }
      ObjectNode tensor = header.putObject(entry.getKey()).put("dtype", "F32");
      Arrays.stream(entry.getValue().shape).forEach(tensor.putArray("shape")::add);
      tensor.putArray("data_offsets").add(offset).add(offset + 4L * entry.getValue().data.length);
      offset += 4L * entry.getValue().data.length;
    }
    byte[] json = JSON.writeValueAsBytes(header);
    byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  /// Reads a file.
  ///
  /// @throws IOException if it cannot be read, or with one line that names the file and what is wrong with it
  public static Map<String, Tensor> read(Path file) throws IOException {
    return read(file, _ -> true);
  }

  /// The same without some tensors, which may have any type.
  ///
  /// @param wanted by their names
  public static Map<String, Tensor> read(Path file, Predicate<String> wanted) throws IOException {
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      long bytes = in.size();
      ByteBuffer length = little(8);
      if (bytes < length.capacity()) {
        throw SafetensorsHeader.damaged(file, "is " + bytes + " bytes long, too short for a header");
      }
      readFully(in, 0, length, file);
      long headerBytes = length.getLong();
      if (headerBytes < 2 || headerBytes > SafetensorsHeader.MAX_BYTES || headerBytes > bytes - 8) {
        throw SafetensorsHeader.damaged(file, "claims a header of " + Long.toUnsignedString(headerBytes)
            + " bytes in a file of " + bytes + "; expected at most " + SafetensorsHeader.MAX_BYTES);
      }
      byte[] header = new byte[(int) headerBytes];
      readFully(in, 8, ByteBuffer.wrap(header), file);
      long start = 8 + headerBytes;
      List<Place> places = SafetensorsHeader.places(file, header, bytes - start, wanted);
      requireHeap(file, places);
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (Place place : places) {
        tensors.put(place.name(), new Tensor(place.shape(), numbers(in, start, place, file)));
      }
      return tensors;
    }
  }

  /// A file may have holes that cost its maker nothing.
  private static void requireHeap(Path file, List<Place> places) throws IOException {
    long needed = places.stream().mapToLong(place -> 4L * place.elements()).sum();
    long most = Runtime.getRuntime().maxMemory();
    if (needed > most) {
      throw SafetensorsHeader.damaged(file, "needs " + (needed >> 20) + " MiB for its numbers, Java has at most "
          + (most >> 20) + "; JDK_JAVA_OPTIONS=-Xmx" + (needed / (1 << 30) + 2) + "g gives it more");
    }
  }

  private static float[] numbers(FileChannel in, long start, Place place, Path file) throws IOException {
    float[] numbers = new float[place.elements()];
    int size = place.type().bytes;
    ByteBuffer chunk = little(Math.min(CHUNK_BYTES, size * Math.min(CHUNK_BYTES, numbers.length)));
    for (int first = 0; first < numbers.length; first += chunk.capacity() / size) {
      int count = Math.min(chunk.capacity() / size, numbers.length - first);
      readFully(in, start + place.from() + (long) first * size, chunk.clear().limit(count * size), file);
      switch (place.type()) {
        case F32 -> chunk.asFloatBuffer().get(numbers, first, count);
        case BF16 -> {
          for (int i = 0; i < count; i++) {
            numbers[first + i] = Float.intBitsToFloat(chunk.getShort(2 * i) << 16);
          }
        }
        case F16 -> {
          for (int i = 0; i < count; i++) {
            numbers[first + i] = Float.float16ToFloat(chunk.getShort(2 * i));
          }
        }
      }
    }
    return numbers;
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void writeFully(FileChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static void readFully(FileChannel in, long position, ByteBuffer into, Path file) throws IOException {
    while (into.hasRemaining()) {
      if (in.read(into, position + into.position()) < 0) {
        throw SafetensorsHeader.damaged(file, "ends in the middle");
      }
    }
    into.flip();
  }
}

package norma.fuzz;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;

/// A weight file: it has no more numbers than bytes for them, and what is written of it reads back bit for bit.
public final class SafetensorsFuzz {
  private static final Input INPUT = new Input("fuzz.safetensors", 200);

  private SafetensorsFuzz() {}

  /// Jazzer's entry.
  public static void fuzzerTestOneInput(byte[] data) {
    INPUT.read(data, Safetensors::read, IOException.class).ifPresent(tensors -> {
      long numbers = tensors.values().stream().mapToLong(tensor -> tensor.data().length).sum();
      Input.require(2 * numbers <= data.length, numbers + " numbers in " + data.length + " bytes");
      Map<String, Tensor> again = rewritten(tensors);
      Input.require(again.keySet().equals(tensors.keySet()), "other names");
      tensors.forEach((name, tensor) -> Input
          .require(Arrays.equals(bits(tensor), bits(Objects.requireNonNull(again.get(name)))), name));
    });
  }

  private static int[] bits(Tensor tensor) {
    int[] bits = new int[tensor.data().length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(tensor.data()[i]);
    }
    return bits;
  }

  private static Map<String, Tensor> rewritten(Map<String, Tensor> tensors) {
    Path file = INPUT.folder().resolve("again.safetensors");
    try {
      Safetensors.write(file, tensors, Map.of());
      Map<String, Tensor> again = Safetensors.read(file);
      Files.delete(file);
      return again;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

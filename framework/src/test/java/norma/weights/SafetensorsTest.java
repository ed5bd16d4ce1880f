package norma.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import norma.weights.Safetensors.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  @TempDir
  private Path folder;

  @Test
  void tensorsComeBackBitForBit() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("a", new Tensor(new int[]{ 2, 3 }, new float[]{ 1, -2, Float.MIN_VALUE, Float.NaN, 0f, -0f }));
    tensors.put("scalar", new Tensor(new int[0], new float[]{ 42 }));
    tensors.put("empty", new Tensor(new int[]{ 0, 7 }, new float[0]));
    Path file = folder.resolve("x.safetensors");
    Safetensors.write(file, tensors, Map.of("step", "5"));
    Map<String, Tensor> back = Safetensors.read(file);
    assertThat(back.keySet()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
    tensors.forEach((name, tensor) -> {
      assertThat(back.get(name)).isNotNull().satisfies(read -> assertThat(read.shape()).isEqualTo(tensor.shape()))
          .satisfies(read -> assertThat(read.data()).isEqualTo(tensor.data()));
    });
  }

  @Test
  void theBytesAreThoseOfTheFormat() throws IOException {
    Path file = folder.resolve("x.safetensors");
    Safetensors.write(file, Map.of("w", new Tensor(new int[]{ 1 }, new float[]{ 1 })), Map.of());
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) bytes.getLong();
    assertThat(header % 8).isZero();
    assertThat(new String(bytes.array(), 8, header, StandardCharsets.UTF_8).stripTrailing()).isEqualTo(
        "{\"__metadata__\":{\"format\":\"pt\"},\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}");
    assertThat(bytes.getFloat(8 + header)).isEqualTo(1f);
    assertThat(bytes.capacity()).isEqualTo(8 + header + 4);
  }

  @Test
  void numbersOfSixteenBitsAreWidenedExactly() throws IOException {
    byte[] header = "{\"b\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,8]},\"h\":{\"dtype\":\"F16\",\"shape\":[2,3],\"data_offsets\":[8,20]}}"
        .getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + 20).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    for (int bits : new int[]{ 0x3F80, 0xC000, 0x7F80, 0x0001, 0x3C00, 0x3555, 0x7BFF, 0x0001, 0x8000, 0xFC00 }) {
      bytes.putShort((short) bits);
    }
    Map<String, Tensor> read = Safetensors.read(Files.write(folder.resolve("x.safetensors"), bytes.array()));
    assertThat(tensor(read, "b").data()).containsExactly(1f, -2f, Float.POSITIVE_INFINITY, 0x1p-133f);
    assertThat(tensor(read, "h").shape()).containsExactly(2, 3);
    assertThat(tensor(read, "h").data()).containsExactly(1f, 1365 * 0x1p-12f, 65504f, 0x1p-24f, -0f,
        Float.NEGATIVE_INFINITY);
  }

  @Test
  void tensorsLongerThanABufferComeBack() throws IOException {
    float[] many = new float[(1 << 19) + 3];
    for (int i = 0; i < many.length; i++) {
      many[i] = i;
    }
    Path file = folder.resolve("x.safetensors");
    Safetensors.write(file, Map.of("w", new Tensor(new int[]{ many.length }, many)), Map.of("format", "np"));
    assertThat(tensor(Safetensors.read(file), "w").data()).isEqualTo(many);
    assertThat(new String(Files.readAllBytes(file), 8, 40, StandardCharsets.UTF_8)).contains("\"format\":\"pt\"");
  }

  @Test
  void aNameThatCannotBeReadIsNotWritten() {
    for (String name : new String[]{ "", "a\nb", "__metadata__", "\u00E9" }) {
      assertThatThrownBy(
          () -> Safetensors.write(folder.resolve("x"), Map.of(name, new Tensor(new int[0], new float[1])),
              Map.of()))
          .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("cannot be called");
      assertThat(folder.resolve("x")).doesNotExist();
    }
  }

  private static Tensor tensor(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name));
  }
}

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
import norma.weights.Safetensors.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  @ParameterizedTest
  @CsvSource(delimiter = ';', value = {
      "{'w':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}; 4; tensor w of shape [2]",
      "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}; 8; 8 bytes of numbers where its header describes 4",
      "{'w':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}; 8; gap or an overlap before tensor w",
      "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}; 4; gap or an overlap before tensor b",
      "{'w':{'dtype':'F16','shape':[2],'data_offsets':[0,4]}}; 4; expected F32",
      "{'w':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}}; 4; of shape [-1]",
      "{'w':{'dtype':'F32','shape':[2147483647,2147483647,2147483647],'data_offsets':[0,4]}}; 4; tensor w",
      "{'w':{'dtype':'F32','shape':[1],'data_offsets':[-4,0]}}; 4; tensor w",
      "{'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'w':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}; 4; not JSON",
      "{'w':3}; 4; without dtype", "[1,2]; 4; not a JSON object", "{'w'; 4; not JSON" })
  void aFileThatIsNotSoundIsRefusedInOneLine(String header, int dataBytes, String message) throws IOException {
    Path file = write(header.replace('\'', '"').getBytes(StandardCharsets.UTF_8), dataBytes);
    assertThatThrownBy(() -> Safetensors.read(file)).isInstanceOf(IOException.class)
        .hasMessageContainingAll(file.toString(), message).hasMessageNotContaining("\n");
  }

  @Test
  void aHeaderLargerThanTheFileIsRefusedBeforeItIsAllocated() throws IOException {
    for (long claimed : new long[]{ -1, Long.MAX_VALUE, 100_000_001, 17 }) {
      ByteBuffer bytes = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).putLong(0, claimed);
      Path file = Files.write(folder.resolve("h" + claimed), bytes.array());
      assertThatThrownBy(() -> Safetensors.read(file)).isInstanceOf(IOException.class).hasMessageContaining("claims");
    }
    Path tiny = Files.write(folder.resolve("tiny"), new byte[3]);
    assertThatThrownBy(() -> Safetensors.read(tiny)).isInstanceOf(IOException.class).hasMessageContaining("too short");
  }

  private Path write(byte[] header, int dataBytes) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    return Files.write(folder.resolve("bad.safetensors"), bytes.array());
  }
}

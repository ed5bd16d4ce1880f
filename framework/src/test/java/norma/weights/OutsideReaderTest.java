package norma.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.util.passthrough.PassthroughNDManager;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.weights.Safetensors.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Weight files go to and come from other programs: here the reader and writer of the Deep Java Library.
class OutsideReaderTest {
  private static final NDManager DJL = PassthroughNDManager.INSTANCE;

  @TempDir
  private Path folder;

  @Test
  void whatNormaWritesAnotherReaderOpens() throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    tensors.put("tok_emb.weight",
        new Tensor(new int[]{ 3, 2 }, new float[]{ 1, -2, 3.5f, Float.MIN_VALUE, 1e30f, -0f }));
    tensors.put("embedding_scale", new Tensor(new int[0], new float[]{ 11.25f }));
    Path file = folder.resolve("model.safetensors");
    Safetensors.write(file, tensors, Map.of("step", "2000"));
    NDList read = NDList.decode(DJL, Files.readAllBytes(file));
    assertThat(read).hasSize(2);
    tensors.forEach((name, tensor) -> {
      NDArray array = read.get(name);
      assertThat(array.getDataType()).isEqualTo(DataType.FLOAT32);
      assertThat(array.getShape().getShape())
          .containsExactly(java.util.Arrays.stream(tensor.shape()).asLongStream().toArray());
      float[] numbers = new float[tensor.data().length];
      array.toByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(numbers);
      assertThat(numbers).isEqualTo(tensor.data());
    });
  }

  @Test
  void whatAnotherWriterWritesIsRead() throws IOException {
    Path file = written(array(DataType.FLOAT32, "f", 0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x00, 0xC0),
        array(DataType.BFLOAT16, "b", 0x80, 0x3F, 0x00, 0xC0), array(DataType.FLOAT16, "h", 0x00, 0x3C, 0x00, 0xC0));
    Map<String, Tensor> read = Safetensors.read(file);
    assertThat(read.keySet()).containsExactlyInAnyOrder("f", "b", "h");
    assertThat(read.values()).allSatisfy(tensor -> {
      assertThat(tensor.shape()).containsExactly(2);
      assertThat(tensor.data()).containsExactly(1f, -2f);
    });
  }

  @Test
  void aTypeThatWeightsDoNotHaveIsRefusedByName() throws IOException {
    for (DataType type : List.of(DataType.FLOAT64, DataType.INT64, DataType.BOOLEAN)) {
      Path file = written(array(type, "x", new int[2 * type.getNumOfBytes()]));
      assertThatThrownBy(() -> Safetensors.read(file)).isInstanceOf(IOException.class)
          .hasMessageContaining("has tensor x of type").hasMessageEndingWith("expected F32, BF16 or F16");
    }
  }

  private Path written(NDArray... arrays) throws IOException {
    Path file = folder.resolve("outside.safetensors");
    try (OutputStream out = Files.newOutputStream(file)) {
      new NDList(arrays).encode(out, NDList.Encoding.SAFETENSORS);
    }
    return file;
  }

  private static NDArray array(DataType type, String name, int... bytes) {
    ByteBuffer buffer = ByteBuffer.allocate(bytes.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < bytes.length; i++) {
      buffer.put(i, (byte) bytes[i]);
    }
    NDArray array = DJL.create(buffer, new Shape(2), type);
    array.setName(name);
    return array;
  }
}

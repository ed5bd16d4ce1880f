package norma.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;

class ArrayTest {

  @ParameterizedTest
  @ValueSource(ints = { 1, 3, 15, 16, 17, 1000, 100_003 })
  void hostMemoryIsZeroedAndAligned(int length) {
    for (DType dtype : EnumSet.complementOf(EnumSet.of(DType.BFLOAT16))) {
      HostMemory memory = HostMemory.allocate(dtype, length);
      assertThat(memory.segment().address() % 64).isZero();
      assertThat(memory.length()).isEqualTo(length);
      assertThat(memory.segment().toArray(ValueLayout.JAVA_BYTE)).containsOnly(0);
      memory.close();
    }
  }

  @Test
  void aReshapeAndASliceAreWindowsOnTheSameMemory() {
    Array array = counting(2, 3, 4);
    assertThat(array.rows()).isEqualTo(6);
    assertThat(array.dim(-1)).isEqualTo(4);
    assertThat(array.dim(0)).isEqualTo(2);
    assertThat(array.bytes()).isEqualTo(96);
    Array reshaped = array.reshape(6, 4);
    Array slice = reshaped.slice(5, 2, 3).slice(2, 4);
    assertThat(floats(slice)).containsExactly(7, 8, 9, 10);
    slice.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 0, -1);
    assertThat(floats(array)[7]).isEqualTo(-1);
    assertThat(array.slice(24, 0).size()).isZero();
  }

  @Test
  void aScalarHasOneElementAndOneRow() {
    Array scalar = counting();
    assertThat(scalar.rank()).isZero();
    assertThat(scalar.size()).isEqualTo(1);
    assertThat(scalar.rows()).isEqualTo(1);
    assertThat(scalar.nd4j().isScalar()).isTrue();
  }

  @Test
  void windowsBeyondTheirArrayAreRefused() {
    Array array = counting(2, 3);
    assertThatThrownBy(() -> array.reshape(7)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("FLOAT32[2, 3]").hasMessageContaining("[7]");
    assertThatThrownBy(() -> array.slice(3, 4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> array.slice(-1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    // the memory is large enough, the window is not
    assertThatThrownBy(() -> array.slice(0, 2).slice(1, 2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> new Array(array.memory(), 1, 6)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> Array.size(3, -1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> array.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 6))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aShapeCannotBeChangedFromOutside() {
    int[] shape = { 2, 3 };
    Array array = new Array(counting(6).memory(), 0, shape);
    shape[0] = 9;
    array.shape()[1] = 9;
    assertThat(array.shape()).containsExactly(2, 3);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BFLOAT16")
  void nd4jSeesAWindowsOwnElements(DType dtype) {
    Array window = new Array(HostMemory.allocate(dtype, 30), 0, 30).slice(5, 3, 4);
    INDArray view = window.nd4j();
    view.putScalar(new int[]{ 1, 2 }, 42);
    assertThat(view.shape()).containsExactly(3, 4);
    assertThat(window.slice(6).nd4j().getDouble()).isEqualTo(42);
    switch (dtype) {
      case FLOAT32 -> assertThat(window.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 6)).isEqualTo(42);
      case FLOAT64 -> assertThat(window.segment().getAtIndex(ValueLayout.JAVA_DOUBLE, 6)).isEqualTo(42);
      case INT32 -> assertThat(window.segment().getAtIndex(ValueLayout.JAVA_INT, 6)).isEqualTo(42);
      case BFLOAT16 -> throw new AssertionError("excluded");
    }
  }

  @Test
  void bfloat16IsNotOnTheHost() {
    assertThatThrownBy(() -> HostMemory.allocate(DType.BFLOAT16, 3)).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("bfloat16 arrays are for GPUs: no kernel of the host computes with them");
  }

  private static Array counting(int... shape) {
    Array array = new Array(HostMemory.allocate(DType.FLOAT32, Array.size(shape)), 0, shape);
    for (int i = 0; i < array.size(); i++) {
      array.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, i);
    }
    return array;
  }

  private static float[] floats(Array array) {
    return array.segment().toArray(ValueLayout.JAVA_FLOAT);
  }
}

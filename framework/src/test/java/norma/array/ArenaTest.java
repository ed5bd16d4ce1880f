package norma.array;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArenaTest {

  @Test
  void everyArrayStartsOnACacheLineAndNoTwoOverlap() {
    try (Arena arena = new Arena(HostMemory::allocate, false)) {
      for (int round = 0; round < 3; round++) {
        List<Array> arrays = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
          DType dtype = i % 3 == 0 ? DType.INT32 : i % 3 == 1 ? DType.FLOAT32 : DType.FLOAT64;
          Array array = arena.empty(dtype, i, 1 + 13 * i);
          assertThat(array.segment().address() % HostMemory.ALIGNMENT_BYTES).isZero();
          array.segment().fill((byte) i);
          arrays.add(array);
        }
        for (int i = 1; i < arrays.size(); i++) {
          byte[] bytes = arrays.get(i).segment().toArray(ValueLayout.JAVA_BYTE);
          assertThat(bytes).containsOnly(i);
        }
        arena.reset();
      }
    }
  }

  @Test
  void stepsAfterTheFirstAllocateNothing() {
    try (Arena arena = new Arena(HostMemory::allocate, false)) {
      step(arena);
      long afterFirst = arena.allocations();
      long capacity = arena.capacityBytes();
      for (int i = 0; i < 5; i++) {
        step(arena);
      }
      assertThat(arena.allocations()).isEqualTo(afterFirst);
      assertThat(arena.capacityBytes()).isEqualTo(capacity);
    }
  }

  @Test
  void afterTheFirstStepEachTypeHasOneBlockOfItsStepsSize() {
    try (Arena arena = new Arena(HostMemory::allocate, false)) {
      step(arena);
      long floats = 4L * (50 * 4000); // 4000 and 1 are rounded up to lines of 16
      long doubles = 8L * (50 * 8);
      assertThat(arena.capacityBytes()).isEqualTo(floats + Math.max(1 << 16, doubles));
    }
  }

  @Test
  void aSmallStepBetweenLargeOnesCostsNothing() {
    try (Arena arena = new Arena(HostMemory::allocate, false)) {
      step(arena);
      long afterFirst = arena.allocations();
      arena.empty(DType.FLOAT32, 5);
      arena.reset();
      step(arena);
      assertThat(arena.allocations()).isEqualTo(afterFirst);
    }
  }

  @Test
  void aStepTakesTheMemoryOfTheStepBefore() {
    try (Arena arena = new Arena(HostMemory::allocate, false)) {
      long first = arena.empty(DType.FLOAT32, 100).segment().address();
      arena.reset();
      assertThat(arena.empty(DType.FLOAT32, 7).segment().address()).isEqualTo(first);
    }
  }

  @Test
  void anArrayThatOutlivesItsStepReadsAsNaN() {
    try (Arena arena = new Arena(HostMemory::allocate, true)) {
      Array floats = arena.empty(DType.FLOAT32, 3);
      Array doubles = arena.empty(DType.FLOAT64, 3);
      Array ints = arena.empty(DType.INT32, 3);
      arena.reset();
      assertThat(floats.segment().toArray(ValueLayout.JAVA_FLOAT)).containsOnly(Float.NaN);
      assertThat(doubles.segment().toArray(ValueLayout.JAVA_DOUBLE)).containsOnly(Double.NaN);
      assertThat(ints.segment().toArray(ValueLayout.JAVA_INT)).containsOnly(Integer.MIN_VALUE);
    }
  }

  @Test
  void withoutPoisonAResetCostsNoWrite() {
    try (Arena arena = new Arena(HostMemory::allocate, false)) {
      Array floats = arena.empty(DType.FLOAT32, 3);
      floats.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 1, 5);
      arena.reset();
      assertThat(floats.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 1)).isEqualTo(5);
    }
  }

  private static void step(Arena arena) {
    for (int i = 0; i < 50; i++) {
      arena.empty(DType.FLOAT32, 40, 100);
      arena.empty(DType.FLOAT64);
    }
    arena.reset();
  }
}

package norma.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.array.HostMemory;
import norma.array.Memory;

/// What every backend on the host shares: memory that ND4J owns, copies, clean-up.
public abstract class HostBackend implements Backend {
  private final DType dtype;
  private final boolean poison;
  private final List<Memory> owned = new ArrayList<>();
  private final List<Arena> arenas = new ArrayList<>();

  /// @param dtype  FLOAT32 or FLOAT64
  /// @param poison whether the memory of a closed step is filled with NaN, to find arrays that outlive their step
  protected HostBackend(DType dtype, boolean poison) {
    if (dtype != DType.FLOAT32 && dtype != DType.FLOAT64) {
      throw new IllegalArgumentException("a backend computes in FLOAT32 or FLOAT64, not in " + dtype);
    }
    this.dtype = dtype;
    this.poison = poison;
  }

  /// Kernels over an arena.
  protected abstract Kernels kernels(Arena arena);

  @Override
  public final DType dtype() {
    return dtype;
  }

  @Override
  public synchronized Array allocate(DType type, int... shape) {
    HostMemory memory = HostMemory.allocate(type, Array.size(shape));
    owned.add(memory);
    return new Array(memory, 0, shape);
  }

  @Override
  public synchronized Kernels kernels() {
    Arena arena = new Arena(HostMemory::allocate, poison);
    arenas.add(arena);
    return kernels(arena);
  }

  @Override
  public void write(Array target, double[] values) {
    checkLength(target, values.length);
    var segment = target.segment();
    for (int i = 0; i < values.length; i++) {
      switch (target.dtype()) {
        case FLOAT32 -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
        case FLOAT64 -> segment.setAtIndex(ValueLayout.JAVA_DOUBLE, i, values[i]);
        case INT32, BFLOAT16 -> throw new IllegalArgumentException("fractions cannot go to " + target);
      }
    }
  }

  @Override
  public void write(Array target, int[] values) {
    checkLength(target, values.length);
    if (target.dtype() != DType.INT32) {
      throw new IllegalArgumentException("integers cannot go to " + target);
    }
    target.segment().copyFrom(MemorySegment.ofArray(values));
  }

  /// Copies at once, then converts: element by element through the segment, reading was half of an early probe's time (2026-11-25),
  /// because that loop is slow until it is compiled.
  @Override
  public double[] read(Array source) {
    return switch (source.dtype()) {
      case FLOAT32 -> widened(source.segment().toArray(ValueLayout.JAVA_FLOAT));
      case FLOAT64 -> source.segment().toArray(ValueLayout.JAVA_DOUBLE);
      case INT32 -> Arrays.stream(source.segment().toArray(ValueLayout.JAVA_INT)).asDoubleStream().toArray();
      case BFLOAT16 -> throw new IllegalArgumentException("no bfloat16 on the host: " + source);
    };
  }

  private static double[] widened(float[] floats) {
    double[] values = new double[floats.length];
    for (int i = 0; i < floats.length; i++) {
      values[i] = floats[i];
    }
    return values;
  }

  @Override
  public void synchronize() {}

  @Override
  public synchronized void close() {
    arenas.forEach(Arena::close);
    owned.forEach(Memory::close);
    arenas.clear();
    owned.clear();
  }

  private static void checkLength(Array target, int length) {
    if (target.size() != length) {
      throw new IllegalArgumentException(length + " numbers cannot go to " + target);
    }
  }
}

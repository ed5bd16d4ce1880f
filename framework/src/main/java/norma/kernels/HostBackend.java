package norma.kernels;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
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
  public void copy(MemorySegment from, Array to) {
    to.segment().copyFrom(from);
  }

  @Override
  public void copy(Array from, MemorySegment to) {
    to.copyFrom(from.segment());
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
}

package norma.array;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;

/// Memory of one training step: arrays are taken in order and given back all at once.
///
/// The first step discovers how much it needs, [#reset()] makes one block of it, and every further step of the same
/// shapes allocates nothing. Not for use by several threads: a worker has its own.
public final class Arena implements AutoCloseable {
  /// The first block of each element type; a step that needs more asks for more.
  private static final long FIRST_BLOCK_BYTES = 1 << 16;

  private final BiFunction<DType, Long, Memory> allocator;
  private final boolean poison;
  private final Map<DType, Region> regions = new EnumMap<>(DType.class);
  private final List<Memory> kept = new ArrayList<>();
  private long allocations;

  private static final class Region {
    private final List<Memory> blocks = new ArrayList<>();
    private long used; // elements of the last block
    private long usedBefore; // elements of the blocks before it
  }

  /// @param allocator allocates `(type, elements)`
  /// @param poison    whether a closed step's memory is filled with NaN, to show arrays that outlive their step
  public Arena(BiFunction<DType, Long, Memory> allocator, boolean poison) {
    this.allocator = allocator;
    this.poison = poison;
  }

  /// An array with undefined contents that lives until [#reset()].
  public Array empty(DType dtype, int... shape) {
    Region region = regions.computeIfAbsent(dtype, type -> new Region());
    long line = HostMemory.ALIGNMENT_BYTES / dtype.bytes();
    long size = (Array.size(shape) + line - 1) / line * line;
    if (region.blocks.isEmpty() || region.used + size > region.blocks.getLast().length()) {
      region.usedBefore += region.used;
      long more = Math.max(size, Math.max(FIRST_BLOCK_BYTES / dtype.bytes(), region.usedBefore));
      region.blocks.add(allocateAtLeast(dtype, size, more));
      region.used = 0;
    }
    Array array = new Array(region.blocks.getLast(), region.used, shape);
    region.used += size;
    return array;
  }

  /// Ends the step: all its arrays are gone. Scattered blocks become one block of their common size.
  public void reset() {
    regions.forEach((dtype, region) -> {
      if (region.blocks.size() > 1) {
        long total = region.usedBefore + region.used;
        if (poison) {
          region.blocks.forEach(Memory::poison);
          kept.addAll(region.blocks); // freed memory would not show a late read
        } else {
          region.blocks.forEach(Memory::close);
        }
        region.blocks.clear();
        region.blocks.add(allocate(dtype, total));
      }
      if (poison) {
        region.blocks.forEach(Memory::poison);
      }
      region.used = 0;
      region.usedBefore = 0;
    });
  }

  /// How often native memory was allocated so far. Constant in the steady state.
  public long allocations() {
    return allocations;
  }

  /// Bytes of all arrays since the last [#reset()], with their alignment.
  public long usedBytes() {
    return regions.entrySet().stream()
        .mapToLong(of -> (of.getValue().usedBefore + of.getValue().used) * of.getKey().bytes()).sum();
  }

  /// Bytes held, in use or not.
  public long capacityBytes() {
    return regions.values().stream().flatMap(region -> region.blocks.stream())
        .mapToLong(block -> block.length() * block.dtype().bytes()).sum();
  }

  @Override
  public void close() {
    regions.values().forEach(region -> region.blocks.forEach(Memory::close));
    kept.forEach(Memory::close);
    kept.clear();
    regions.clear();
  }

  /// Much at once is for speed; a device may have what is needed and not more.
  private Memory allocateAtLeast(DType dtype, long least, long elements) {
    try {
      return allocate(dtype, elements);
    } catch (OutOfMemoryError e) {
      if (elements == least) {
        throw e;
      }
      return allocate(dtype, least);
    }
  }

  private Memory allocate(DType dtype, long elements) {
    allocations++;
    return allocator.apply(dtype, elements);
  }
}

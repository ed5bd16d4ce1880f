package norma.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import norma.array.Array;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import org.jspecify.annotations.Nullable;

/// One piece of work for the GPU with its arguments: a kernel, or a product that cuBLAS has kernels for. It is used again and
/// again: the arguments lie in memory of the host, where the driver reads them.
final class Launch {
  private static final int MOST_WORDS = 64;

  private final MemorySegment words; // an argument each, or a part of one
  private final MemorySegment parameters; // the address of each argument
  private final long[] values = new long[MOST_WORDS]; // the same words, for comparing
  private int count;
  private int arguments;
  private long function;
  private Grid grid = Grid.NONE;
  private boolean whole;

  /// How many threads a kernel has.
  ///
  /// @param x       blocks of the first dimension
  /// @param y       blocks of the second
  /// @param threads of a block
  record Grid(int x, int y, int threads) {
    /// Of a product: cuBLAS chooses.
    static final Grid NONE = new Grid(0, 0, 0);
  }

  /// What a graph keeps of a piece of work, to know it again. A kernel may come with another grid and other arguments, a product may not.
  ///
  /// @param arguments word by word
  record Kept(long function, Grid grid, long[] arguments) {}

  Launch(Arena arena) {
    words = arena.allocate(MOST_WORDS * 8L, 8);
    parameters = arena.allocate(MOST_WORDS * 8L, 8);
  }

  /// Becomes another piece of work, without arguments.
  ///
  /// @param newFunction the kernel; 0 for a product
  Launch set(long newFunction, Grid newGrid) {
    function = newFunction;
    grid = newGrid;
    count = 0;
    arguments = 0;
    whole = true;
    return this;
  }

  long function() {
    return function;
  }

  Grid grid() {
    return grid;
  }

  boolean isProduct() {
    return function == 0;
  }

  /// Addresses of the arguments, for the driver.
  MemorySegment parameters() {
    return parameters;
  }

  /// A word of the arguments.
  long word(int i) {
    return values[i];
  }

  /// An array's address, or null.
  Launch array(@Nullable Array array) {
    whole = false; // for good, if the address is refused
    long address = array == null ? 0 : CudaMemory.address(array);
    whole = true;
    return number(address);
  }

  /// Whether it has all of its arguments.
  boolean isWhole() {
    return whole;
  }

  /// Where a gradient goes, and whether it is added to.
  Launch grad(@Nullable Grad grad) {
    return array(grad == null ? null : grad.array()).integer(grad != null && grad.add() ? 1 : 0);
  }

  /// A 64-bit integer, or an address.
  Launch number(long value) {
    argument();
    return append(value);
  }

  Launch integer(int value) {
    argument();
    return append(value);
  }

  /// A float32.
  Launch real(double value) {
    argument();
    return append(Float.floatToRawIntBits((float) value));
  }

  /// A float64.
  Launch real64(double value) {
    argument();
    return append(Double.doubleToRawLongBits(value));
  }

  /// The structure `Drop` of common.cuh.
  Launch drop(DropMask mask) {
    argument();
    return append(mask.stream().key()).append(mask.stream().step()).append(mask.first())
        .append((long) Math.ceil(mask.probability() * 0x1p32))
        .append(Float.floatToRawIntBits((float) (1 / (1 - mask.probability()))));
  }

  private void argument() {
    parameters.setAtIndex(ValueLayout.ADDRESS, arguments++, words.asSlice(count * 8L));
  }

  private Launch append(long word) {
    words.setAtIndex(ValueLayout.JAVA_LONG, count, word); // a smaller argument is in its lower bytes
    values[count++] = word;
    return this;
  }

  Kept kept() {
    return new Kept(function, grid, Arrays.copyOf(values, count));
  }

  /// Whether it is the same work, though perhaps with another grid and other arguments.
  boolean repeats(Kept kept) {
    return function == kept.function && count == kept.arguments.length && (!isProduct() || isUnchanged(kept));
  }

  /// Whether grid and arguments are the same, too.
  boolean isUnchanged(Kept kept) {
    return grid.equals(kept.grid) && Arrays.equals(values, 0, count, kept.arguments, 0, kept.arguments.length);
  }

  /// Of what [#repeats] compares.
  int hash() {
    int hash = Long.hashCode(function);
    for (int i = 0; isProduct() && i < count; i++) {
      hash = 31 * hash + Long.hashCode(values[i]);
    }
    return hash;
  }
}

package norma.kernels.rows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import norma.array.HostMemory;
import norma.kernels.rows.RowPrograms.Program;
import norma.machine.InstructionSet;

/// A program with its operands, for one worker thread: they are bound one by one, then checked, then it runs.
public final class Rows implements AutoCloseable {
  private final Program program;
  private final MemorySegment[] places; // addresses of a gathered stream's rows
  private final long[] addresses;
  private final long[] room; // elements from there to the segment's end
  private final Arena arena = Arena.ofShared();
  private final MemorySegment table;
  private double[] given = {};

  Rows(Program program) {
    this.program = program;
    int count = program.streams().count();
    places = new MemorySegment[count];
    Arrays.fill(places, MemorySegment.NULL);
    addresses = new long[count];
    room = new long[count];
    table = constants();
  }

  private MemorySegment constants() {
    MemorySegment memory = arena.allocate(program.tableBytes(), HostMemory.ALIGNMENT_BYTES);
    InstructionSet set = program.set();
    int rest = program.width() % set.lanes();
    program.vectors().forEach((key, at) -> {
      if (key instanceof Integer bits) {
        fill(memory, at, bits, 0, set.lanes());
      } else if (key.equals(RowEmitter.LEFT_OUT)) {
        fill(memory, at, Float.floatToRawIntBits(Float.NEGATIVE_INFINITY), rest, set.lanes());
      } else if (key.equals(RowEmitter.MASK)) {
        boolean lanes = set == InstructionSet.AVX2;
        fill(memory, at, lanes ? -1 : (1 << rest) - 1, 0, lanes ? rest : 1);
      }
    });
    return memory;
  }

  private static void fill(MemorySegment memory, int at, int bits, int from, int to) {
    for (int i = from; i < to; i++) {
      memory.set(ValueLayout.JAVA_INT, at + 4L * i, bits);
    }
  }

  /// Where an operand lies from now on.
  ///
  /// @param stream its place among the names of a routine's operands; a negative one is ignored
  /// @param at     its first element in the segment
  public Rows bind(int stream, MemorySegment segment, long at) {
    if (stream >= 0) {
      addresses[stream] = segment.address() + 4 * at;
      room[stream] = at < 0 ? -1 : segment.byteSize() / 4 - at;
    }
    return this;
  }

  /// Where the rows of a gathered operand lie from now on.
  ///
  /// @param starts the first element of each row in the segment
  /// @throws IndexOutOfBoundsException if the segment has no such row
  public Rows gather(int stream, MemorySegment segment, long[] starts) {
    long known = places[stream].byteSize() / Long.BYTES;
    if (known < starts.length) {
      places[stream] = arena.allocate(ValueLayout.JAVA_LONG, Math.max(starts.length, 2 * known));
    }
    long base = segment.address();
    long last = segment.byteSize() / Float.BYTES - program.width();
    long[] rows = new long[starts.length]; // without the second compiler single accesses to segments are slow
    for (int row = 0; row < rows.length; row++) {
      if (starts[row] < 0 || starts[row] > last) {
        throw new IndexOutOfBoundsException(
            "row " + row + " begins at element " + starts[row] + " of " + (last + program.width()));
      }
      rows[row] = base + Float.BYTES * starts[row];
    }
    MemorySegment.copy(rows, 0, places[stream], ValueLayout.JAVA_LONG, 0, rows.length);
    addresses[stream] = places[stream].address();
    room[stream] = rows.length;
    return this;
  }

  /// Where all operands lie from now on, from the beginnings of these segments.
  public Rows bind(MemorySegment... all) {
    for (int i = 0; i < all.length; i++) {
      bind(i, all[i], 0);
    }
    return this;
  }

  /// A routine's numbers in the order of their names.
  public Rows with(double... values) {
    if (!Arrays.equals(values, given) && program.routine() != null) {
      given = values.clone();
      numbers(program.routine().numbers(values));
    }
    return this;
  }

  /// The plan's numbers.
  void numbers(double[] values) {
    for (int k = 0; k < values.length; k++) {
      Integer place = program.vectors().get(program.plan().numbers().get(k));
      if (place != null) {
        fill(table, place, Float.floatToRawIntBits((float) values[k]), 0, program.set().lanes());
      }
    }
  }

  /// Computes.
  ///
  /// @throws IndexOutOfBoundsException if an operand is shorter
  public void run(int rows) {
    for (int i = 0; rows > 0 && i < room.length; i++) {
      long needed = switch (program.streams().kind(i)) {
        case ELEMENTS -> (long) rows * program.width();
        case STRIDED -> (rows - 1L) * program.stride() + program.width(); // nothing behind the last row
        case EVERY_ROW -> program.width();
        case ROWS, GATHERED -> rows; // of these `room` is the number of rows
      };
      if (needed > room[i]) {
        throw new IndexOutOfBoundsException(rows + " rows, but operand " + i + " has " + room[i] + " elements");
      }
    }
    if (rows > 0) {
      MemorySegment.copy(addresses, 0, table, ValueLayout.JAVA_LONG, 0, addresses.length);
      program.code().call(table.address(), rows, 0, 0, 0, 0, 0, 0, 0, 0);
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}

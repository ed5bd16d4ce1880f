package norma.kernels.vector;

import java.lang.foreign.MemorySegment;

/// Products of bfloat16 matrices, for one worker thread: the Vector API has no instruction for them.
public interface Bf16Library {

  /// Memory for one matrix of bfloat16 numbers, row after row. It grows as needed.
  interface Store extends AutoCloseable {

    /// Makes it a matrix of this shape; its contents are undefined.
    MemorySegment shape(int rows, int columns);

    @Override
    void close();
  }

  /// Memory that any worker's library can read.
  Store store();

  /// `c = op(a) op(b)`, sums in float32, in the shapes that the stores were given last.
  void multiply(Store a, boolean transposeA, Store b, boolean transposeB, Store c);
}

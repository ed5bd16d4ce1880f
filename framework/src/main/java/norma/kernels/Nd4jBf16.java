package norma.kernels;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import norma.kernels.vector.Bf16Library;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/// oneDNN's bfloat16 product through ND4J, with one thread for each thread that calls.
///
/// Its result is bfloat16 as well: ND4J refuses a float32 result for bfloat16 operands.
public final class Nd4jBf16 implements Bf16Library {
  /// Shapes of one memory whose views are kept: a view costs 5 to 10 microseconds.
  private static final int VIEWS = 64;

  private @Nullable Thread caller;

  @Override
  public Store store() {
    return new Nd4jStore();
  }

  @Override
  public void multiply(Store a, boolean transposeA, Store b, boolean transposeB, Store c) {
    if (!Thread.currentThread().equals(caller)) { // OpenMP counts threads for each calling thread of its own
      caller = Thread.currentThread();
      Nd4j.getNDArrayFactory().blas().setMaxThreads(1);
    }
    Nd4jMath.product(((Nd4jStore) a).matrix(), transposeA, ((Nd4jStore) b).matrix(), transposeB,
        ((Nd4jStore) c).matrix());
  }

  private static final class Nd4jStore implements Store {
    private record View(INDArray array, MemorySegment segment) {}

    private final Map<Long, View> views = new HashMap<>();
    private @Nullable INDArray memory;
    private @Nullable View current;

    INDArray matrix() {
      if (current == null) {
        throw new IllegalStateException("a store without a shape");
      }
      return current.array;
    }

    @Override
    public MemorySegment shape(int rows, int columns) {
      long size = (long) rows * columns;
      if (memory == null || memory.length() < size) {
        close();
        try (MemoryWorkspace outside = Nd4j.getWorkspaceManager().scopeOutOfWorkspaces()) {
          memory = Nd4j.create(DataType.BFLOAT16, size);
        }
      }
      if (views.size() >= VIEWS) { // a text that grows by a character at a time has as many shapes
        views.clear();
      }
      INDArray all = memory;
      View view = views.computeIfAbsent((long) rows << 32 | columns, key -> view(all, rows, columns));
      current = view;
      return view.segment;
    }

    @Override
    public void close() {
      views.clear();
      current = null;
      if (memory != null) {
        memory.close();
        memory = null;
      }
    }

    @SuppressWarnings("restricted") // the address and the size come from ND4J's own buffer
    private static View view(INDArray memory, int rows, int columns) {
      INDArray array = Nd4j.create(memory.data(), new long[]{ rows, columns }, new long[]{ columns, 1 }, 0, 'c');
      return new View(array, MemorySegment.ofAddress(memory.data().address()).reinterpret(2L * rows * columns));
    }
  }
}

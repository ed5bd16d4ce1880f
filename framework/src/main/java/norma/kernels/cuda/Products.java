package norma.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import norma.array.Array;
import norma.array.DType;

/// Matrix products by cuBLAS, with accumulation in float32. cuBLAS counts by columns: a matrix by rows is its transpose.
final class Products implements AutoCloseable {
  /// What NVIDIA advises for Hopper; more than enough for the others.
  private static final long WORKSPACE_BYTES = 32 << 20;
  private static final int TRANSPOSED = 1; // cublasOperation_t
  private static final int FLOAT32 = 0; // cudaDataType
  private static final int BFLOAT16 = 14;
  private static final int DEFAULT_ALGORITHM = -1;
  /// Parts of a sum are added in float32, whatever the result's type is (cublasMath_t).
  private static final int NO_REDUCED_SUMS = 16;

  private final Library library;
  private final Driver driver;
  private final MethodHandle gemm;
  private final long handle;
  private final long workspace;
  private final MemorySegment numbers = Arena.global().allocate(8, 8); // alpha, beta

  /// How float32 numbers are multiplied.
  enum Compute {
    /// As they are.
    FLOAT32(68), // cublasComputeType_t
    /// Rounded to ten bits of fraction, on the tensor cores.
    TF32(77);

    private final int code;

    Compute(int code) {
      this.code = code;
    }
  }

  /// @throws CudaException if cuBLAS is not installed
  Products(Driver driver, long stream) {
    this.driver = driver;
    library = library(driver.version());
    gemm = library.function("cublasGemmEx", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS,
        JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_INT, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT,
        JAVA_INT);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(JAVA_LONG);
      check(library.call("cublasCreate_v2", out), "cublasCreate");
      handle = out.get(JAVA_LONG, 0);
    }
    workspace = driver.allocate(WORKSPACE_BYTES); // of our own: a graph keeps its address
    check(library.call("cublasSetStream_v2", handle, stream), "cublasSetStream");
    check(library.call("cublasSetWorkspace_v2", handle, workspace, WORKSPACE_BYTES), "cublasSetWorkspace");
    check(library.call("cublasSetMathMode", handle, NO_REDUCED_SUMS), "cublasSetMathMode");
  }

  /// @param driver newest CUDA that the driver serves
  /// @throws CudaException if it is not installed
  static Library library(int driver) {
    return Library.ofToolkit("cuBLAS", "cublas", driver, "");
  }

  /// A matrix by rows in the GPU's memory.
  ///
  /// @param rows    as it lies in memory
  /// @param columns as it lies in memory
  record Matrix(long address, DType dtype, int rows, int columns) {
    static Matrix of(Array x) {
      return new Matrix(CudaMemory.address(x), x.dtype(), x.rows(), x.dim(-1));
    }

    private int type() {
      return dtype == DType.BFLOAT16 ? BFLOAT16 : FLOAT32;
    }
  }

  /// Describes `c = a b` or `c += a b`, where a and b may be transposed first.
  static void describe(Launch product, Matrix a, boolean transposeA, Matrix b, boolean transposeB, Matrix c,
      boolean add,
      Compute compute) {
    int inner = transposeA ? a.rows : a.columns;
    // By columns the same memory holds the transposes, and c' = b' a'.
    product.integer(transposeB ? TRANSPOSED : 0).integer(transposeA ? TRANSPOSED : 0).integer(c.columns)
        .integer(c.rows).integer(inner).number(b.address).integer(b.type()).integer(b.columns).number(a.address)
        .integer(a.type()).integer(a.columns).number(c.address).integer(c.type()).integer(c.columns)
        .integer(add ? 1 : 0).integer(compute.code);
  }

  /// Sends a product that [#describe] has filled in.
  void run(Launch p) {
    numbers.set(JAVA_FLOAT, 0, 1);
    numbers.set(JAVA_FLOAT, 4, (float) p.word(14));
    check(Library.result(() -> (int) gemm.invokeExact(handle, (int) p.word(0), (int) p.word(1), (int) p.word(2),
        (int) p.word(3), (int) p.word(4), numbers, p.word(5), (int) p.word(6), (int) p.word(7), p.word(8),
        (int) p.word(9), (int) p.word(10), numbers.asSlice(4), p.word(11), (int) p.word(12), (int) p.word(13),
        (int) p.word(15), DEFAULT_ALGORITHM)), "cublasGemmEx");
  }

  private static void check(int status, String function) {
    if (status != 0) {
      throw new CudaException("cuBLAS refused " + function + ": " + switch (status) {
        case 1 -> "it does not start: it may be newer than the driver, or the GPU has no memory left";
        case 3 -> "it has no memory";
        case 7 -> "an argument is not valid";
        case 8 -> "it does not know this GPU: a newer CUDA knows newer GPUs, an older one older ones";
        case 13 -> "the GPU failed";
        case 15 -> "this kind of product is not supported on this GPU";
        default -> "status " + status;
      });
    }
  }

  @Override
  public void close() {
    check(library.call("cublasDestroy_v2", handle), "cublasDestroy");
    driver.call("cuMemFree_v2", workspace);
  }
}

package norma.kernels.nd4j;

import java.util.OptionalInt;
import norma.array.Arena;
import norma.array.DType;
import norma.kernels.HostBackend;
import norma.kernels.Kernels;
import org.nd4j.linalg.factory.Nd4j;

/// ND4J on the host: kernels composed of its operations.
public final class Nd4jBackend extends HostBackend {

  /// A backend with ND4J's own choice of threads.
  ///
  /// @param dtype  FLOAT32 or FLOAT64
  /// @param poison whether the memory of a closed step is filled with NaN, to find arrays that outlive their step
  public Nd4jBackend(DType dtype, boolean poison) {
    this(dtype, OptionalInt.empty(), poison);
  }

  /// A backend with a given number of threads.
  ///
  /// @param threads for products; empty for ND4J's own choice
  public Nd4jBackend(DType dtype, OptionalInt threads, boolean poison) {
    super(dtype, poison);
    threads.ifPresent(n -> Nd4j.getNDArrayFactory().blas().setMaxThreads(n));
  }

  @Override
  public String name() {
    return "nd4j";
  }

  @Override
  public String description() {
    return "ND4J on the CPU ("
        + Nd4j.getExecutioner().getEnvironmentInformation().getProperty("blas.vendor") + "), "
        + threads() + (threads() == 1 ? " thread, " : " threads, ")
        + (dtype() == DType.FLOAT32 ? "fp32" : "fp64");
  }

  @Override
  public int threads() {
    return Nd4j.getNDArrayFactory().blas().getMaxThreads();
  }

  @Override
  protected Kernels kernels(Arena arena) {
    return new Nd4jKernels(arena, dtype());
  }
}

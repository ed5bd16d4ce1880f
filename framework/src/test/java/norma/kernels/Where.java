package norma.kernels;

import norma.array.DType;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.cuda.CudaBackend.Precision;
import norma.kernels.cuda.Emulator;
import norma.kernels.nd4j.Nd4jBackend;

/// Backends that are held against the same numbers.
public enum Where {
  /// The definition, in float64.
  ND4J,
  /// Fused kernels in float32.
  CPU,
  /// The same on a GPU, or on the emulator where there is none.
  CUDA;

  /// A new backend.
  public Backend open() {
    return switch (this) {
      case ND4J -> new Nd4jBackend(DType.FLOAT64, true);
      case CPU -> new CpuBackend(1, true);
      case CUDA -> Emulator.open(Precision.FP32);
    };
  }

  /// What a result may be off by.
  public double tolerance(double fp64, double fp32) {
    return this == ND4J ? fp64 : fp32;
  }
}

package norma.train.doctor;

import norma.kernels.cuda.CudaDevice;
import norma.kernels.cuda.CudaException;

/// What there is of NVIDIA GPUs, and what a run on one would lack.
public final class Gpu {
  private static final String LABEL = "GPU";

  private Gpu() {}

  /// The first GPU, or why there is none.
  public static Finding finding() {
    if (!CudaDevice.mayExist()) {
      return Finding.of(LABEL, "none: no driver of NVIDIA's has started (no /dev/nvidiactl)");
    }
    try {
      return Finding.of(LABEL, CudaDevice.first().toString());
    } catch (CudaException e) {
      return Finding.of(LABEL, "not usable: " + e.getMessage());
    }
  }
}

package norma.train.doctor;

import java.util.ArrayList;
import java.util.List;
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
      CudaDevice device = CudaDevice.first();
      List<String> facts = new ArrayList<>(List.of(device.toString()));
      device.missing().forEach(line -> facts.add("not usable: " + line));
      return new Finding(LABEL, facts, List.of());
    } catch (CudaException e) {
      return Finding.of(LABEL, "not usable: " + e.getMessage());
    }
  }
}

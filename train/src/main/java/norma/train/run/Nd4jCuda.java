package norma.train.run;

import java.util.Optional;
import norma.kernels.cuda.CudaDevice;
import norma.kernels.cuda.CudaException;

/// ND4J's CUDA build, which the Maven profile `nd4j-cuda` puts on the class path: it holds machine code for compute capability 3.7 to
/// 8.6 and nothing that a driver could translate, so it serves GPUs up to 8.9. Where there is a GPU, ND4J takes it.
final class Nd4jCuda {
  private static final int NEWEST = 89;

  private Nd4jCuda() {}

  /// Before ND4J is touched.
  ///
  /// @param ownKernels whether Norma's own kernels want to reach ND4J's memory, which then is the GPU's
  /// @throws RunException if that cannot work
  static void check(boolean ownKernels) {
    if (Nd4jCuda.class.getResource("/org/nd4j/linalg/jcublas/JCublasBackend.class") != null && CudaDevice.mayExist()) {
      device().flatMap(gpu -> obstacle(gpu, ownKernels)).ifPresent(why -> {
        throw new RunException(why);
      });
    }
  }

  /// The GPU that ND4J would take; nothing if Norma cannot tell, and ND4J may find out.
  private static Optional<CudaDevice> device() {
    try {
      return Optional.of(CudaDevice.first());
    } catch (CudaException e) { // also of a driver that is too old for Norma, not for ND4J
      return Optional.empty();
    }
  }

  /// What speaks against ND4J's CUDA build on a GPU.
  static Optional<String> obstacle(CudaDevice gpu, boolean ownKernels) {
    if (gpu.architecture() > NEWEST) {
      return Optional.of("ND4J's CUDA build has no code for " + gpu.name() + " (compute capability " + gpu.major() + "."
          + gpu.minor() + ", it ends with 8.9); use runtime.backend: cuda");
    }
    return ownKernels
        ? Optional.of("runtime.backend cpu is not to be had with ND4J's CUDA build, whose memory is the GPU's;"
            + " use nd4j or cuda, or build without the profile nd4j-cuda")
        : Optional.empty();
  }
}

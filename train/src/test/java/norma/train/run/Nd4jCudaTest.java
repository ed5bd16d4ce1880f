package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import norma.kernels.cuda.CudaDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// ND4J's CUDA build on a GPU, without one.
class Nd4jCudaTest {

  @ParameterizedTest
  @CsvSource({ "7, 5", "8, 0", "8, 6", "8, 9" })
  void upToAdaTheBackendNd4jMayUseTheGpu(int major, int minor) {
    assertThat(Nd4jCuda.obstacle(gpu(major, minor), false)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({ "9, 0", "10, 0", "12, 1" })
  void laterGpusAreSentToTheBackendCuda(int major, int minor) {
    assertThat(Nd4jCuda.obstacle(gpu(major, minor), false)).hasValue("ND4J's CUDA build has no code for NVIDIA X"
        + " (compute capability " + major + "." + minor + ", it ends with 8.9); use runtime.backend: cuda");
    assertThat(Nd4jCuda.obstacle(gpu(major, minor), true)).isEqualTo(Nd4jCuda.obstacle(gpu(major, minor), false));
  }

  @Test
  void ownKernelsCannotReachTheGpusMemory() {
    assertThat(Nd4jCuda.obstacle(gpu(8, 6), true).orElseThrow()).contains("runtime.backend cpu", "use nd4j or cuda");
  }

  @Test
  void withoutTheProfileNothingIsAsked() {
    Nd4jCuda.check(true);
  }

  private static CudaDevice gpu(int major, int minor) {
    return new CudaDevice(0, "NVIDIA X", major, minor, 100, 1L << 34, 13000);
  }
}

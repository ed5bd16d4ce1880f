package norma.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.kernels.cuda.CudaBackend.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is missing or refused is one line that says so.
class CudaErrorsTest {
  @TempDir
  private Path empty;

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "devices=0 | no GPU: NVIDIA's driver sees none",
      "init=100 | no GPU: NVIDIA's driver sees none",
      "driver=11040 | NVIDIA's driver is too old: it serves CUDA up to 11.4; expected 12.0 or newer: update the driver",
      "init=999 | NVIDIA's driver does not start: CUDA_ERROR_UNKNOWN",
      "context=46 | GPU 0 (NAME) is busy: another process has it for itself; nvidia-smi shows which",
      "context=2 | GPU 0 (NAME) has no memory left even to start; nvidia-smi shows who holds it",
      "capability=75 | NAME has no tensor cores for bf16, as GPUs have from compute capability 8.0 on; use fp32 or tf32" })
  void aFaultIsOneLine(String fault, String line) {
    String name = Emulator.with("", CudaDevice::first).name();
    assertThatThrownBy(() -> Emulator.with(fault, () -> new CudaBackend(Precision.BF16, empty, false)))
        .isInstanceOf(CudaException.class)
        .satisfies(e -> assertThat(e.getMessage()).startsWith(line.replace("NAME", name)).doesNotContain("\n"));
  }

  @Test
  void memoryThatIsNotThereIsSaidInMebibytes() {
    try (CudaBackend backend = Emulator.with("memory=67108864",
        () -> new CudaBackend(Precision.FP32, Emulator.kernels(), false))) {
      long free = backend.deviceBytes().orElseThrow();
      assertThat(free).isLessThanOrEqualTo(64 << 20);
      assertThatThrownBy(() -> backend.allocate(norma.array.DType.FLOAT32, 100 << 18))
          .isInstanceOf(OutOfMemoryError.class)
          .hasMessage("100 MiB of GPU memory were asked for, " + (free >> 20) + " are free");
      assertThat(backend.read(backend.allocate(norma.array.DType.FLOAT32, 3))).containsExactly(0, 0, 0);
    }
  }

  /// A folder with the driver alone, and one that has nothing.
  @Test
  void aMissingLibraryIsNamed() throws IOException {
    Path libraries = Emulator.folder();
    Files.createSymbolicLink(empty.resolve("libcuda.so.1"), libraries.resolve("libcuda.so.1"));
    Emulator.with("", () -> {
      System.setProperty(Library.PATH, empty.toString());
      assertThatThrownBy(() -> new CudaBackend(Precision.FP32, empty, false)).isInstanceOf(CudaException.class)
          .hasMessage("no cuBLAS: libcublas.so.13 or .12 was not found; install CUDA 12 or 13,"
              + " or set CUDA_HOME to the folder that it is in");
      assertThatThrownBy(
          () -> new Compiler(empty, Nvrtc.find(13_000), 90, false).image(Compiler.Source.ELEMENTWISE.unit(0)))
          .isInstanceOf(CudaException.class)
          .hasMessage("no run-time compiler: libnvrtc.so.13 or .12 was not found; install CUDA 12 or 13,"
              + " or set CUDA_HOME to the folder that it is in");
      assertThatThrownBy(() -> Products.library(12_080)).isInstanceOf(CudaException.class)
          .hasMessageStartingWith("no cuBLAS: libcublas.so.12 was not found; install CUDA 12, or");
      return empty;
    });
  }

  @Test
  void aSourceThatDoesNotCompileIsNamedWithItsFirstErrors() {
    Nvrtc nvrtc = Emulator.with("", () -> new Nvrtc(13_000));
    assertThatThrownBy(() -> nvrtc.compile("wrong.cu", "extern \"C\" __global__ void wrong() { int x = y; }", Map.of(),
        List.of("--gpu-architecture=sm_90"))).isInstanceOf(CudaException.class)
        .hasMessageStartingWith("the GPU's kernels cannot be compiled: NVRTC refused wrong.cu with error 6")
        .hasMessageContaining("wrong.cu:1:46: error: ");
  }

  /// Of another version of CUDA, or damaged: the driver says so.
  @Test
  void anImageThatTheDriverDoesNotTakeIsMadeAgain() throws IOException {
    Emulator.with("", () -> new CudaBackend(Precision.FP32, empty, false)).close();
    List<Path> images;
    try (Stream<Path> files = Files.list(empty)) {
      images = files.sorted().toList();
    }
    assertThat(images).as("one for each source that is not of heads").hasSize(2);
    Files.write(images.getFirst(), new byte[]{ 1, 2, 3 });
    Emulator.with("", () -> new CudaBackend(Precision.FP32, empty, false)).close();
    assertThat(Files.size(images.getFirst())).isGreaterThan(1000);
    try (Stream<Path> files = Files.list(empty)) {
      assertThat(files.sorted().toList()).isEqualTo(images);
    }
  }

  @Test
  void aDeviceIsDescribed() {
    CudaDevice device = Emulator.with("capability=89", CudaDevice::first);
    assertThat(device.architecture()).isEqualTo(89);
    assertThat(device.isAmpereOrLater()).isTrue();
    assertThat(device.toString()).startsWith(device.name() + " (compute capability 8.9, ")
        .contains(" multiprocessors, ", " GiB, driver for CUDA ");
  }
}

package norma.kernels.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntConsumer;

/// An NVIDIA GPU and its driver.
///
/// @param number          among those that `CUDA_VISIBLE_DEVICES` leaves
/// @param name            as NVIDIA calls it
/// @param major           of the compute capability
/// @param minor           of the compute capability
/// @param multiprocessors that run blocks of threads
/// @param memoryBytes     of its own memory
/// @param driverVersion   newest CUDA that the driver serves, 13000 for 13.0
public record CudaDevice(int number, String name, int major, int minor, int multiprocessors, long memoryBytes,
    int driverVersion) {
  private static final int MULTIPROCESSORS = 16; // CUdevice_attribute
  private static final int MAJOR = 75;
  private static final int MINOR = 76;

  /// Whether the system has something of NVIDIA's at all: a look at files, before anything is loaded.
  public static boolean mayExist() {
    return Library.isGiven() || Files.exists(Path.of("/dev/nvidiactl")) || Files.exists(Path.of("/dev/dxg")); // WSL
  }

  /// The first GPU.
  ///
  /// @throws CudaException in one line why there is none that can be used
  public static CudaDevice first() {
    return first(Driver.start());
  }

  static CudaDevice first(Driver driver) {
    int device = (int) driver.made("cuDeviceGet", 0);
    return new CudaDevice(device, driver.name(device), attribute(driver, device, MAJOR),
        attribute(driver, device, MINOR), attribute(driver, device, MULTIPROCESSORS),
        driver.made("cuDeviceTotalMem_v2", device), driver.version());
  }

  private static int attribute(Driver driver, int device, int attribute) {
    return (int) driver.made("cuDeviceGetAttribute", attribute, device);
  }

  /// 90 for compute capability 9.0.
  public int architecture() {
    return 10 * major + minor;
  }

  /// Whether its tensor cores multiply bfloat16, and float32 numbers with ten bits of fraction: from Ampere on.
  public boolean isAmpereOrLater() {
    return major >= 8;
  }

  /// What of CUDA's toolkit a run would miss, in one line each.
  public List<String> missing() {
    List<String> missing = new ArrayList<>();
    for (IntConsumer part : List.<IntConsumer>of(Nvrtc::new, Products::library)) {
      try {
        part.accept(driverVersion);
      } catch (CudaException e) {
        missing.add(String.valueOf(e.getMessage()));
      }
    }
    return missing;
  }

  /// For people.
  @Override
  public String toString() {
    return String.format(Locale.ROOT,
        "%s (compute capability %d.%d, %d multiprocessors, %.1f GiB, driver for CUDA %s)", name, major, minor,
        multiprocessors, memoryBytes / 0x1p30, Driver.dotted(driverVersion));
  }
}

package norma.train.run;

import java.util.Locale;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.cpu.ProductEngine;
import norma.kernels.cuda.CudaBackend;
import norma.kernels.cuda.CudaDevice;
import norma.kernels.cuda.CudaException;
import norma.kernels.nd4j.Nd4jBackend;
import norma.machine.RefusedException;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.BackendChoice;
import norma.train.config.RunConfig.Precision;
import norma.train.config.RunConfig.Runtime;
import norma.train.data.Corpora;

/// A backend, and why it was chosen.
///
/// @param reason for people
public record Backends(Backend backend, String reason) {

  /// The backend that a configuration asks for, or for `auto` the fastest that works here.
  ///
  /// @param debug whether the memory of a closed step is filled with NaN
  /// @throws RunException if the backend that is asked for cannot work here, or none for `auto`
  public static Backends choose(Runtime runtime, boolean debug) {
    return choose(runtime, debug, ProductEngine::here);
  }

  /// Finds the machine code of the backend `cpu`.
  interface Engine {
    ProductEngine get() throws RefusedException;
  }

  static Backends choose(Runtime runtime, boolean debug, Engine engine) {
    boolean asked = runtime.backend() != BackendChoice.AUTO;
    if (runtime.precision() == Precision.FP64) {
      requireNd4j("runtime.precision is fp64", "use fp32, tf32 or bf16");
      return nd4j(runtime, debug, asked ? "asked for by runtime.backend" : "the only one with fp64");
    }
    if (runtime.backend() == BackendChoice.ND4J) {
      requireNd4j("runtime.backend is nd4j", "use cuda");
      return nd4j(runtime, debug, "asked for by runtime.backend");
    }
    String noGpu = "";
    if (runtime.backend() == BackendChoice.CUDA || (!asked && CudaDevice.mayExist())) {
      try {
        return new Backends(new CudaBackend(precision(runtime.precision()), Corpora.userCache().resolve("cuda"), debug),
            asked
                ? "asked for by runtime.backend"
                : "chosen by runtime.backend: auto, as the fastest where there is a GPU");
      } catch (CudaException e) {
        if (asked) {
          throw new RunException("runtime.backend is cuda: " + e.getMessage(), e);
        }
        noGpu = "; not the GPU: " + e.getMessage();
      }
    }
    if (runtime.precision() == Precision.TF32) {
      throw new RunException("runtime.precision is tf32, which GPUs have; use fp32"
          + (noGpu.isEmpty() ? ": no NVIDIA GPU was found" : noGpu));
    }
    requireNd4j("runtime.backend is " + runtime.backend().name().toLowerCase(Locale.ROOT),
        asked ? "use cuda" : noGpu.isEmpty() ? "no NVIDIA GPU was found" : noGpu.substring(2));
    return cpu(runtime, debug, asked, noGpu, engine);
  }

  /// What is copied to a GPU host is without ND4J, and so without the backends that compute in the host's memory.
  ///
  /// @param setting that needs it, in words
  /// @param instead what there is
  private static void requireNd4j(String setting, String instead) {
    if (Backends.class.getResource("/org/nd4j/linalg/factory/Nd4j.class") == null) {
      throw new RunException(setting + ", but this installation is for GPUs only, without ND4J; " + instead);
    }
  }

  private static Backends cpu(Runtime runtime, boolean debug, boolean asked, String noGpu,
      Engine engine) {
    boolean bf16 = runtime.precision() == Precision.BF16;
    try {
      engine.get();
      if (bf16 && !Machine.hasBf16()) {
        throw new RunException("runtime.precision is bf16: " + Machine.noBf16() + "; use fp32" + noGpu);
      }
    } catch (IllegalArgumentException e) { // the system property
      throw new RunException(String.valueOf(e.getMessage()), e);
    } catch (RefusedException e) {
      if (asked || bf16) {
        throw new RunException("runtime." + (asked ? "backend is cpu" : "precision is bf16") + ": " + e.reason()
            + "; use " + (bf16 ? "nd4j with fp32" : "nd4j"), e);
      }
      return nd4j(runtime, debug, "chosen by runtime.backend: auto, since the backend cpu cannot run here: "
          + e.reason() + noGpu);
    }
    int threads = runtime.threads().orElseGet(() -> java.lang.Runtime.getRuntime().availableProcessors());
    return new Backends(new CpuBackend(threads, runtime.shards(), debug, bf16),
        (asked ? "asked for by runtime.backend" : "chosen by runtime.backend: auto, as the fastest") + noGpu);
  }

  private static CudaBackend.Precision precision(Precision precision) {
    return switch (precision) {
      case FP32 -> CudaBackend.Precision.FP32;
      case TF32 -> CudaBackend.Precision.TF32;
      case BF16 -> CudaBackend.Precision.BF16;
      case FP64 -> throw new IllegalArgumentException("no fp64 on the backend cuda");
    };
  }

  private static Backends nd4j(Runtime runtime, boolean debug, String reason) {
    DType dtype = runtime.precision() == Precision.FP64 ? DType.FLOAT64 : DType.FLOAT32;
    return new Backends(new Nd4jBackend(dtype, runtime.threads(), debug), reason);
  }

  /// Refuses a model that a backend has no kernels for.
  ///
  /// @throws RunException in one line
  public static void requireKernels(RunConfig config, Backend backend) {
    int width = config.model().headWidth();
    if (width > backend.widestHead()) {
      throw new RunException(
          "model.width / model.heads is " + width + ", wider than the attention kernels of the backend "
              + backend.name() + "; expected at most " + backend.widestHead());
    }
  }
}

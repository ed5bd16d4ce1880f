package norma.train.run;

import java.util.Optional;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Nd4jBackend;
import norma.kernels.Nd4jBf16;
import norma.kernels.VectorModule;
import norma.kernels.vector.CpuBackend;
import norma.train.config.RunConfig.BackendChoice;
import norma.train.config.RunConfig.Precision;
import norma.train.config.RunConfig.Runtime;

/// A backend, and why it was chosen.
///
/// @param reason for people
public record Backends(Backend backend, String reason) {

  /// The backend that a configuration asks for, or for `auto` the fastest that works here.
  ///
  /// @param debug whether the memory of a closed step is filled with NaN
  /// @throws RunException if the backend that is asked for cannot work here
  public static Backends choose(Runtime runtime, boolean debug) {
    boolean asked = runtime.backend() != BackendChoice.AUTO;
    if (runtime.precision() == Precision.FP64) {
      return nd4j(runtime, debug, asked ? "asked for by runtime.backend" : "the only one with fp64");
    }
    if (runtime.backend() == BackendChoice.ND4J) {
      return nd4j(runtime, debug, "asked for by runtime.backend");
    }
    boolean bf16 = runtime.precision() == Precision.BF16;
    if (bf16 && !Machine.hasBf16()) {
      throw new RunException("runtime.precision is bf16: this CPU (" + Machine.cpu()
          + ") has no AVX512-BF16, as Intel's have from Cooper Lake on and AMD's from Zen 4 on; use fp32");
    }
    Optional<String> missing = VectorModule.missing();
    if (missing.isEmpty()) {
      int threads = runtime.threads().orElseGet(() -> java.lang.Runtime.getRuntime().availableProcessors());
      return new Backends(new CpuBackend(threads, debug, bf16 ? Nd4jBf16::new : null),
          asked ? "asked for by runtime.backend" : "chosen by runtime.backend: auto, as the fastest");
    }
    if (asked || bf16) {
      throw new RunException((asked ? "runtime.backend is cpu: " : "runtime.precision is bf16: ") + missing.get()
          + "; or use runtime.backend nd4j" + (bf16 ? " and fp32" : "") + ", which is slower");
    }
    return nd4j(runtime, debug,
        "ten times slower than the backend cpu, for which something is missing: " + missing.get());
  }

  private static Backends nd4j(Runtime runtime, boolean debug, String reason) {
    DType dtype = runtime.precision() == Precision.FP64 ? DType.FLOAT64 : DType.FLOAT32;
    return new Backends(new Nd4jBackend(dtype, runtime.threads(), debug), reason);
  }
}

package norma.kernels.cpu;

import java.util.ArrayList;
import java.util.List;
import norma.machine.Cpu;
import norma.machine.Executable;
import norma.machine.RefusedException;

/// The backend `cpu` on each engine that runs here, one thread.
public final class Engines {
  private Engines() {}

  /// In plain Java first.
  public static List<CpuBackend> backends() throws RefusedException {
    Cpu cpu = Cpu.here(Executable::of);
    List<CpuBackend> backends = new ArrayList<>(List.of(backend("plain")));
    if (cpu.avx2()) {
      backends.add(backend("avx2"));
    }
    if (cpu.avx512()) {
      backends.add(backend("avx512"));
    }
    return backends;
  }

  private static CpuBackend backend(String products) {
    return new CpuBackend(1, true, false, ProductEngine.choose(products, Executable::of));
  }
}

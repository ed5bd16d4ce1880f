package norma.kernels.cpu;

import java.util.OptionalInt;
import java.util.ArrayList;
import java.util.List;
import norma.kernels.rows.PlainRows;
import norma.machine.Cpu;
import norma.machine.Executable;
import norma.machine.RefusedException;

/// The backend `cpu` on each engine that runs here, one thread.
public final class Engines {
  private Engines() {}

  /// In plain Java first.
  public static List<CpuBackend> backends() throws RefusedException {
    Cpu cpu = Cpu.here();
    List<CpuBackend> backends = new ArrayList<>(List.of(backend(plain())));
    if (cpu.avx2()) {
      backends.add(backend(ProductEngine.choose("avx2", Executable::of)));
    }
    if (cpu.avx512()) {
      backends.add(backend(ProductEngine.choose("avx512", Executable::of)));
    }
    return backends;
  }

  /// For one worker.
  static ProductEngine plain() {
    return new ProductEngine(new PlainTiles(), null, PlainRows.programs());
  }

  private static CpuBackend backend(ProductEngine engine) {
    return new CpuBackend(1, OptionalInt.empty(), true, false, engine);
  }
}

package norma.kernels.vector;

import java.util.ArrayList;
import java.util.List;
import norma.array.Arena;
import norma.array.DType;
import norma.kernels.HostBackend;
import norma.kernels.Kernels;

/// The CPU with fused float32 kernels, each worker single-threaded.
public final class CpuBackend extends HostBackend {
  /// Two for each of two workers: one that is held up by another process leaves less behind, and results are the same bit for
  /// bit with one to four workers.
  private static final int SHARDS = 4;

  private final int workers;
  private final List<CpuKernels> kernels = new ArrayList<>();
  private final PreparedWeights prepared = new PreparedWeights();

  /// @param workers threads that a step is divided among
  /// @param poison  whether the memory of a closed step is filled with NaN, to find arrays that outlive their step
  public CpuBackend(int workers, boolean poison) {
    super(DType.FLOAT32, poison);
    this.workers = workers;
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    return "Vector API kernels of " + Vectors.LANES + " lanes, " + workers + (workers == 1 ? " thread" : " threads")
        + ", fp32";
  }

  @Override
  public int threads() {
    return workers;
  }

  @Override
  public int workers() {
    return workers;
  }

  @Override
  public int shards() {
    return Math.max(SHARDS, workers);
  }

  @Override
  public void weightsChanged() {
    prepared.forget();
  }

  @Override
  protected Kernels kernels(Arena arena) {
    CpuKernels own = new CpuKernels(arena, prepared);
    kernels.add(own);
    return own;
  }

  @Override
  public synchronized void close() {
    super.close();
    kernels.forEach(CpuKernels::close);
    kernels.clear();
    prepared.close();
  }
}

package norma.kernels.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import norma.array.Arena;
import norma.array.DType;
import norma.kernels.HostBackend;
import norma.kernels.Kernels;
import norma.kernels.RotaryAngles;
import norma.kernels.rows.RowKernels;
import norma.machine.RefusedException;

/// The CPU with fused kernels, each worker single-threaded.
public final class CpuBackend extends HostBackend {
  /// Two for each of two workers: one that is held up by another process leaves less behind, and results are the same bit for
  /// bit with one to four workers.
  private static final int SHARDS = 4;

  private final int workers;
  private final int shards;
  private final List<CpuKernels> kernels = new ArrayList<>();
  private final ProductEngine engine;
  private final PreparedWeights prepared = new PreparedWeights();
  private final RotaryAngles angles = new RotaryAngles(this);
  private final boolean bf16;

  /// Everything in float32.
  ///
  /// @param workers threads that a step is divided among
  /// @param poison  whether the memory of a closed step is filled with NaN, to find arrays that outlive their step
  public CpuBackend(int workers, boolean poison) {
    this(workers, OptionalInt.empty(), poison, false);
  }

  /// The products of linear layers in bfloat16 or everything in float32.
  ///
  /// @param shards parts of a batch; if empty, enough for four workers, and for all of them
  /// @param bf16   only where [ProductEngine#hasBf16()]
  /// @throws IllegalStateException where no machine code can run
  public CpuBackend(int workers, OptionalInt shards, boolean poison, boolean bf16) {
    this(workers, shards, poison, bf16, engine());
  }

  CpuBackend(int workers, OptionalInt shards, boolean poison, boolean bf16, ProductEngine engine) {
    super(DType.FLOAT32, poison);
    this.workers = workers;
    this.shards = shards.orElse(Math.max(SHARDS, workers));
    this.bf16 = bf16;
    this.engine = engine;
  }

  private static ProductEngine engine() {
    try {
      return ProductEngine.here();
    } catch (RefusedException e) {
      throw new IllegalStateException("the backend cpu cannot run here: " + e.reason(), e);
    }
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    return engine.description() + ", " + workers
        + (workers == 1 ? " thread" : " threads") + ", " + (bf16 ? "products in bf16" : "fp32");
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
    return shards;
  }

  @Override
  public void weightsChanged() {
    prepared.forget();
  }

  @Override
  protected Kernels kernels(Arena arena) {
    Tiles tiles = engine.tiles();
    CpuKernels own = new CpuKernels(arena, tiles, new LinearProducts(bf16 ? engine.bf16() : tiles, prepared),
        new RowKernels(engine.formulas()), angles);
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

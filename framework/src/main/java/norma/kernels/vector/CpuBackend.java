package norma.kernels.vector;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import norma.array.Arena;
import norma.array.DType;
import norma.kernels.HostBackend;
import norma.kernels.Kernels;
import norma.kernels.rows.RowKernels;
import norma.kernels.rows.RowPrograms;
import norma.machine.Cpu;
import norma.machine.InstructionSet;
import norma.machine.RefusedException;
import org.jspecify.annotations.Nullable;

/// The CPU with fused kernels, each worker single-threaded.
public final class CpuBackend extends HostBackend {
  /// Two for each of two workers: one that is held up by another process leaves less behind, and results are the same bit for
  /// bit with one to four workers.
  private static final int SHARDS = 4;

  private final int workers;
  private final List<CpuKernels> kernels = new ArrayList<>();
  private final PreparedWeights<?> prepared;
  private final Supplier<LinearProducts> products;
  private final String precision;
  private final @Nullable RowPrograms programs;
  private final String formulas;

  /// Everything in float32.
  ///
  /// @param workers threads that a step is divided among
  /// @param poison  whether the memory of a closed step is filled with NaN, to find arrays that outlive their step
  public CpuBackend(int workers, boolean poison) {
    this(workers, poison, null);
  }

  /// The products of linear layers in bfloat16, everything else in float32.
  ///
  /// @param bf16 a library for each worker; null for float32
  public CpuBackend(int workers, boolean poison, @Nullable Supplier<Bf16Library> bf16) {
    super(DType.FLOAT32, poison);
    this.workers = workers;
    if (bf16 != null) {
      PreparedWeights<Bf16Library.Store> rounded = new PreparedWeights<>(Bf16Library.Store::close);
      prepared = rounded;
      products = () -> new Bf16Products(bf16.get(), rounded);
    } else if (Vectors.MANY_REGISTERS) {
      PreparedWeights<TileProducts.PackedWeight> packed = new PreparedWeights<>(TileProducts.PackedWeight::close);
      prepared = packed;
      products = () -> new TileProducts(packed);
    } else {
      PreparedWeights<StripProducts.PackedWeight> packed = new PreparedWeights<>(StripProducts.PackedWeight::close);
      prepared = packed;
      products = () -> new StripProducts(packed);
    }
    precision = bf16 == null ? "fp32" : "products in bf16";
    RowPrograms made = null;
    String reason = "this CPU has no AVX2";
    try {
      Cpu cpu = Cpu.here();
      if (cpu.avx2()) {
        InstructionSet set = cpu.avx512() ? InstructionSet.AVX512 : InstructionSet.AVX2;
        made = new RowPrograms(set);
        reason = set.label();
      }
    } catch (RefusedException e) {
      reason = e.getMessage();
    }
    programs = made;
    formulas = made == null ? "formulas by ND4J: " + reason : "formulas as code for " + reason;
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public String description() {
    return "Vector API kernels of " + Vectors.LANES + " lanes, " + workers + (workers == 1 ? " thread" : " threads")
        + ", " + precision + ", " + formulas;
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
    CpuKernels own = new CpuKernels(arena, products.get(), programs == null ? null : new RowKernels(programs));
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

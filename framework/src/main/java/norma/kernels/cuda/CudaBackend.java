package norma.kernels.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.RotaryAngles;
import org.jspecify.annotations.Nullable;

/// An NVIDIA GPU. Weights, gradients and moments are float32; activations are float32 or bfloat16. A step is one part: the
/// kernels divide their own work.
public final class CudaBackend implements Backend {
  private final CudaDevice device;
  private final Precision precision;
  private final boolean poison;
  private final Driver driver;
  private final Stream stream;
  private final Modules modules;
  private final List<CudaMemory> owned = new ArrayList<>();
  private final RotaryAngles angles = new RotaryAngles(this);
  private final List<CudaKernels> kernels = new ArrayList<>();
  private final Map<CudaMemory, CudaMemory> rounded = new HashMap<>(); // weights to their copies in bfloat16
  private final Set<CudaMemory> prepared = new HashSet<>(); // weights whose copies are as they are

  /// How numbers are kept and multiplied.
  public enum Precision {
    /// Everything in float32.
    FP32,
    /// Products of linear layers by the tensor cores, which take ten bits of the factors' fractions; everything kept in float32.
    TF32,
    /// Activations and their gradients in bfloat16, products with accumulation in float32; weights and what belongs to them in
    /// float32.
    BF16
  }

  /// Takes hold of the first GPU.
  ///
  /// @param cache  folder that compiled kernels are kept in
  /// @param poison whether the memory of a closed step is filled with NaN, to find arrays that outlive their step
  /// @throws CudaException in one line why it cannot be used
  public CudaBackend(Precision precision, Path cache, boolean poison) {
    this.precision = precision;
    this.poison = poison;
    driver = Driver.start();
    device = CudaDevice.first(driver);
    if (precision == Precision.BF16 && !device.isAmpereOrLater()) {
      throw new CudaException(
          device.name()
              + " has no tensor cores for bf16, as GPUs have from compute capability 8.0 on; use fp32 or tf32");
    }
    stream = new Stream(driver, device.number());
    try {
      modules = new Modules(driver,
          new Compiler(cache, Nvrtc.find(device.driverVersion()), device.architecture(), precision == Precision.BF16),
          16 / activations().bytes());
    } catch (CudaException e) { // another backend may go on in this process
      stream.close();
      throw e;
    }
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int widestHead() {
    return Grids.WIDEST;
  }

  @Override
  public String gpu() {
    return device.name();
  }

  @Override
  public String description() {
    return device + ", " + switch (precision) {
      case FP32 -> "fp32";
      case TF32 -> device.isAmpereOrLater() ? "products in tf32" : "fp32, since it has no tensor cores for tf32";
      case BF16 -> "activations in bf16";
    };
  }

  /// The GPU.
  public CudaDevice device() {
    return device;
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public DType dtype() {
    return DType.FLOAT32;
  }

  @Override
  public DType activations() {
    return precision == Precision.BF16 ? DType.BFLOAT16 : DType.FLOAT32;
  }

  @Override
  public OptionalLong deviceBytes() {
    return OptionalLong.of(stream.freeBytes());
  }

  @Override
  public synchronized Array allocate(DType type, int... shape) {
    CudaMemory memory = new CudaMemory(stream, type, Array.size(shape));
    memory.clear();
    owned.add(memory);
    return new Array(memory, 0, shape);
  }

  @Override
  public synchronized Kernels kernels() {
    Arena arena = new Arena((type, length) -> new CudaMemory(stream, type, length), poison);
    CudaKernels own = new CudaKernels(arena, this, precision);
    kernels.add(own);
    return own;
  }

  /// Copies weights to bfloat16, all of one memory at once.
  void prepare(Array weight) {
    CudaMemory memory = (CudaMemory) weight.memory();
    if (prepared.add(memory)) {
      CudaMemory copy = rounded.computeIfAbsent(memory,
          original -> new CudaMemory(stream, DType.BFLOAT16, original.length()));
      kernels.getFirst().toBf16(new Array(memory, 0, Math.toIntExact(memory.length())), copy.address());
    }
  }

  /// A weight's copy in bfloat16, or null if it was not prepared.
  @Nullable
  Array prepared(Array weight) {
    CudaMemory memory = (CudaMemory) weight.memory();
    CudaMemory copy = prepared.contains(memory) ? rounded.get(memory) : null;
    return copy == null ? null : new Array(copy, weight.offset(), weight.shape());
  }

  @Override
  public void weightsChanged() {
    prepared.clear();
  }

  RotaryAngles angles() {
    return angles;
  }

  Stream stream() {
    return stream;
  }

  Modules modules() {
    stream.use(); // what is not loaded yet will be
    return modules;
  }

  DeviceClock clock() {
    return new DeviceClock(driver, stream);
  }

  @Override
  public void copy(MemorySegment from, Array to) {
    stream.write(from, CudaMemory.start(to));
  }

  @Override
  public void copy(Array from, MemorySegment to) {
    stream.read(CudaMemory.start(from), to);
  }

  @Override
  public void synchronize() {
    stream.await();
  }

  @Override
  public synchronized void close() {
    stream.forgetGraphs();
    kernels.forEach(CudaKernels::close);
    owned.forEach(CudaMemory::close);
    rounded.values().forEach(CudaMemory::close);
    modules.close();
    stream.close();
  }
}

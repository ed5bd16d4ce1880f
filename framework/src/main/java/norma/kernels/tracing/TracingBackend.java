package norma.kernels.tracing;

import java.lang.foreign.MemorySegment;
import java.util.List;
import norma.array.Arena;
import norma.array.Array;
import norma.array.DType;
import norma.array.VirtualMemory;
import norma.formula.Formula;
import norma.kernels.AdamW;
import norma.kernels.Backend;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// A backend without numbers, for cost models.
///
/// @param dtype element type to count with
public record TracingBackend(DType dtype) implements Backend {
  @Override
  public String name() {
    return "tracing";
  }

  @Override
  public String description() {
    return "shapes without numbers";
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public Array allocate(DType type, int... shape) {
    return new Array(new VirtualMemory(type, Array.size(shape)), 0, shape);
  }

  @Override
  public Kernels kernels() {
    return new TracingKernels(dtype);
  }

  @Override
  public void copy(MemorySegment from, Array to) {}

  @Override
  public void copy(Array from, MemorySegment to) {}

  @Override
  public void synchronize() {}

  @Override
  public void close() {}

  /// Kernels that compute nothing, on memory that is only counted: a model run with them shows its operations and shapes,
  /// from which its cost follows without a second description of the model.
  private static final class TracingKernels implements Kernels {
    private final Arena arena = new Arena(VirtualMemory::new, false);
    private final DType dtype;

    TracingKernels(DType dtype) {
      this.dtype = dtype;
    }

    @Override
    public Arena arena() {
      return arena;
    }

    @Override
    public DType dtype() {
      return dtype;
    }

    /// In memory of its own, so that arrays can be told apart by their memory.
    @Override
    public Array empty(int... shape) {
      return new Array(new VirtualMemory(dtype, Array.size(shape)), 0, shape);
    }

    @Override
    public boolean computes() {
      return false;
    }

    @Override
    public void add(Array a, Array b, Array y) {}

    @Override
    public void multiply(Array x, double factor, Grad y) {}

    @Override
    public void dropout(Array x, DropMask mask, Grad y) {}

    @Override
    public void takeColumns(Array x, int from, Array y) {}

    @Override
    public void putColumns(Array x, int from, Grad y) {}

    @Override
    public void fill(Array x, double value) {}

    @Override
    public int kept(Formula formula) {
      return formula.statistics();
    }

    @Override
    public void formula(Formula formula, List<Array> inputs, List<Array> outputs, Array statistics) {}

    @Override
    public void formulaBackward(Formula formula, Array dy, List<Array> inputs, Array statistics,
        List<@Nullable Grad> gradients) {}

    @Override
    public void linear(Array x, Array w, @Nullable Array b, Array y) {}

    @Override
    public void linearBackward(Array dy, Array x, Array w, @Nullable Grad dx, @Nullable Grad dw, @Nullable Grad db) {}

    @Override
    public void roundRows(Array x, Array y) {}

    @Override
    public void embedding(Array ids, Array tok, @Nullable Array pos, int first, Array y) {}

    @Override
    public void embeddingBackward(Array dy, Array ids, @Nullable Grad dtok, @Nullable Grad dpos) {}

    @Override
    public void attention(Array qkv, int heads, DropMask drop, Array y, Array lse) {}

    @Override
    public void attentionBackward(Array dy, Array qkv, Array y, Array lse, int heads, DropMask drop,
        @Nullable Grad dqkv) {}

    @Override
    public void rotate(Array x, int heads, int headWidth, int first, boolean back, Grad y) {}

    @Override
    public void crossEntropy(Array logits, Array targets, double scale, Array loss, @Nullable Array dlogits) {}

    @Override
    public double sumInPlace(Array total, List<Array> parts) {
      return 0;
    }

    @Override
    public void adamWInPlace(Array w, Array g, Array m, Array v, AdamW constants) {}

    @Override
    public void mix(double a, Array x, double b, Array y, Array z) {}
  }
}

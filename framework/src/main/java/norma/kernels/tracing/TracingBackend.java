package norma.kernels.tracing;

import java.lang.foreign.MemorySegment;
import norma.array.Array;
import norma.array.DType;
import norma.array.VirtualMemory;
import norma.kernels.Backend;
import norma.kernels.Kernels;

/// A backend without numbers, for cost models: see [TracingKernels].
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
}

package norma.bench.kernels;

import norma.array.Array;

/// One measured call of a kernel.
///
/// @param shape for people
/// @param bytes that it must at least read and write: every input and output once
/// @param flops of products, or 0 where time is a matter of bytes
/// @param work  the call
record Call(String shape, long bytes, double flops, Runnable work) {

  /// A call that reads and writes these arrays.
  static Call moving(String shape, Runnable work, Array... arrays) {
    return new Call(shape, bytes(arrays), 0, work);
  }

  /// The same with the work of a product.
  Call with(double productFlops) {
    return new Call(shape, bytes, productFlops, work);
  }

  /// How close a time is to what bounds it, as a share: the register peak for products, a copy of as many bytes for the rest.
  ///
  /// @param micros     of the call
  /// @param copyMicros of the copy
  /// @param peak       GFLOP/s of multiply-adds in registers on as many threads
  double share(double micros, double copyMicros, double peak) {
    return isProduct() ? flops / micros / 1e3 / peak : copyMicros / micros;
  }

  /// Whether arithmetic bounds it, not memory.
  boolean isProduct() {
    return flops > 0;
  }

  private static long bytes(Array... arrays) {
    long bytes = 0;
    for (Array array : arrays) {
      bytes += array.bytes();
    }
    return bytes;
  }
}

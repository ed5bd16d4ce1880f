package norma.bench.gpu;

import norma.array.Array;

/// One call of a kernel.
///
/// @param bytes that it must at least read and write: every array of activations once
/// @param flops of products, or 0 where time is a matter of bytes
/// @param call  the call
record Work(long bytes, double flops, Runnable call) {

  /// A call that reads and writes these arrays.
  static Work moving(Runnable call, Array... arrays) {
    long bytes = 0;
    for (Array array : arrays) {
      bytes += array.bytes();
    }
    return new Work(bytes, 0, call);
  }

  /// A call whose products matter.
  static Work products(double flops, Runnable call) {
    return new Work(0, flops, call);
  }
}

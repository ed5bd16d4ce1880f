package norma.train.run;

import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;

/// Token arrays on the backend, for passes of one shape.
///
/// @param ids     (B, T) INT32
/// @param targets (B, T) INT32, the token after each
/// @param inputs  ids on the host, row-major
/// @param labels  targets on the host
@SuppressWarnings("ArrayRecordComponent")
record Batch(Array ids, Array targets, int[] inputs, int[] labels) {

  static Batch of(Backend backend, int sequences, int time) {
    return new Batch(backend.allocate(DType.INT32, sequences, time), backend.allocate(DType.INT32, sequences, time),
        new int[sequences * time], new int[sequences * time]);
  }

  /// Copies the host's arrays to the backend.
  void upload(Backend backend) {
    backend.write(ids, inputs);
    backend.write(targets, labels);
  }

  long tokens() {
    return inputs.length;
  }
}

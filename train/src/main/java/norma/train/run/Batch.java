package norma.train.run;

import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Kernels;

/// Token arrays of one pass. They live in the arena of the pass: a tape that is opened after them and closed takes them with it.
///
/// @param ids     (B, T) INT32
/// @param targets (B, T) INT32, the token after each
record Batch(Array ids, Array targets) {

  /// Fills the arrays of a pass on the host.
  interface Source {
    /// @param inputs (B, T) to be filled, row-major
    /// @param labels (B, T) to be filled
    void fill(int[] inputs, int[] labels);
  }

  static Batch of(Backend backend, Kernels kernels, int sequences, int time, Source source) {
    int[] inputs = new int[sequences * time];
    int[] labels = new int[sequences * time];
    source.fill(inputs, labels);
    Batch batch = new Batch(kernels.arena().empty(DType.INT32, sequences, time),
        kernels.arena().empty(DType.INT32, sequences, time));
    backend.write(batch.ids, inputs);
    backend.write(batch.targets, labels);
    return batch;
  }
}

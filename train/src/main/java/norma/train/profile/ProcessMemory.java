package norma.train.profile;

import java.util.HashMap;
import java.util.Map;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.Kernels;
import norma.models.CostModel;
import norma.ops.Op;
import norma.train.run.Session;
import norma.train.run.SystemFiles;
import norma.train.run.TrainStep;

/// Counts the memory that training keeps.
final class ProcessMemory {
  private ProcessMemory() {}

  /// After some steps.
  ///
  /// @param pass  cost of a worker's pass
  /// @param alone whether nothing else has run in this process
  static Profile.MemoryUse of(Session session, TrainStep trainStep, CostModel pass, boolean alone) {
    long numbers = session.weights().flat().bytes();
    long arena = session.workers().kernels().stream().mapToLong(kernels -> kernels.arena().capacityBytes()).sum();
    long kept = trainStep.optimizer().state().stream().mapToLong(state -> state.values().flat().bytes()).sum();
    return new Profile.MemoryUse(pass.tokens(), numbers,
        trainStep.shards() * numbers, kept, pass.savedBytes(), arena,
        alone ? resident() : 0);
  }

  /// Bytes that each part takes from the arena in the forward pass, measured.
  static Map<String, Long> arenaByPart(Session session, int sequences) {
    Kernels kernels = session.kernels();
    Map<String, Long> parts = new HashMap<>();
    TapeObserver observer = new TapeObserver() {
      private long before;

      @Override
      public void starts(String layer, Op<?> op, boolean backward) {
        before = kernels.arena().usedBytes();
      }

      @Override
      public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {
        parts.merge(layer, kernels.arena().usedBytes() - before, Long::sum);
      }
    };
    int time = session.config().model().context();
    Array ids = session.backend().allocate(DType.INT32, sequences, time); // the first character, again and again
    GradientBuffer gradients = new GradientBuffer(session.backend(), session.model().parameters());
    gradients.start();
    try (Tape tape = new Tape(kernels, session.weights(), gradients, new Pass(true, 0, 1, 0), observer)) {
      session.model().loss(tape, ids, ids, 1.0 / ((long) sequences * time));
    }
    return parts;
  }

  /// Physical memory of the process; 0 where the system does not tell.
  private static long resident() {
    return SystemFiles.bytes(SystemFiles.read(SystemFiles.STATUS), "VmRSS").orElse(0);
  }
}

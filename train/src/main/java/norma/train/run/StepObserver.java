package norma.train.run;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import norma.autodiff.TapeObserver;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// Watches the workers of a training step. It must not change anything.
public interface StepObserver {

  /// Nobody watches: no clock is read.
  StepObserver NONE = kernels -> Watch.NOBODY;

  /// Who watches one worker; called by that worker, for every part of a step that it takes.
  Watch of(Kernels kernels);

  /// What a worker does besides the operations of a tape.
  enum Phase {
    /// Weights of linear layers are put in the order that products want.
    WEIGHTS,
    /// Sequences are drawn and copied.
    DATA,
    /// Gradients of parameters that no pass has reached are set to zero.
    GRADIENTS,
    /// The shards' gradients are added, and the norm for clipping is taken.
    CLIPPING,
    /// The update.
    OPTIMIZER,
    /// Everything that a shard does: it contains other phases and operations.
    SHARD;

    /// The name in tables.
    public String title() {
      return name().toLowerCase(Locale.ROOT);
    }

    /// By its name in tables; nothing if a row is of no phase.
    public static Optional<Phase> of(String title) {
      return Arrays.stream(values()).filter(phase -> phase.title().equals(title)).findFirst();
    }
  }

  /// Watches one worker.
  interface Watch {
    /// Does nothing.
    Watch NOBODY = new Watch() {
    };

    /// A phase begins.
    default void starts(Phase phase) {}

    /// The phase that began last, and has not ended, ends.
    default void ends() {}

    /// Who sees the operations of the worker's tapes, or null.
    default @Nullable TapeObserver tape() {
      return null;
    }
  }
}

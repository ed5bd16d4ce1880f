package norma.train.run;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import norma.autodiff.Parameter;
import norma.kernels.Backend;
import norma.models.CostModel;
import norma.models.Gpt;
import norma.models.GptConfig;
import norma.train.config.RunConfig;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// Memory that training takes at least, known from the model's structure before anything is allocated.
///
/// @param parameters  learnable numbers
/// @param shards      parts of a batch, each with gradients of its own
/// @param state       bytes of weights, gradients of each shard and of the probe, and what the optimizer keeps
/// @param activations bytes that the passes of all threads keep for backward, and keys and values that sampling keeps
/// @param heap        bytes of Java heap: a checkpoint is put together there, after the largest parameter's initial values
public record MemoryNeed(long parameters, int shards, long state, long activations, long heap) {
  private static final Logger LOG = LogManager.getLogger(MemoryNeed.class);
  private static final String SMALLER = "model.width or model.layers";

  /// Of a model that is trained.
  public static MemoryNeed of(RunConfig config, Gpt gpt, Backend backend) {
    List<Parameter> all = gpt.parameters();
    long parameters = all.stream().mapToLong(Parameter::size).sum();
    long largest = all.stream().mapToLong(Parameter::size).max().orElse(0);
    long heap = Float.BYTES * parameters + Double.BYTES * largest;
    int shards = Math.min(backend.shards(), config.train().sequences());
    if (parameters > Integer.MAX_VALUE) { // too many for one buffer, whatever the machine has
      return new MemoryNeed(parameters, shards, 0, 0, heap);
    }
    int pass = TrainStep.sequencesOfAPass(config, shards);
    GptConfig model = config.model();
    long sampling = 2L * model.layers() * model.context() * model.keyHeads() * model.headWidth();
    long activations = Math.multiplyExact(Math.min(backend.workers(), shards),
        CostModel.of(gpt, pass, backend.activations()).savedBytes()) + sampling * backend.activations().bytes();
    long kept = all.stream().mapToLong(p -> config.optim().rule(p).type().states().size() * p.size()).sum();
    long rounded = backend.activations() == backend.dtype() ? 0 : parameters * backend.activations().bytes(); // weights
    long optimizers = config.train().syncEvery() == 1 ? kept : parameters + shards * (parameters + kept);
    int gradients = shards + (config.train().normEvery() == 0 ? 0 : 1); // the probe has its own
    return new MemoryNeed(parameters, shards,
        ((1 + gradients) * parameters + optimizers) * backend.dtype().bytes() + rounded, activations, heap);
  }

  /// Refuses what the backend's memory cannot hold.
  ///
  /// @throws RunException with one line that names what is needed, what there is, and which settings lower it
  public void requireRoom(Backend backend) {
    OptionalLong device = backend.deviceBytes();
    long there = device.orElseGet(Machine::memoryBytes);
    problem(there, device.isPresent() ? "the GPU" : "this machine", Runtime.getRuntime().maxMemory())
        .ifPresent(problem -> {
          throw new RunException(problem);
        });
  }

  /// The same, and warns where little is free.
  void require(Backend backend) {
    requireRoom(backend);
    long available = Machine.availableBytes();
    if (backend.deviceBytes().isEmpty() && state + activations > available) {
      LOG.warn("training needs at least {} of memory, of which {} is free now: the system may end the run", gib(state
          + activations), gib(available));
    }
  }

  /// What does not fit, if anything.
  ///
  /// @param memory bytes that the process may use for arrays
  /// @param where  whose memory that is
  /// @param most   bytes that the Java heap may grow to
  Optional<String> problem(long memory, String where, long most) {
    if (parameters > Integer.MAX_VALUE) {
      return Optional
          .of(String.format(Locale.ROOT, "out of memory: the model has %,d parameters; expected at most %,d: lower %s",
              parameters, Integer.MAX_VALUE, SMALLER));
    }
    if (state + activations > memory) {
      return Optional.of(String.format(Locale.ROOT,
          "out of memory: training needs at least %s (%s for %,d parameters with gradients and moments, "
              + "%s for activations), %s has %s: lower %s",
          gib(state + activations), gib(state), parameters, gib(activations), where, gib(memory),
          activations > state
              ? (shards > 1 ? "runtime.threads" : "train.batch (train.accumulate makes up for it)")
                  + ", model.context or model.width"
              : (shards > 2 ? "runtime.shards (2 at least), " : "") + SMALLER));
    }
    if (heap > most) {
      return Optional.of(String.format(Locale.ROOT,
          "out of memory: a checkpoint of %,d parameters needs %s of Java heap, which may have %s: "
              + "JDK_JAVA_OPTIONS=-Xmx%dg gives it more, or lower %s",
          parameters, gib(heap), gib(most), (heap >> 30) + 2, SMALLER));
    }
    return Optional.empty();
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / 0x1p30);
  }
}

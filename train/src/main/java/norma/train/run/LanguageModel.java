package norma.train.run;

import java.util.List;
import norma.array.Array;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.models.Gpt;
import norma.models.NormSlot;
import norma.nn.Norm;
import norma.train.config.RunConfig;
import norma.train.data.Vocabulary;

/// A model that can compute: structure, weights, what its tokens stand for, and the backend that it lives on. It needs
/// no corpus; with one it is a [Session].
public sealed class LanguageModel implements AutoCloseable permits Session {
  private final RunConfig config;
  private final Vocabulary vocabulary;
  private final Gpt model;
  private final Backend backend;
  private final String backendReason;
  private final Workers workers;
  private final ParameterBuffer weights;
  private final List<Array> matrices; // all that a linear layer may have as its weight

  /// A model whose weights are to be set.
  ///
  /// @param trains whether its training must fit the memory
  /// @param debug  whether the memory of a closed step is filled with NaN
  /// @throws RunException if training it needs more memory than there is
  LanguageModel(RunConfig config, Vocabulary vocabulary, boolean trains, boolean debug) {
    this.config = config;
    this.vocabulary = vocabulary;
    this.model = new Gpt(config.model(), vocabulary.size());
    Backends chosen = Backends.choose(config.runtime(), debug);
    this.backend = chosen.backend();
    this.backendReason = chosen.reason();
    try {
      Backends.requireKernels(config, backend);
      if (trains) {
        MemoryNeed.of(config, model, backend).require(backend);
      }
      this.weights = new ParameterBuffer(backend, model.parameters());
    } catch (RuntimeException | OutOfMemoryError e) {
      backend.close();
      throw e;
    }
    this.workers = new Workers(backend);
    this.matrices = model.parameters().stream().filter(parameter -> parameter.shape().length == 2).map(weights::of)
        .toList();
  }

  /// The configuration.
  public RunConfig config() {
    return config;
  }

  /// Tokens and their ids.
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  /// The structure.
  public Gpt model() {
    return model;
  }

  /// The numbers.
  public ParameterBuffer weights() {
    return weights;
  }

  /// Where it computes.
  public Backend backend() {
    return backend;
  }

  /// Why it computes there, for people.
  public String backendReason() {
    return backendReason;
  }

  /// The threads that compute, each with kernels of its own.
  public Workers workers() {
    return workers;
  }

  /// What a slot's norm has learned.
  Norm.State state(NormSlot slot) {
    return slot.norm().state(scalar -> backend.read(weights.of(scalar))[0]);
  }

  /// Kernels of the calling thread, for work that is not shared.
  public Kernels kernels() {
    return workers.kernels().getFirst();
  }

  /// Runs work with the weights of linear layers prepared: it may not change them.
  void prepared(StepObserver observer, Runnable work) {
    try {
      workers.each(matrices.size(), (kernels, i) -> {
        StepObserver.Watch watch = observer.of(kernels);
        watch.starts(StepObserver.Phase.WEIGHTS);
        kernels.prepare(matrices.get(i));
        watch.ends();
      });
      work.run();
    } finally {
      backend.weightsChanged();
    }
  }

  @Override
  public void close() {
    workers.close();
    backend.close();
  }
}

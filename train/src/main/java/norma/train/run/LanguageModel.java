package norma.train.run;

import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.models.Gpt;
import norma.train.config.RunConfig;
import norma.train.data.Vocabulary;

/// A model that can compute: structure, weights, the characters behind its tokens, and the backend that it lives on. It needs
/// no corpus.
public final class LanguageModel implements AutoCloseable {
  private final RunConfig config;
  private final Vocabulary vocabulary;
  private final Gpt gpt;
  private final Backend backend;
  private final String backendReason;
  private final Workers workers;
  private final ParameterBuffer weights;

  private LanguageModel(RunConfig config, Vocabulary vocabulary, boolean trains, boolean debug) {
    this.config = config;
    this.vocabulary = vocabulary;
    this.gpt = new Gpt(config.model(), vocabulary.size());
    Backends chosen = Backends.choose(config.runtime(), debug);
    this.backend = chosen.backend();
    this.backendReason = chosen.reason();
    try {
      if (trains) {
        MemoryNeed.of(config, gpt, backend).require(backend);
      }
      this.weights = new ParameterBuffer(backend, gpt.parameters());
    } catch (RuntimeException | OutOfMemoryError e) {
      backend.close();
      throw e;
    }
    this.workers = new Workers(backend);
  }

  /// A model with initial weights, to be trained.
  ///
  /// @param debug whether the memory of a closed step is filled with NaN
  /// @throws RunException if training it needs more memory than there is
  public static LanguageModel initial(RunConfig config, Vocabulary vocabulary, boolean debug) {
    LanguageModel model = new LanguageModel(config, vocabulary, true, debug);
    model.weights.initialize(model.backend, config.train().seed());
    return model;
  }

  /// A model with the weights and the vocabulary of a checkpoint.
  ///
  /// @throws RunException if the checkpoint does not fit the configuration
  public static LanguageModel load(RunConfig config, Checkpoint checkpoint, boolean debug) {
    LanguageModel model = new LanguageModel(config, checkpoint.vocabulary(), false, debug);
    try {
      checkpoint.load(model.backend, model.weights);
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /// The configuration.
  public RunConfig config() {
    return config;
  }

  /// Characters and their ids.
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  /// The structure.
  public Gpt gpt() {
    return gpt;
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
  Workers workers() {
    return workers;
  }

  /// Kernels of the calling thread.
  Kernels kernels() {
    return workers.first();
  }

  @Override
  public void close() {
    workers.close();
    backend.close();
  }
}

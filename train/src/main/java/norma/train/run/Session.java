package norma.train.run;

import java.nio.file.Path;
import norma.array.DType;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.Nd4jBackend;
import norma.models.Gpt;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.Precision;
import norma.train.data.Corpora;
import norma.train.data.Corpus;
import norma.train.data.Split;
import norma.train.data.Vocabulary;
import norma.train.data.Windows;

/// What a configuration describes, ready to compute: corpus, vocabulary, split, backend, model and weights.
public final class Session implements AutoCloseable {
  private final RunConfig config;
  private final Corpus corpus;
  private final Vocabulary vocabulary;
  private final Split split;
  private final Gpt model;
  private final Backend backend;
  private final Kernels kernels;
  private final ParameterBuffer weights;

  private Session(RunConfig config, Corpus corpus, Vocabulary vocabulary, boolean debug) {
    this.config = config;
    this.corpus = corpus;
    this.vocabulary = vocabulary;
    this.split = Split.of(vocabulary.encode(corpus.codePoints()), config.data().valFraction(),
        config.model().context());
    this.model = new Gpt(config.model(), vocabulary.size());
    DType dtype = config.runtime().precision() == Precision.FP64 ? DType.FLOAT64 : DType.FLOAT32;
    this.backend = new Nd4jBackend(dtype, config.runtime().threads(), debug);
    this.kernels = backend.kernels();
    this.weights = new ParameterBuffer(backend, model.parameters());
  }

  /// A session with the corpus's own vocabulary and initial weights.
  ///
  /// @param base  folder that a relative corpus path starts at
  /// @param debug whether the memory of a closed step is filled with NaN
  /// @throws norma.train.data.DataException if the corpus cannot be read or is too short
  public static Session start(RunConfig config, Path base, boolean debug) {
    Corpus corpus = corpus(config, base);
    Session session = new Session(config, corpus, Vocabulary.of(corpus.codePoints()), debug);
    session.weights.initialize(session.backend, config.train().seed());
    return session;
  }

  /// A session with the weights and the vocabulary of a checkpoint.
  ///
  /// @throws RunException if the checkpoint does not fit the configuration
  public static Session resume(RunConfig config, Path base, Checkpoint checkpoint, boolean debug) {
    Session session = new Session(config, corpus(config, base), checkpoint.vocabulary(), debug);
    checkpoint.load(session.backend, session.weights);
    return session;
  }

  private static Corpus corpus(RunConfig config, Path base) {
    return switch (config.data().corpus()) {
      case RunConfig.Corpus.Named named -> Corpora.load(named.source(), base);
      case RunConfig.Corpus.Download download ->
        Corpora.load(download.url(), download.sha256(), Corpora.userCache());
    };
  }

  /// The configuration.
  public RunConfig config() {
    return config;
  }

  /// The text.
  public Corpus corpus() {
    return corpus;
  }

  /// Characters and their ids.
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  /// Training and validation tokens.
  public Split split() {
    return split;
  }

  /// The model's structure.
  public Gpt model() {
    return model;
  }

  /// The model's numbers.
  public ParameterBuffer weights() {
    return weights;
  }

  /// Where it computes.
  public Backend backend() {
    return backend;
  }

  /// Why it computes there, for people.
  public String backendReason() {
    return config.runtime().backend() == RunConfig.BackendChoice.AUTO
        ? "chosen by runtime.backend: auto, as the only backend of this version"
        : "asked for by runtime.backend";
  }

  /// The kernels of the only worker.
  Kernels kernels() {
    return kernels;
  }

  /// Windows of the training tokens.
  Windows training() {
    return new Windows(split.train(), config.model().context());
  }

  /// Windows of the validation tokens.
  Windows validation() {
    return new Windows(split.validation(), config.model().context());
  }

  @Override
  public void close() {
    backend.close();
  }
}

package norma.train.run;

import java.nio.file.Path;
import java.util.List;
import norma.array.Array;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.models.Gpt;
import norma.train.config.RunConfig;
import norma.train.data.Corpora;
import norma.train.data.Corpus;
import norma.train.data.Split;
import norma.train.data.Vocabulary;
import norma.train.data.Windows;

/// A language model with a text: what training and evaluation need.
public final class Session implements AutoCloseable {
  private final LanguageModel language;
  private final Corpus corpus;
  private final Split split;
  private final List<Array> matrices; // all that a linear layer may have as its weight

  private Session(LanguageModel language, Corpus corpus, Split split) {
    this.language = language;
    this.corpus = corpus;
    this.split = split;
    this.matrices = language.gpt().parameters().stream().filter(parameter -> parameter.shape().length == 2)
        .map(language.weights()::of).toList();
  }

  /// A session with the corpus's own vocabulary and initial weights.
  ///
  /// @param base  folder that a relative corpus path starts at
  /// @param debug whether the memory of a closed step is filled with NaN
  /// @throws norma.train.data.DataException if the corpus cannot be read or is too short
  public static Session start(RunConfig given, Path base, boolean debug) {
    RunConfig config = given.withCorpusIn(base);
    Corpus corpus = corpus(config, base);
    Vocabulary vocabulary = Vocabulary.of(corpus.codePoints());
    Split split = split(config, corpus, vocabulary);
    return new Session(LanguageModel.initial(config, vocabulary, debug), corpus, split);
  }

  /// A session with the weights and the vocabulary of a checkpoint.
  ///
  /// @throws RunException if the checkpoint does not fit the configuration
  public static Session resume(RunConfig config, Path base, Checkpoint checkpoint, boolean debug) {
    Corpus corpus = corpus(config, base);
    Split split = split(config, corpus, checkpoint.vocabulary());
    return new Session(LanguageModel.load(config, checkpoint, debug), corpus, split);
  }

  /// The text of a configuration.
  ///
  /// @param base folder that a relative path starts at
  public static Corpus corpus(RunConfig config, Path base) {
    return switch (config.data().corpus()) {
      case RunConfig.Corpus.Named named -> Corpora.load(named.source(), base);
      case RunConfig.Corpus.Download download ->
        Corpora.load(download.url(), download.sha256(), Corpora.userCache());
    };
  }

  private static Split split(RunConfig config, Corpus corpus, Vocabulary vocabulary) {
    return Split.of(vocabulary.encode(corpus.codePoints()), config.data().valFraction(),
        config.data().trainFraction(), config.model().context());
  }

  /// The model.
  public LanguageModel language() {
    return language;
  }

  /// The configuration.
  public RunConfig config() {
    return language.config();
  }

  /// The text.
  public Corpus corpus() {
    return corpus;
  }

  /// Characters and their ids.
  public Vocabulary vocabulary() {
    return language.vocabulary();
  }

  /// Training and validation tokens.
  public Split split() {
    return split;
  }

  /// The model's structure.
  public Gpt model() {
    return language.gpt();
  }

  /// The model's numbers.
  public ParameterBuffer weights() {
    return language.weights();
  }

  /// Runs every part on the workers, with the weights of linear layers prepared: no part may change them.
  void eachPrepared(int parts, StepObserver observer, Workers.Part work) {
    try {
      workers().each(matrices.size(), (kernels, i) -> {
        StepObserver.Watch watch = observer.of(kernels);
        watch.starts(StepObserver.Phase.WEIGHTS);
        kernels.prepare(matrices.get(i));
        watch.ends();
      });
      workers().each(parts, work);
    } finally {
      backend().weightsChanged();
    }
  }

  /// Where it computes.
  public Backend backend() {
    return language.backend();
  }

  /// Hash of the validation split, by which a later evaluation knows that it is of the same text.
  public String validationSha256() {
    return split.validationSha256(vocabulary());
  }

  /// The threads that compute.
  public Workers workers() {
    return language.workers();
  }

  /// Kernels of the calling thread.
  Kernels kernels() {
    return language.kernels();
  }

  /// Windows of the training tokens.
  Windows training() {
    return new Windows(split.train(), config().model().context());
  }

  /// Windows of the validation tokens.
  Windows validation() {
    return new Windows(split.validation(), config().model().context());
  }

  @Override
  public void close() {
    language.close();
  }
}

package norma.train.run;

import java.nio.file.Path;
import java.util.List;
import norma.array.Array;
import norma.train.config.RunConfig;
import norma.train.data.Corpora;
import norma.train.data.Corpus;
import norma.train.data.Split;
import norma.train.data.Vocabulary;
import norma.train.data.Windows;

/// A language model with a text: what training and evaluation need.
public final class Session extends LanguageModel {
  private final Corpus corpus;
  private final Split split;
  private final List<Array> matrices; // all that a linear layer may have as its weight

  private Session(RunConfig config, Corpus corpus, Vocabulary vocabulary, Split split, boolean trains, boolean debug) {
    super(config, vocabulary, trains, debug);
    this.corpus = corpus;
    this.split = split;
    this.matrices = model().parameters().stream().filter(parameter -> parameter.shape().length == 2)
        .map(weights()::of).toList();
  }

  /// A session with the corpus's own vocabulary and initial weights.
  ///
  /// @param base  folder that a relative corpus path starts at
  /// @param debug whether the memory of a closed step is filled with NaN
  /// @throws norma.train.data.DataException if the corpus cannot be read or is too short
  /// @throws RunException                   if training needs more memory than there is
  public static Session start(RunConfig given, Path base, boolean debug) {
    RunConfig config = given.withCorpusIn(base);
    Corpus corpus = corpus(config, base);
    Vocabulary vocabulary = Vocabulary.of(corpus.codePoints());
    Session session = new Session(config, corpus, vocabulary, split(config, corpus, vocabulary), true, debug);
    session.weights().initialize(session.backend(), config.train().seed());
    return session;
  }

  /// A session whose weights are to be read from a checkpoint.
  static Session unset(RunConfig config, Path base, Vocabulary vocabulary, boolean debug) {
    Corpus corpus = corpus(config, base);
    return new Session(config, corpus, vocabulary, split(config, corpus, vocabulary), false, debug);
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

  /// Its parts to train and to validate on.
  public static Split split(RunConfig config, Corpus corpus, Vocabulary vocabulary) {
    return Split.of(vocabulary.encode(corpus.codePoints()), config.data().valFraction(),
        config.data().trainFraction(), config.model().context());
  }

  /// The text.
  public Corpus corpus() {
    return corpus;
  }

  /// Training and validation tokens.
  public Split split() {
    return split;
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

  /// Bytes that its training takes at least.
  public long neededBytes() {
    MemoryNeed need = MemoryNeed.of(config(), model(), backend());
    return need.state() + need.activations();
  }

  /// Hash of the validation split, by which a later evaluation knows that it is of the same text.
  public String validationSha256() {
    return split.validationSha256(vocabulary());
  }

  /// Windows of the training tokens.
  Windows training() {
    return new Windows(split.train(), config().model().context());
  }

  /// Windows of the validation tokens.
  Windows validation() {
    return new Windows(split.validation(), config().model().context());
  }
}

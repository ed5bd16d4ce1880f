package norma.train.run;

import java.util.Optional;
import norma.models.CostModel;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.Token;
import norma.train.data.Corpora;
import norma.train.data.Corpus;
import norma.train.data.Split;
import norma.train.data.Vocabulary;
import norma.train.data.Windows;

/// A language model with a text: what training and evaluation need.
public final class Session extends LanguageModel {
  private final Corpus corpus;
  private final Split split;
  private Optional<InitialWeights> initial = Optional.empty();

  private Session(RunConfig config, Corpus corpus, Vocabulary vocabulary, Split split, boolean trains, boolean debug) {
    super(config, vocabulary, trains, debug);
    this.corpus = corpus;
    this.split = split;
  }

  /// A session with the corpus's own vocabulary and initial weights, or with those of the run that it begins with.
  ///
  /// @param debug whether the memory of a closed step is filled with NaN
  /// @throws norma.train.data.DataException if the corpus cannot be read or is too short
  /// @throws RunException                   if training needs more memory than there is, or the weights do not fit
  public static Session start(RunConfig given, boolean debug) {
    RunConfig absolute = given.withAbsolutePaths();
    Optional<Checkpoint> from = absolute.train().initFrom().map(InitialWeights::checkpoint);
    RunConfig config = absolute.beginningWith(from.map(Checkpoint::folder)); // a run's newest will be another
    Corpus corpus = corpus(config);
    Vocabulary vocabulary = vocabulary(corpus, from);
    Session session = new Session(config, corpus, vocabulary, split(config, corpus, vocabulary), true, debug);
    try {
      session.begin(from);
      if (config.train().normEvery() > 0) {
        NormProbe.requireOwnNames(session);
      }
      return session;
    } catch (RuntimeException | OutOfMemoryError e) {
      session.close();
      throw e;
    }
  }

  /// Sets the weights to those that training begins with.
  ///
  /// @param from the run that it begins with
  void begin(Optional<Checkpoint> from) {
    weights().initialize(backend(), config().train().seed());
    initial = from.map(checkpoint -> InitialWeights.take(checkpoint, this));
  }

  /// A session whose weights are to be set.
  ///
  /// @param vocabulary of the weights
  /// @param trains     whether it trains on
  /// @throws RunException if the corpus has other tokens, or the memory does not suffice to train
  public static Session unset(RunConfig config, Vocabulary vocabulary, boolean trains, boolean debug) {
    requireSame(config.data().token(), vocabulary);
    Corpus corpus = corpus(config);
    return new Session(config, corpus, vocabulary, split(config, corpus, vocabulary), trains, debug);
  }

  /// The text of a configuration.
  public static Corpus corpus(RunConfig config) {
    return switch (config.data().corpus()) {
      case RunConfig.Corpus.Named named -> Corpora.load(named.source(), config.data().token());
      case RunConfig.Corpus.Download download ->
        Corpora.load(download.url(), download.sha256(), Corpora.userCache(), config.data().token());
    };
  }

  /// The tokens of a text, and those of the run that a model begins with.
  ///
  /// @throws RunException if they are not of one kind
  public static Vocabulary vocabulary(Corpus corpus, Optional<Checkpoint> from) {
    Vocabulary own = Vocabulary.of(corpus);
    return from.map(checkpoint -> {
      requireSame(own.token(), checkpoint.vocabulary());
      return checkpoint.vocabulary().with(own);
    }).orElse(own);
  }

  private static void requireSame(Token token, Vocabulary trained) {
    if (token != trained.token()) {
      throw new RunException("data.token is read as " + token.words() + ", and the weights are of a run that read "
          + trained.token().words() + "; expected the run's own data.token");
    }
  }

  /// Its parts to train and to validate on.
  public static Split split(RunConfig config, Corpus corpus, Vocabulary vocabulary) {
    return Split.of(vocabulary.encode(corpus.symbols()), config.data().valFraction(),
        config.data().trainFraction(), config.model().context());
  }

  /// The text.
  public Corpus corpus() {
    return corpus;
  }

  /// What a new run has from a trained one.
  public Optional<InitialWeights> initial() {
    return initial;
  }

  /// Training and validation tokens.
  public Split split() {
    return split;
  }

  /// The cost of one pass over a batch.
  public CostModel cost() {
    return CostModel.of(model(), config().train().batch(), backend().activations());
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

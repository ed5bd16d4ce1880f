package norma.train.study;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import norma.array.DType;
import norma.models.CostModel;
import norma.models.Gpt;
import norma.models.GptConfig;
import norma.train.config.RunConfig;
import norma.train.data.Corpus;
import norma.train.run.Checkpoint;
import norma.train.run.InitialWeights;
import norma.train.run.Session;

/// Texts of a study's runs and the floating-point operations of their steps, by the cost model. Reads each text once.
final class StepCost {
  private final Map<Source, Text> texts = new HashMap<>();
  private final Map<Path, Checkpoint> weights = new HashMap<>();
  private final Map<Shape, Double> flops = new HashMap<>();

  private record Source(RunConfig.Corpus corpus, RunConfig.Token token, Optional<Path> weights) {}

  private record Text(String sha256, int tokens, int vocabulary) {}

  private record Shape(GptConfig model, int vocabulary, int batch) {}

  /// Counts the floating-point operations of one step, forward and backward.
  double flops(RunConfig config) {
    return config.train().accumulate() * flops.computeIfAbsent(
        new Shape(config.model(), vocabulary(config), config.train().batch()),
        shape -> CostModel.of(new Gpt(shape.model, shape.vocabulary), shape.batch, DType.FLOAT32).flops());
  }

  /// SHA-256 of the text that a run reads.
  String sha256(RunConfig config) {
    return switch (config.data().corpus()) {
      case RunConfig.Corpus.Download file -> file.sha256();
      case RunConfig.Corpus.Named named -> text(config).sha256;
    };
  }

  /// Tokens of the text that a run reads.
  int tokens(RunConfig config) {
    return text(config).tokens;
  }

  /// The checkpoint that a run begins with.
  Optional<Checkpoint> initial(RunConfig config) {
    return config.train().initFrom().map(path -> weights.computeIfAbsent(path, InitialWeights::checkpoint));
  }

  /// Tokens that a run's model knows.
  int vocabulary(RunConfig config) {
    return text(config).vocabulary;
  }

  private Text text(RunConfig config) {
    return texts.computeIfAbsent(new Source(config.data().corpus(), config.data().token(), config.train().initFrom()),
        _ -> {
          Corpus corpus = Session.corpus(config);
          return new Text(corpus.sha256(), corpus.symbols().length, Session.vocabulary(corpus, initial(config)).size());
        });
  }
}

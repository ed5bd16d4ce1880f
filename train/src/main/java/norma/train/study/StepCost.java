package norma.train.study;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import norma.array.DType;
import norma.models.CostModel;
import norma.models.Gpt;
import norma.models.GptConfig;
import norma.train.config.RunConfig;
import norma.train.data.Vocabulary;
import norma.train.run.Session;

/// Floating-point operations of training steps, by the cost model. Reads each corpus once, for the number of its characters.
final class StepCost {
  private final Map<RunConfig.Corpus, Integer> vocabularies = new HashMap<>();
  private final Map<Shape, Double> flops = new HashMap<>();

  private record Shape(GptConfig model, int vocabulary, int batch) {}

  /// Of one step, forward and backward.
  double flops(RunConfig config) {
    int vocabulary = vocabularies.computeIfAbsent(config.data().corpus(),
        corpus -> Vocabulary.of(Session.corpus(config, Path.of("")).codePoints()).size());
    return config.train().accumulate() * flops.computeIfAbsent(
        new Shape(config.model(), vocabulary, config.train().batch()),
        shape -> CostModel.of(new Gpt(shape.model, shape.vocabulary), shape.batch, DType.FLOAT32).flops());
  }

  /// Of a whole run.
  double ofRun(RunConfig config) {
    return flops(config) * config.train().steps();
  }
}

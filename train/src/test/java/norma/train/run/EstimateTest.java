package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import norma.models.CostModel;
import norma.train.config.Assignment;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.report.RunReport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `train.eval_tokens` bounds an evaluation; its loss is an estimate then, and called one.
class EstimateTest {
  @TempDir
  private Path folder;

  @Test
  void evaluationsAreEstimatesAndTheEndIsExact() throws Exception {
    Path exact = Runs.trained(folder, -1);
    Path run = Runs.train(Runs.config(folder, "train.eval_tokens=30"));
    assertThat(Runs.weights(run)).isEqualTo(Runs.weights(exact));
    Metrics metrics = Metrics.read(run);
    List<Event.Eval> evals = metrics.of(Event.Eval.class);
    assertThat(evals).extracting(Event.Eval::valTokens).containsExactly(24L, 24L);
    Event.End end = metrics.last(Event.End.class).orElseThrow();
    Event.End exactEnd = Metrics.read(exact).last(Event.End.class).orElseThrow();
    assertThat(end.finalValLoss()).isEqualTo(exactEnd.finalValLoss()).isNotEqualTo(evals.getLast().valLoss());
    assertThat(end.bestValLoss()).isEqualTo(evals.stream().mapToDouble(Event.Eval::valLoss).min().orElseThrow());
    assertThat(end.bestValTokens()).isEqualTo(24);
    assertThat(exactEnd.bestValTokens()).isZero();
    assertThat(Files.readString(run.resolve("metrics.jsonl"))).contains("\"val_tokens\":24", "\"best_val_tokens\":24");
    assertThat(Files.readString(exact.resolve("metrics.jsonl"))).doesNotContain("val_tokens");
    RunReport.write(run);
    RunReport.write(exact);
    assertThat(Files.readString(run.resolve("report.html"))).contains("best validation loss, estimate",
        "validation loss, estimated", "estimated validation loss, best", "is an estimate on 24 characters");
    assertThat(Files.readString(exact.resolve("report.html"))).doesNotContain("estimated validation loss",
        "best validation loss, estimate").contains("The validation loss is exact");
  }

  @Test
  void itsWindowsAreTheSameForEverySeedAndEveryTime() {
    double[] losses = new double[2];
    for (int i = 0; i < 2; i++) {
      try (Session session = Session.start(Runs.config(folder, "train.eval_tokens=24", "train.seed=" + i),
          true)) {
        session.weights().initialize(session.backend(), 7);
        Evaluation evaluation = new Evaluation(session);
        losses[i] = evaluation.watchedLoss();
        assertThat(evaluation.watchedLoss()).isEqualTo(losses[i]);
        assertThat(evaluation.validationLoss()).isNotEqualTo(losses[i]);
      }
    }
    assertThat(losses[0]).isEqualTo(losses[1]);
  }

  @Test
  void aBoundThatTheSplitDoesNotReachChangesNothing() throws Exception {
    Path exact = Runs.trained(folder, -1);
    Path run = Runs.train(Runs.config(folder, "train.eval_tokens=1000000"));
    assertThat(Runs.withoutTimes(run.resolve("metrics.jsonl")))
        .isEqualTo(Runs.withoutTimes(exact.resolve("metrics.jsonl")));
  }

  /// The best so far was chosen by other windows.
  @Test
  void aResumedRunKeepsItsBound() {
    Path run = Runs.train(Runs.config(folder, "train.eval_tokens=24"), 3);
    assertThatThrownBy(() -> Resumption.open(run, Assignment.parse(List.of("train.eval_tokens=all"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("train.eval_tokens is all, but this run has 24");
    assertThat(Runs.resume(run, -1).bestValTokens()).isEqualTo(24);
  }

  /// Of a forward pass: both splits' tokens, at about a third of a step's arithmetic for a token.
  @Test
  void theCostOfAnEvaluationIsInTokensAndInSteps() {
    try (Session session = Session.start(Runs.config(folder), true)) {
      CostModel cost = CostModel.of(session.model(), 3, session.backend().dtype());
      Evaluation.Cost whole = Evaluation.Cost.of(session, cost);
      int validation = session.split().validation().length - 1;
      assertThat(whole.tokens()).isEqualTo(validation + 2 * 3 * 12);
      assertThat(whole.steps()).isBetween(whole.tokens() / 36.0 * 0.3, whole.tokens() / 36.0 * 0.4);
      assertThat(whole.estimate()).isFalse();
    }
    try (Session session = Session.start(Runs.config(folder, "train.eval_tokens=24", "train.accumulate=2"),
        true)) {
      Evaluation.Cost part = Evaluation.Cost.of(session, CostModel.of(session.model(), 3, session.backend().dtype()));
      assertThat(part.tokens()).isEqualTo(24 + 72);
      assertThat(part.steps()).isBetween(96 / 72.0 * 0.3, 96 / 72.0 * 0.4);
      assertThat(part.estimate()).isTrue();
    }
  }
}

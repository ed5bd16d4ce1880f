package norma.train.cli;

import norma.models.CostModel;
import norma.train.config.RunConfig;
import norma.train.report.Decimals;
import norma.train.run.Evaluation;
import norma.train.run.Session;
import norma.train.run.StepTimer;

/// What a run would cost, from a few of its steps. Nothing is written.
final class TrainPlan {
  private TrainPlan() {}

  /// Measures and says it.
  static void show(Session session, StartBlock block, boolean verbose, Console console) {
    RunConfig.Train train = session.config().train();
    CostModel cost = CostModel.of(session.model(), train.batch(), session.backend().dtype());
    (verbose ? block.complete(session, cost) : block.brief(session, cost)).forEach(console::text);
    StartBlock.evaluation(session, cost).forEach(console::text);
    double stepSeconds = StepTimer.median(session) / 1e3;
    int evaluations = train.evaluations();
    double evaluation = Evaluation.Cost.of(session, cost).steps() * stepSeconds;
    console.line("time     about %s: %,d steps of %.3g ms, %,d evaluations of %.2g s", Console.time(train.steps()
        * stepSeconds + evaluations * evaluation), train.steps(), 1e3 * stepSeconds, evaluations, evaluation);
    console.line("memory   at least %s for weights, gradients and activations", Decimals.bytes(session.neededBytes()));
    console.text("nothing was trained or written; without --plan it starts");
  }
}

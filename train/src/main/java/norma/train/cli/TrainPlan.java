package norma.train.cli;

import java.util.Locale;
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
  ///
  /// @param done steps that the run has taken
  static void show(Session session, int done, StartBlock block, boolean verbose, Console console) {
    RunConfig.Train train = session.config().train();
    CostModel cost = session.cost();
    (verbose ? block.complete(session, cost) : block.brief(session, cost)).forEach(console::text);
    StartBlock.evaluation(session, cost).forEach(console::text);
    double stepSeconds = StepTimer.median(session) / 1e3;
    int steps = train.steps() - done;
    int evaluations = train.evaluations() - train.evaluationsUpTo(done);
    Evaluation.Cost each = Evaluation.Cost.of(session, cost);
    double evaluation = each.steps() * stepSeconds;
    double exact = each.exactSteps() * stepSeconds;
    console.line("time     about %s: %,d steps%s of %.3g ms, %s of %.2g s each%s",
        Console.time(steps * stepSeconds + evaluations * evaluation + exact), steps,
        done == 0 ? "" : " that are left", 1e3 * stepSeconds, Decimals.counted(evaluations, "evaluation"), evaluation,
        exact == 0 ? "" : String.format(Locale.ROOT, ", the exact one at the end of %.2g s", exact));
    console.line("memory   at least %s for weights, gradients and activations", Decimals.bytes(session.neededBytes()));
    console.text("nothing was trained or written; without --plan it " + (done == 0 ? "starts" : "goes on"));
  }
}

package norma.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import norma.models.CostModel;
import norma.optim.Schedule;
import norma.train.config.RunConfig;
import norma.train.run.Session;
import norma.train.run.StepObserver;
import norma.train.run.TrainStep;

/// Norma's side of the comparison: exactly the steps of `norma train`.
final class NormaSide implements Contender {
  private final Session session;
  private final TrainStep trainStep;
  private final Schedule schedule;

  private NormaSide(RunConfig config) {
    this.session = Session.start(config, false);
    this.trainStep = new TrainStep(session);
    this.schedule = config.optim().rates();
  }

  public static void main(String[] settings) throws IOException {
    StepServer.serve(settings, NormaSide::new);
  }

  @Override
  public Map<String, String> facts() {
    CostModel cost = session.cost();
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("backend", session.backend().name() + ": " + session.backend().description());
    facts.put("flops", Double.toString(cost.flops()));
    facts.put("tokens", Long.toString(cost.tokens()));
    return facts;
  }

  @Override
  public Step step(int number) {
    long start = System.nanoTime();
    TrainStep.Result result = trainStep.gradients(number, StepObserver.NONE);
    trainStep.update(result, schedule.at(number), number, StepObserver.NONE);
    session.backend().synchronize();
    return new Step(System.nanoTime() - start, result.loss(), result.gradientNorm());
  }

  @Override
  public void close() {
    session.close();
  }
}

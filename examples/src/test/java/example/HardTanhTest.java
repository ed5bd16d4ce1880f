package example;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientCheck;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.kernels.Backend;
import norma.kernels.nd4j.Nd4jBackend;
import norma.nn.Norm;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.train.report.RunReport;
import norma.train.run.Session;
import norma.train.run.TrainObserver;
import norma.train.run.Trainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `docs/your-own-norm.md` promises: found by name, right in value and gradient, and it trains.
class HardTanhTest {

  @Test
  void clampsAtOneAndIsLinearBetween() {
    try (Backend backend = new Nd4jBackend(DType.FLOAT64, true)) {
      Scope scope = Scope.root();
      Norm norm = NormTypes.create(NormSpec.of("hard_tanh"), scope.child("slot"), 4, false);
      ParameterBuffer values = new ParameterBuffer(backend, scope.parameters());
      values.initialize(backend, 1);
      Array x = backend.allocate(DType.FLOAT64, 1, 4);
      backend.write(x, new double[]{ -3, -1, 0.5, 10 });
      try (Tape tape = new Tape(backend.kernels(), values, null, Pass.EVALUATION, null)) {
        assertThat(backend.read(norm.forward(tape, tape.constant(x)).value())).containsExactly(-1, -0.5, 0.25, 1);
      }
    }
  }

  @Test
  void everyGradientEqualsCentralDifferences() {
    try (Backend backend = new Nd4jBackend(DType.FLOAT64, true)) {
      Scope scope = Scope.root();
      Norm norm = NormTypes.create(NormSpec.of("hard_tanh"), scope.child("slot"), 3, true);
      GradientCheck.check(backend, scope, (tape, x) -> norm.forward(tape, x.getFirst()), new int[]{ 2, 3 });
    }
  }

  @Test
  void trainsWhenASlotNamesIt(@TempDir Path folder) throws Exception {
    RunConfig config = new ConfigReader(NormTypes.all()).read("test", "",
        Assignment.parse(List.of("model.norm.all={type: hard_tanh, alpha: 0.8}", "model.layers=1", "model.width=16",
            "model.heads=2", "model.context=16", "train.batch=8", "train.steps=30", "train.log_every=1",
            "train.eval_every=0", "train.norm_every=30", "optim.lr=1e-2", "optim.warmup_steps=0",
            "data.corpus='builtin:macbeth'",
            "data.val_fraction=0.01", "output.dir='" + folder + "'")));
    try (Session session = Session.start(config, true)) {
      assertThat(session.model().slots()).extracting(slot -> slot.type()).containsOnly("hard_tanh").hasSize(3);
      new Trainer(session, new TrainObserver() {
      }, new AtomicBoolean()).run();
    }
    Path run;
    try (var runs = Files.list(folder)) {
      run = runs.findFirst().orElseThrow();
    }
    assertThat(run.resolve("environment.json")).content().contains("hard_tanh=example.HardTanh", "norm_classpath");
    List<Event.Step> steps = Metrics.read(run).of(Event.Step.class);
    assertThat(steps).hasSize(30);
    assertThat(steps.getLast().loss()).isLessThan(steps.getFirst().loss() - 0.5);
    RunReport.write(run);
    assertThat(run.resolve("report.html")).content().contains("<td>hard_tanh</td><td class=\"n\">alpha\u00a0",
        ">alpha</text>", ">slope</text>");
  }
}

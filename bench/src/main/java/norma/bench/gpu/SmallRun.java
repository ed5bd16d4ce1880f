package norma.bench.gpu;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.autodiff.Parameter;
import norma.bench.StepServer;
import norma.optim.Schedule;
import norma.train.config.RunConfig;
import norma.train.run.Session;
import norma.train.run.StepObserver;
import norma.train.run.TrainStep;
import norma.weights.Safetensors.Tensor;

/// What a small model gives on one backend: a GPT with biases and dropout, whose sizes end no tile.
///
/// @param losses        of each step, before its update
/// @param gradientNorms of each step, before clipping
/// @param gradients     of all parameters in the first step, with dropout
/// @param weights       after the last step
record SmallRun(List<Double> losses, List<Double> gradientNorms, Map<String, Tensor> gradients,
    Map<String, Tensor> weights) {
  /// Steps of a whole run.
  static final int STEPS = 20;

  /// For people.
  static final String SIZES = "1 layer of width 48 with 3 heads, context 40, batch 6, biases, dropout 0.1";

  /// AdamW's eps is larger than usual: it divides by the gradient's size, and of a gradient that is nothing but rounding (of the
  /// keys' biases, which the loss does not depend on) it would make steps as large as any.
  private static final List<String> SETTINGS = List.of("data.corpus=builtin:macbeth", "model.layers=1", "model.heads=3",
      "model.width=48", "model.context=40", "model.bias=true", "model.dropout=0.1", "train.batch=6",
      "optim.warmup_steps=5", "optim.decay_steps=" + STEPS, "optim.eps=1e-5");

  /// The configuration.
  ///
  /// @param norm    type of all slots, or a formula
  /// @param runtime settings of `runtime`, for example `runtime.backend=cpu`
  static RunConfig config(String norm, List<String> runtime) {
    List<String> all = new java.util.ArrayList<>(SETTINGS);
    all.add("model.norm.all=" + norm);
    all.addAll(runtime);
    return StepServer.config(all);
  }

  /// Trains.
  ///
  /// @param steps at most [#STEPS]
  static SmallRun of(RunConfig config, int steps) {
    try (Session session = Session.start(config, false)) {
      Map<String, Tensor> gradients = new LinkedHashMap<>();
      TrainStep trainStep = new TrainStep(session);
      Schedule schedule = config.optim().rates();
      Double[] losses = new Double[steps];
      Double[] norms = new Double[steps];
      for (int step = 1; step <= steps; step++) {
        TrainStep.Result result = trainStep.gradients(step, StepObserver.NONE);
        if (step == 1) {
          session.model().parameters()
              .forEach(p -> gradients.put(p.name(), tensor(session, p, trainStep.sums().of(p))));
        }
        trainStep.update(result, schedule.at(step), step, StepObserver.NONE);
        losses[step - 1] = result.loss();
        norms[step - 1] = result.gradientNorm();
      }
      Map<String, Tensor> weights = new LinkedHashMap<>();
      session.model().parameters().forEach(p -> weights.put(p.name(), tensor(session, p, session.weights().of(p))));
      return new SmallRun(List.of(losses), List.of(norms), gradients, weights);
    }
  }

  private static Tensor tensor(Session session, Parameter parameter, Array array) {
    double[] numbers = session.backend().read(array);
    float[] floats = new float[numbers.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) numbers[i];
    }
    return new Tensor(parameter.shape(), floats);
  }
}

package norma.bench.gpu;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.kernels.Kernels;
import norma.nn.NormTypes;
import norma.optim.Schedule;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.run.Session;
import norma.train.run.StepObserver;
import norma.train.run.TrainStep;
import norma.weights.Safetensors.Tensor;

/// What a small model gives on one backend: a GPT with biases and dropout, whose sizes end no tile.
///
/// @param losses        of each step, before its update
/// @param gradientNorms of each step, before clipping
/// @param gradients     of all parameters for one batch, with dropout, at the initial weights
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
    return new ConfigReader(NormTypes.all()).read("the settings", "", Assignment.parse(all));
  }

  /// Trains.
  ///
  /// @param steps at most [#STEPS]
  static SmallRun of(RunConfig config, int steps) {
    try (Session session = Session.start(config, Path.of(""), false)) {
      Map<String, Tensor> gradients = gradients(session);
      TrainStep trainStep = new TrainStep(session);
      RunConfig.Optim optim = config.optim();
      Schedule schedule = new Schedule(optim.lr(), optim.minLr(), optim.warmupSteps(), optim.decaySteps(), true);
      Double[] losses = new Double[steps];
      Double[] norms = new Double[steps];
      for (int step = 1; step <= steps; step++) {
        TrainStep.Result result = trainStep.gradients(step, StepObserver.NONE);
        trainStep.update(result, schedule.at(step), step, StepObserver.NONE);
        losses[step - 1] = result.loss();
        norms[step - 1] = result.gradientNorm();
      }
      Map<String, Tensor> weights = new LinkedHashMap<>();
      session.model().parameters().forEach(p -> weights.put(p.name(), tensor(session, p, session.weights().of(p))));
      return new SmallRun(List.of(losses), List.of(norms), gradients, weights);
    }
  }

  private static Map<String, Tensor> gradients(Session session) {
    int batch = session.config().train().batch();
    int time = session.config().model().context();
    int[] text = session.split().train();
    Kernels kernels = session.workers().kernels().getFirst();
    Array ids = session.backend().allocate(DType.INT32, batch, time);
    Array targets = session.backend().allocate(DType.INT32, batch, time);
    session.backend().write(ids, Arrays.copyOf(text, batch * time));
    session.backend().write(targets, Arrays.copyOfRange(text, 1, batch * time + 1));
    GradientBuffer gradients = new GradientBuffer(session.backend(), session.model().parameters());
    gradients.start();
    try (Tape tape = new Tape(kernels, session.weights(), gradients, new Pass(true, 1, 1, 0), null)) {
      tape.backward(session.model().loss(tape, ids, targets, 1.0 / (batch * time)));
      gradients.finish(kernels);
      session.backend().synchronize();
    }
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    session.model().parameters().forEach(p -> tensors.put(p.name(), tensor(session, p, gradients.of(p))));
    return tensors;
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

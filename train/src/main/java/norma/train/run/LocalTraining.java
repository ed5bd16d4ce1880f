package norma.train.run;

import java.util.ArrayList;
import java.util.List;
import norma.array.Array;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Kernels;
import norma.optim.Optimizer;
import norma.optim.Schedule;
import norma.train.config.RunConfig;
import norma.train.run.StepObserver.Phase;
import norma.train.run.StepObserver.Watch;

/// Shards that train alone for some steps: local SGD (Stich, arXiv:1805.09767) with the outer step of DiLoCo (Douillard et al.,
/// arXiv:2311.08105).
///
/// In a round each of the K shards begins with the run's weights w, and takes `train.sync_every` steps on its own sequences, with an
/// optimizer of its own, which goes on from round to round. With the weights w_k that it comes to, the outer step is SGD with Nesterov's momentum,
/// where g is the mean of all w - w_k:
///
///     b <- outer_momentum * b + g
///     w <- w - outer_lr * (g + outer_momentum * b)
///
/// A shard's round is a function of w, its optimizer's state, seed and steps, so it does not matter where it is computed.
final class LocalTraining {
  private final Session session;
  private final List<GradientBuffer> shards;
  private final List<Replica> replicas = new ArrayList<>();
  private final ParameterBuffer momentum;
  private final RunConfig.Train train;
  private final Schedule schedule;

  /// What a shard trains.
  private static final class Replica {
    private final ParameterBuffer weights;
    private final Optimizer optimizer;
    private int step;

    Replica(Session session) {
      weights = new ParameterBuffer(session.backend(), session.model().parameters());
      optimizer = TrainStep.optimizer(session, weights);
    }
  }

  /// Computes a shard's gradients.
  interface Gradients {
    /// @return the loss
    double at(int step, ParameterBuffer weights);
  }

  /// @param shards where each one's gradients lie, and then its w - w_k
  LocalTraining(Session session, List<GradientBuffer> shards) {
    this.session = session;
    this.shards = shards;
    this.train = session.config().train();
    this.schedule = session.config().optim().rates();
    this.momentum = new ParameterBuffer(session.backend(), session.model().parameters());
    shards.forEach(_ -> replicas.add(new Replica(session)));
  }

  /// Trains a shard up to a step.
  ///
  /// @param last   step of the round
  /// @param factor of the schedule's learning rates
  /// @return the mean of its losses; NaN where one of them or of the gradients is not finite: the shard stays before that step then
  double round(Kernels kernels, int shard, int last, double factor, Watch watch, Gradients gradients) {
    Replica replica = replicas.get(shard);
    GradientBuffer own = shards.get(shard);
    Array weights = session.weights().flat();
    kernels.mix(1, weights, 0, weights, replica.weights.flat());
    double loss = 0;
    for (int step = last - train.syncEvery() + 1; step <= last; step++) {
      replica.step = step;
      double one = gradients.at(step, replica.weights);
      watch.starts(Phase.CLIPPING);
      double squares = 0;
      for (int chunk = 0; chunk < replica.optimizer.chunks(); chunk++) {
        squares += replica.optimizer.reduce(kernels, List.of(own), chunk);
      }
      watch.ends();
      if (!Double.isFinite(one) || !Double.isFinite(squares)) {
        return Double.NaN;
      }
      watch.starts(Phase.OPTIMIZER);
      for (int piece = 0; piece < replica.optimizer.pieces(); piece++) {
        replica.optimizer.update(kernels, own, Math.sqrt(squares), factor * schedule.at(step), step, piece);
      }
      watch.ends();
      loss += one;
    }
    kernels.mix(1, weights, -1, replica.weights.flat(), own.buffer().flat());
    return loss / train.syncEvery();
  }

  /// The outer step of one chunk of the weights. `g + outer_momentum * b`, times K, is left in the place of the sum of all w - w_k.
  void update(Kernels kernels, int chunk) {
    Optimizer any = replicas.getFirst().optimizer;
    Array w = any.chunk(session.weights(), chunk);
    Array g = any.chunk(shards.getFirst().buffer(), chunk);
    Array b = any.chunk(momentum, chunk);
    kernels.mix(train.outerMomentum(), b, 1, g, b);
    kernels.mix(1, g, train.outerMomentum(), b, g);
    kernels.mix(1, w, -rate(), g, w);
  }

  private double rate() {
    return train.outerLr() / shards.size();
  }

  /// How far the last outer step moved a parameter.
  Optimizer.Change change(Parameter parameter) {
    return Optimizer.Change.of(session.backend().read(session.weights().of(parameter)),
        session.backend().read(shards.getFirst().of(parameter)), 0, rate());
  }

  /// The optimizer of a shard.
  Optimizer optimizer(int shard) {
    return replicas.get(shard).optimizer;
  }

  /// Where a shard is in its round: before the update of [#step].
  ParameterBuffer weights(int shard) {
    return replicas.get(shard).weights;
  }

  /// The step that a shard has taken last, or could not.
  int step(int shard) {
    return replicas.get(shard).step;
  }

  /// All that is kept from round to round: b, and what each shard's optimizer keeps.
  List<Optimizer.State> state() {
    List<Optimizer.State> all = new ArrayList<>(List.of(new Optimizer.State("outer_momentum", momentum)));
    for (int shard = 0; shard < replicas.size(); shard++) {
      for (Optimizer.State kept : optimizer(shard).state()) {
        all.add(new Optimizer.State("shard_" + shard + "." + kept.name(), kept.values()));
      }
    }
    return all;
  }
}

package norma.train.profile;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import norma.models.CostModel;
import norma.models.GptConfig;
import norma.models.NormSlot;
import norma.ops.Cost;
import norma.train.profile.Row.Group;
import norma.train.profile.Row.Memory;
import norma.train.profile.Row.Roof;
import norma.train.profile.Row.Work;
import norma.train.metrics.Median;
import norma.train.run.RecordedStep;
import norma.train.run.RecordedStep.Times;
import norma.train.run.Session;
import norma.train.run.StepObserver.Phase;
import norma.train.run.TrainStep;

/// Counts the work of a step: floating-point operations and bytes of every part and phase.
///
/// @param threads    that compute
/// @param workers    that share the passes; one where the kernels divide their own work among the threads
/// @param tokens     of a step
/// @param passes     of a step; a fraction where the last one is smaller
/// @param pass       cost of one pass
/// @param slots      names of the normalization slots
/// @param arena      bytes that each part takes from the arena in one pass
/// @param parameters all learnable numbers
/// @param update     cost of the optimizer in a step
/// @param shards     with gradients of their own
/// @param bytes      of a number
record WorkCount(int threads, int workers, long tokens, double passes, CostModel pass, Set<String> slots,
    Map<String, Long> arena,
    long parameters, Cost update, int shards, int bytes) {
  private static final int ID_BYTES = Integer.BYTES;

  /// Counts the work of a session's step.
  ///
  /// @param pass cost of its largest pass
  static WorkCount of(Session session, TrainStep trainStep, CostModel pass) {
    int sequences = trainStep.sequences();
    int perPass = trainStep.sequencesOfAPass();
    return new WorkCount(session.backend().threads(), session.workers().size(),
        (long) sequences * session.config().model().context(),
        (double) sequences / perPass, pass,
        session.model().slots().stream().map(NormSlot::name).collect(Collectors.toSet()),
        ProcessMemory.arenaByPart(session, perPass), pass.parameters(), trainStep.optimizer().cost(),
        trainStep.shards(), session.backend().dtype().bytes());
  }

  /// Floating-point operations of the model in a step, forward and backward; the optimizer's are not the model's.
  double flops() {
    return passes * pass.flops();
  }

  /// Rows of the measured steps.
  ///
  /// @param steps times of each step
  List<Row> rows(List<Map<String, Times>> steps, Peaks peaks) {
    List<Map<String, Times>> usual = usual(steps);
    double nanos = usual.stream().mapToDouble(WorkCount::nanos).sum();
    Set<String> names = new LinkedHashSet<>(steps.getFirst().keySet());
    steps.forEach(step -> names.addAll(step.keySet()));
    List<Row> rows = new ArrayList<>();
    for (String name : names) {
      Quartiles forward = spread(steps, name, Times::forward);
      Quartiles backward = spread(steps, name, Times::backward);
      CostModel.Layer layer = pass.parts().get(name);
      Work work = layer == null ? Phase.of(name).map(this::work).orElse(Work.NONE) : work(layer.cost());
      // A pass reads memory written just before; a phase reads memory used a step ago.
      double perCall = (layer == null ? 1 : workers / passes) / threads;
      rows.add(new Row(name, group(name), forward, backward,
          (int) Median.of(steps.stream().mapToDouble(step -> step.getOrDefault(name, Times.NONE).calls()).toArray()),
          usual.stream().mapToDouble(step -> step.getOrDefault(name, Times.NONE).total()).sum() / nanos, work,
          layer == null ? Memory.NONE : new Memory(layer.cost().savedBytes(), arena.getOrDefault(name, 0L)),
          roof(work, perCall, peaks)));
    }
    return rows;
  }

  /// The half of the steps whose length is nearest to the median: shares are of these, so that they add up to 1 and a step that
  /// another process interrupted does not count.
  private static List<Map<String, Times>> usual(List<Map<String, Times>> steps) {
    List<Map<String, Times>> sorted = steps.stream().sorted(Comparator.comparingDouble(WorkCount::nanos)).toList();
    int quarter = steps.size() / 4;
    return sorted.subList(quarter, steps.size() - quarter);
  }

  private static double nanos(Map<String, Times> step) {
    return step.values().stream().mapToDouble(Times::total).sum();
  }

  private Work work(Cost cost) {
    return new Work(passes * cost.forwardFlops(), passes * cost.backwardFlops(), passes * cost.forwardBytes(),
        passes * cost.backwardBytes());
  }

  private Work work(Phase phase) {
    double flat = (double) parameters * bytes;
    return switch (phase) {
      case DATA -> new Work(0, 0, 4.0 * tokens * ID_BYTES, 0); // inputs and targets, read and written
      case CLIPPING -> new Work((shards + 1.0) * parameters, 0, shards == 1 ? flat : (shards + 1) * flat, 0);
      case OPTIMIZER -> new Work(update.forwardFlops(), 0, update.forwardBytes(), 0);
      case WEIGHTS, GRADIENTS, SHARD -> Work.NONE; // what packed weights move, only the kernels know
    };
  }

  private static Roof roof(Work work, double perCall, Peaks peaks) {
    if (work.bytes() == 0) {
      return Roof.NONE;
    }
    double forwardProducts = work.forwardFlops() / peaks.gigaflops() / 1e6;
    double backwardProducts = work.backwardFlops() / peaks.gigaflops() / 1e6;
    double forwardCopies = copies(work.forwardBytes(), perCall, peaks);
    double backwardCopies = copies(work.backwardBytes(), perCall, peaks);
    return new Roof(Math.max(forwardProducts, forwardCopies) + Math.max(backwardProducts, backwardCopies),
        forwardCopies + backwardCopies, forwardCopies + backwardCopies > forwardProducts + backwardProducts);
  }

  private static double copies(double bytes, double perCall, Peaks peaks) {
    return bytes == 0 ? 0 : bytes / peaks.bandwidth(bytes * perCall) / 1e6;
  }

  private Group group(String name) {
    if (slots.contains(name)) {
      return Group.NORM;
    }
    String last = name.substring(name.lastIndexOf('.') + 1);
    if (GptConfig.Activation.LAYERS.contains(last)) {
      return Group.ACTIVATION;
    }
    return switch (last) {
      case "tok_emb", "embedding_scale" -> Group.EMBEDDING;
      case "qkv" -> Group.ATTENTION_PRODUCTS;
      case "attention", "heads", "rotary" -> Group.ATTENTION;
      case "fc", "up" -> Group.MLP_PRODUCTS;
      case "proj" -> name.contains(".attn.") ? Group.ATTENTION_PRODUCTS : Group.MLP_PRODUCTS;
      case "add", "dropout" -> Group.RESIDUAL;
      case "head", "logits", "loss" -> Group.HEAD;
      case RecordedStep.WAITING, RecordedStep.OTHER -> Group.REST;
      default -> pass.parts().containsKey(name) ? Group.NORM : Group.PHASE;
    };
  }

  /// Quartiles of a row's times in milliseconds.
  private static Quartiles spread(List<Map<String, Times>> steps, String name, ToDoubleFunction<Times> direction) {
    return Quartiles.of(steps.stream()
        .map(step -> direction.applyAsDouble(step.getOrDefault(name, Times.NONE)) / 1e6).toList());
  }
}

package norma.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.optim.Rule;
import norma.train.config.RunConfig;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Optimizer;
import org.bytedeco.pytorch.SGD;
import org.bytedeco.pytorch.SGDOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/// The update that a configuration asks for, by PyTorch: `torch::optim::AdamW` and `torch::optim::SGD`, one for each rule, and for Muon,
/// which the C++ interface lacks, the tensor operations of `torch.optim.Muon` in PyTorch 2.9, in the parameters' own precision.
final class TorchOptimizer {
  private final RunConfig.Optim optim;
  private final Map<Rule, Optimizer> optimizers = new HashMap<>();
  private final List<Matrix> matrices = new ArrayList<>();

  /// What Muon updates.
  private record Matrix(Rule rule, Tensor weight, Tensor momentum) {}

  /// @param rules      of the parameters
  /// @param parameters by name
  TorchOptimizer(RunConfig.Optim optim, Map<String, Rule> rules, Map<String, Tensor> parameters) {
    this.optim = optim;
    Map<Rule, List<Tensor>> alike = new LinkedHashMap<>();
    parameters.forEach((name, weight) -> alike
        .computeIfAbsent(Objects.requireNonNull(rules.get(name)), _ -> new ArrayList<>()).add(weight));
    alike.forEach((rule, weights) -> {
      TensorVector all = new TensorVector(weights.toArray(Tensor[]::new));
      switch (rule.type()) {
        case ADAMW -> optimizers.put(rule, new AdamW(all, adamW(rule)));
        case SGD -> optimizers.put(rule, new SGD(all, sgd(rule)));
        case MUON -> weights.forEach(weight -> matrices.add(new Matrix(rule, weight, torch.zeros_like(weight))));
      }
    });
  }

  /// Updates the parameters by their gradients.
  void step(double lr) {
    optimizers.forEach((rule, optimizer) -> {
      optimizer.param_groups().get(0).options().set_lr(lr * rule.lrFactor());
      optimizer.step();
    });
    try (NoGradGuard guard = new NoGradGuard()) {
      matrices.forEach(matrix -> muon(matrix, lr * matrix.rule.lrFactor()));
    }
  }

  private void muon(Matrix matrix, double lr) {
    Tensor w = matrix.weight;
    Scalar momentum = new Scalar(optim.momentum());
    matrix.momentum.lerp_(w.grad(), new Scalar(1 - optim.momentum()));
    Tensor update = orthogonal(w.grad().lerp(matrix.momentum, momentum));
    w.mul_(new Scalar(1 - lr * matrix.rule.weightDecay()));
    w.add_(update, new Scalar(-lr * 0.2 * Math.sqrt(Math.max(w.size(0), w.size(1))))); // match_rms_adamw
  }

  private static Tensor orthogonal(Tensor gradient) {
    boolean tall = gradient.size(0) > gradient.size(1);
    Tensor x = tall ? gradient.t() : gradient;
    x = x.div(x.norm().clamp_min(new Scalar(1e-7)));
    for (int i = 0; i < 5; i++) {
      Tensor gram = x.mm(x.t());
      Tensor polynomial = torch.addmm(gram, gram, gram, new Scalar(-4.7750), new Scalar(2.0315));
      x = torch.addmm(x, polynomial, x, new Scalar(3.4445), new Scalar(1));
    }
    return tall ? x.t() : x;
  }

  private AdamWOptions adamW(Rule rule) {
    AdamWOptions options = new AdamWOptions(optim.lr());
    options.betas().put(optim.beta2(), optim.beta1()); // a C++ tuple: its last member comes first in memory
    options.eps().put(optim.eps());
    options.weight_decay().put(rule.weightDecay());
    return options;
  }

  private SGDOptions sgd(Rule rule) {
    SGDOptions options = new SGDOptions(optim.lr());
    options.momentum().put(optim.momentum());
    options.weight_decay().put(rule.weightDecay());
    return options;
  }
}

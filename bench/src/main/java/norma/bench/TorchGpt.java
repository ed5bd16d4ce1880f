package norma.bench;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import norma.array.DType;
import norma.autodiff.Parameter;
import norma.formula.Formula;
import norma.models.GptConfig;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.Expression;
import norma.models.GptConfig.Factor;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.GptConfig.Residual;
import norma.models.BlockName;
import norma.models.Slot;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.optim.Rule;
import norma.train.config.RunConfig;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// [norma.models.Gpt] a second time, in PyTorch's operations and with PyTorch's automatic differentiation. It shares
/// nothing with Norma but the configuration, the parameters' names and the texts of formulas: the norms that are compared most are
/// written as one writes them in PyTorch, the others by [TorchFormula].
///
/// Tensors live until the [PointerScope] in which they were made is closed. Every sublayer has one of its own, so that what
/// it does not need for backward is freed as early as Python's reference counting would.
public final class TorchGpt {
  /// Written here without their bias.
  private static final Set<String> WITHOUT_BIAS = Set.of("rmsnorm", "dyt", "dyisru", "derf");

  private final GptConfig config;
  private final List<Parameter> shapes;
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private final Tensor cosines; // (T, 1, D), of rotary positions
  private final Tensor sines;
  private final TensorVector all;

  /// A model with copies of these values.
  ///
  /// @param dtype  FLOAT32 or FLOAT64
  /// @param values of each parameter, row-major
  /// @throws IllegalArgumentException if the configuration has dropout: the two frameworks draw different numbers
  public TorchGpt(GptConfig config, DType dtype, List<Parameter> parameters, Function<Parameter, double[]> values) {
    if (config.dropout() != 0) {
      throw new IllegalArgumentException(
          "model.dropout is " + config.dropout() + ": a comparison with PyTorch needs 0, their random numbers differ");
    }
    this.config = config;
    this.shapes = List.copyOf(parameters);
    ScalarType type = dtype == DType.FLOAT64 ? ScalarType.Double : ScalarType.Float;
    for (Parameter parameter : shapes) {
      long[] shape = parameter.dims().stream().mapToLong(Integer::longValue).toArray();
      Tensor value = Tensor.create(values.apply(parameter)).to(type).reshape(shape);
      this.parameters.put(parameter.name(), value.set_requires_grad(true));
    }
    Tensor rates = torch.arange(new Scalar(0), new Scalar(config.headWidth()), new Scalar(2)).to(ScalarType.Double)
        .mul(new Scalar(-Math.log(10_000) / config.headWidth())).exp(); // (D/2)
    Tensor places = torch.arange(new Scalar(config.context())).to(ScalarType.Double);
    Tensor rows = torch.outer(places, rates).repeat(1, 2).unsqueeze(1); // (T, 1, D)
    cosines = rows.cos().to(type);
    sines = rows.sin().to(type);
    this.all = new TensorVector(this.parameters.values().toArray(Tensor[]::new));
  }

  /// The parameters by name, in the order of the model.
  public Map<String, Tensor> parameters() {
    return parameters;
  }

  /// Mean cross-entropy of the next tokens in nats.
  ///
  /// @param ids     (B, T) of type Long
  /// @param targets (B, T) of type Long, the token after each
  public Tensor loss(Tensor ids, Tensor targets) {
    return scoped(() -> {
      Tensor logits = logits(ids);
      return torch.cross_entropy_loss(logits.reshape(-1, logits.size(-1)), targets.reshape(-1));
    });
  }

  /// The gradient of one parameter after `backward`.
  ///
  /// @throws IllegalStateException if the loss does not depend on it
  public double[] gradient(String name) {
    Tensor gradient = parameter(name).grad();
    if (!gradient.defined()) {
      throw new IllegalStateException("PyTorch's loss does not depend on " + name);
    }
    return numbers(gradient);
  }

  /// The configuration's update of the parameters.
  TorchOptimizer optimizer(RunConfig.Optim optim) {
    Map<String, Rule> rules = new HashMap<>();
    shapes.forEach(parameter -> rules.put(parameter.name(), optim.rule(parameter)));
    return new TorchOptimizer(optim, rules, parameters);
  }

  /// One training step. Gradients are freed behind it, not filled with zeros.
  ///
  /// @return loss and gradient norm, before clipping
  double[] step(TorchOptimizer optimizer, RunConfig.Optim optim, double lr, Tensor ids, Tensor targets) {
    Tensor mean = loss(ids, targets);
    mean.backward();
    double loss = mean.item_double();
    double norm = torch.clip_grad_norm_(all, optim.clipNorm() == 0 ? Double.POSITIVE_INFINITY : optim.clipNorm());
    optimizer.step(lr);
    parameters.values().forEach(parameter -> parameter.mutable_grad().reset());
    return new double[]{ loss, norm };
  }

  /// The elements of a tensor.
  static double[] numbers(Tensor tensor) {
    double[] numbers = new double[Math.toIntExact(tensor.numel())];
    tensor.detach().to(ScalarType.Double).contiguous().data_ptr_double().get(numbers);
    return numbers;
  }

  private Tensor logits(Tensor ids) {
    Tensor tok = parameter("tok_emb.weight");
    Tensor x = torch.embedding(tok, ids); // (B, T, C)
    if (config.positions() == Positions.LEARNED) {
      x = x.add(parameter("pos_emb.weight").narrow(0, 0, ids.size(1)));
    }
    x = switch (config.embeddingScale()) {
      case NONE -> x;
      case FIXED -> x.mul(new Scalar(Math.sqrt(config.width())));
      case LEARNABLE -> x.mul(parameter("embedding_scale"));
    };
    x = norm(config.norm().of(Slot.EMBEDDING), "embedding", x);
    for (int i = 0; i < config.layers(); i++) {
      x = block(i, x);
    }
    x = norm(config.norm().of(Slot.FINAL), "final", x);
    Tensor logits = torch.linear(x, config.tieEmbeddings() ? tok : parameter("lm_head.weight")); // (B, T, V)
    return activation(config.logits(), logits);
  }

  private Tensor block(int index, Tensor input) { // (B, T, C)
    Tensor x = scoped(() -> {
      Tensor branch = attention(index, norm(index, Slot.ATTN_PRE, input));
      return norm(index, Slot.ATTN_POST, add(index, "attn", input, norm(index, Slot.ATTN_BRANCH, branch)));
    });
    return scoped(() -> {
      Tensor branch = mlp(index, norm(index, Slot.MLP_PRE, x));
      return norm(index, Slot.MLP_POST, add(index, "mlp", x, norm(index, Slot.MLP_BRANCH, branch)));
    });
  }

  private Tensor add(int block, String sublayer, Tensor x, Tensor branch) {
    if (config.residual().equals(Residual.SUM)) {
      return x.add(branch);
    }
    String name = "blocks." + block + "." + sublayer + ".add.";
    return x.mul(factor(config.residual().skip(), block, name + "skip"))
        .add(branch.mul(factor(config.residual().branch(), block, name + "branch")));
  }

  private Tensor factor(Factor factor, int block, String name) {
    return switch (factor) {
      case Expression constant -> TorchFormula.number(constant.at(block + 1, config.layers()));
      case Factor.Learned(var start) -> start.positive() ? TorchFormula.softplus(parameter(name)) : parameter(name);
    };
  }

  private static Tensor activation(Activation function, Tensor x) {
    return TorchFormula.of(Formula.activation(function.formula(), false), Map.of("x", x));
  }

  private Tensor norm(int block, Slot slot, Tensor x) {
    return norm(config.norm().of(block, slot), new BlockName(slot.path(), block).toString(), x);
  }

  private Tensor attention(int block, Tensor x) { // (B, T, C)
    String name = "blocks." + block + ".attn";
    long narrow = (long) config.keyHeads() * config.headWidth();
    TensorVector parts = linear(name + ".qkv", x).split_with_sizes(new long[]{ config.width(), narrow, narrow }, 2);
    Tensor q = norm(config.norm().of(Slot.QK), name + ".qk.query", heads(parts.get(0))); // (B, T, H, D)
    Tensor k = norm(config.norm().of(Slot.QK), name + ".qk.key", heads(parts.get(1)));
    Tensor v = norm(block, Slot.ATTN_V, heads(parts.get(2)));
    if (config.positions() == Positions.ROTARY) {
      q = turned(q);
      k = turned(k);
    }
    boolean grouped = config.keyHeads() < config.heads();
    Tensor y = torch.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2),
        new TensorOptional(), 0, true, new DoubleOptional(), grouped); // (B, H, T, D)
    y = y.transpose(1, 2).reshape(x.size(0), x.size(1), config.width());
    return linear(name + ".proj", norm(block, Slot.ATTN_INNER, y));
  }

  private Tensor heads(Tensor x) { // (B, T, H D) to (B, T, H, D)
    return x.reshape(x.size(0), x.size(1), -1, config.headWidth());
  }

  /// As GPT-NeoX has it: x cos + rotate_half(x) sin.
  private Tensor turned(Tensor x) { // (B, T, H, D)
    long half = config.headWidth() / 2;
    Tensor other = torch.cat(new TensorVector(x.narrow(3, half, half).neg(), x.narrow(3, 0, half)), 3);
    long time = x.size(1);
    return x.mul(cosines.narrow(0, 0, time)).add(other.mul(sines.narrow(0, 0, time)));
  }

  private Tensor mlp(int block, Tensor x) {
    String name = "blocks." + block + ".mlp";
    Tensor hidden = activation(config.activation(), linear(name + ".fc", x));
    hidden = config.mlp() == MlpType.GATED ? hidden.mul(linear(name + ".up", x)) : hidden;
    return linear(name + ".proj", norm(block, Slot.MLP_INNER, hidden));
  }

  private Tensor linear(String name, Tensor x) {
    Tensor weight = parameter(name + ".weight");
    return config.bias()
        ? torch.linear(x, weight, new TensorOptional(parameter(name + ".bias")))
        : torch.linear(x, weight);
  }

  private Tensor norm(NormSpec spec, String name, Tensor x) { // (..., C)
    if (spec.type().equals("none")) {
      return x;
    }
    boolean biased = (Boolean) setting(spec, "bias", config.bias());
    Tensor y = switch (spec.type()) {
      case "layernorm" -> {
        TensorOptional bias = biased ? new TensorOptional(parameter(name + ".bias")) : new TensorOptional();
        yield torch.layer_norm(x, new long[]{ x.size(-1) }, new TensorOptional(parameter(name + ".weight")), bias,
            eps(spec, 1e-5), true);
      }
      case "rmsnorm" -> rms(x, new TensorOptional(parameter(name + ".weight")), eps(spec, 1e-5));
      case "gatednorm" -> {
        Tensor n = rms(x, new TensorOptional(parameter(name + ".weight")), eps(spec, 1e-5));
        n = biased ? n.add(parameter(name + ".bias")) : n;
        Tensor gate = torch.linear(torch.silu(torch.linear(n, parameter(name + ".down.weight"))),
            parameter(name + ".up.weight"));
        yield n.mul(gate.sigmoid());
      }
      case "dyt" -> weighted(name, x.mul(parameter(name + ".alpha")).tanh());
      case "dyisru" -> weighted(name, dyisru(spec, parameter(name + ".beta"), x));
      case "derf" ->
        weighted(name, x.mul(parameter(name + ".alpha")).add(parameter(name + ".shift")).erf());
      default -> asWritten(spec, name, x);
    };
    return biased && WITHOUT_BIAS.contains(spec.type()) ? y.add(parameter(name + ".bias")) : y;
  }

  /// Any other formula, bias and all.
  private Tensor asWritten(NormSpec spec, String name, Tensor x) {
    int width = Math.toIntExact(x.size(-1));
    Formula formula = NormTypes.start(spec, name, width, config.bias()).orElseThrow(
        () -> new IllegalArgumentException("norm type '" + spec.type() + "' is no formula: PyTorch's side lacks it"))
        .formula();
    Map<String, Tensor> leaves = new HashMap<>(
        Map.of("x", x, "width", TorchFormula.number(width), "bias", TorchFormula.number(0)));
    formula.parameters().forEach(p -> leaves.put(p.name(), parameter(name + "." + p.name())));
    return TorchFormula.of(formula, leaves);
  }

  private Tensor weighted(String name, Tensor y) {
    return y.mul(parameter(name + ".weight"));
  }

  private static Tensor rms(Tensor x, TensorOptional weight, double eps) {
    return torch.rms_norm(x, new long[]{ x.size(-1) }, weight, new DoubleOptional(eps));
  }

  private static Tensor dyisru(NormSpec spec, Tensor raw, Tensor x) {
    Tensor beta = setting(spec, "parametrization", "softplus").equals("softplus") ? torch.softplus(raw) : raw;
    Tensor y = x.mul(x.mul(x).add(beta).rsqrt());
    boolean scaled = (Boolean) setting(spec, "scale_sqrt_width", false);
    return scaled ? y.mul(new Scalar(Math.sqrt((double) x.size(-1)))) : y;
  }

  /// Frees what the work made, except its result, which goes to the scope outside.
  private static Tensor scoped(Supplier<Tensor> work) {
    Tensor result;
    try (PointerScope inner = new PointerScope()) {
      result = work.get();
      result.retainReference();
    }
    PointerScope outer = PointerScope.getInnerScope();
    if (outer != null) {
      outer.attach(result); // counts one more reference
      result.releaseReference();
    }
    return result;
  }

  private static double eps(NormSpec spec, double otherwise) {
    return ((Number) setting(spec, "eps", otherwise)).doubleValue();
  }

  private static Object setting(NormSpec spec, String name, Object otherwise) {
    return Objects.requireNonNull(spec.settings().getOrDefault(name, otherwise));
  }

  private Tensor parameter(String name) {
    Tensor parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("no parameter '" + name + "' among " + parameters.keySet());
    }
    return parameter;
  }
}

package norma.models;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import norma.array.Array;
import norma.array.DType;
import norma.array.Memory;
import norma.autodiff.GradientBuffer;
import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.autodiff.Pass;
import norma.autodiff.Tape;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.tracing.TracingBackend;
import norma.ops.Cost;
import norma.ops.Op;

/// What a model costs, layer by layer: found by running the model itself on shapes without numbers, so that it cannot differ
/// from the model.
///
/// @param parts          cost of each part of a layer (`blocks.0.attn.qkv`) of one training step's forward and backward, in
///     the order of the model
/// @param parameters     all learnable numbers
/// @param positions      those of the position embedding, which nanoGPT does not count
/// @param tokens         predicted tokens of one step
public record CostModel(Map<String, Layer> parts, long parameters, long positions, long tokens) {

  private static final Pattern PART_OF_A_SUBLAYER = Pattern
      .compile("(attn|mlp)\\.(?:qkv|heads|rotary|attention|fc|up|"
          + String.join("|", GptConfig.Activation.LAYERS) + "|proj|dropout|add)");

  /// One part, or all parts of a layer.
  ///
  /// @param parameters learnable numbers; a tied weight counts where it is used first
  /// @param cost       of its operations in one step
  public record Layer(long parameters, Cost cost) {
    private Layer plus(Layer other) {
      return new Layer(parameters + other.parameters, cost.plus(other.cost));
    }
  }

  /// Traces one step.
  ///
  /// @param batch sequences in a step
  /// @param dtype of activations
  public static CostModel of(Gpt model, int batch, DType dtype) {
    Map<String, Layer> parts = new LinkedHashMap<>();
    Set<Parameter> seen = new HashSet<>();
    Map<Tensor, String> users = new HashMap<>(); // who used a tensor last, as its first input
    Set<Memory> kept = Collections.newSetFromMap(new IdentityHashMap<>());
    TapeObserver observer = new TapeObserver() {
      @Override
      public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {
        List<Array> arrays = Arrays.stream(inputs).map(Tensor::value).toList();
        long fresh = Arrays.stream(inputs).map(Tensor::parameter).filter(p -> p != null && seen.add(p))
            .mapToLong(p -> Objects.requireNonNull(p).size()).sum();
        long bytes = Cost.kept(op, arrays, output.value()).stream().filter(array -> kept.add(array.memory()))
            .mapToLong(Array::bytes).sum();
        Cost cost = Cost.of(op, arrays, output.value()).plus(new Cost(0, 0, bytes, 0, 0));
        parts.merge(layer, new Layer(fresh, cost), Layer::plus);
        for (Tensor input : inputs) {
          readByEarlierUse(input);
        }
        users.put(inputs[0], layer);
      }

      // Backward meets a tensor's last use first: an earlier one adds to a gradient that is there, and reads it.
      private void readByEarlierUse(Tensor input) {
        String earlier = users.remove(input);
        if (earlier != null) {
          parts.merge(earlier, new Layer(0, new Cost(0, 0, 0, 0, input.value().bytes())), Layer::plus);
        }
      }
    };
    TracingBackend backend = new TracingBackend(dtype);
    List<Parameter> parameters = model.parameters();
    int time = model.config().context();
    long tokens = (long) batch * time;
    ParameterBuffer values = new ParameterBuffer(backend, parameters);
    GradientBuffer gradients = new GradientBuffer(backend, parameters);
    try (Tape tape = new Tape(backend.kernels(), values, gradients, new Pass(true, 0, 1, 0), observer)) {
      Array ids = backend.allocate(DType.INT32, batch, time);
      model.loss(tape, ids, ids, 1.0 / tokens);
    }
    return new CostModel(parts, count(parameters, ""), count(parameters, "pos_emb."), tokens);
  }

  /// Floating-point operations of one step, forward and backward.
  public double flops() {
    return parts.values().stream().mapToDouble(layer -> layer.cost.forwardFlops() + layer.cost.backwardFlops()).sum();
  }

  /// Bytes that one step keeps for backward.
  public long savedBytes() {
    return parts.values().stream().mapToLong(layer -> layer.cost.savedBytes()).sum();
  }

  /// Cost of whole layers: `blocks.0.attn` is all of an attention but its normalization slots.
  public Map<String, Layer> layers() {
    Map<String, Layer> layers = new LinkedHashMap<>();
    parts.forEach((part, cost) -> layers.merge(layerOf(part), cost, Layer::plus));
    return layers;
  }

  /// The layer that a part belongs to; any other name is that of a layer itself.
  public static String layerOf(String part) {
    BlockName name = BlockName.of(part);
    Matcher sublayer = PART_OF_A_SUBLAYER.matcher(name.path());
    return switch (part) {
      case "embedding_scale", "tok_emb.dropout" -> "tok_emb";
      case "logits", "loss" -> "head";
      default -> sublayer.matches() ? new BlockName(sublayer.group(1), name.block()).toString() : part;
    };
  }

  private static long count(List<Parameter> parameters, String prefix) {
    return parameters.stream().filter(p -> p.name().startsWith(prefix)).mapToLong(Parameter::size).sum();
  }
}

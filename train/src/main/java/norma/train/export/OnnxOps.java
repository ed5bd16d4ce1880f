package norma.train.export;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.TapeObserver;
import norma.autodiff.Tensor;
import norma.kernels.Backend;
import norma.kernels.RotaryAngles;
import norma.ops.Add;
import norma.ops.Attention;
import norma.ops.CachedAttention;
import norma.ops.Concat;
import norma.ops.CrossEntropy;
import norma.ops.DropoutOp;
import norma.ops.Embedding;
import norma.ops.FormulaOp;
import norma.ops.LinearOp;
import norma.ops.NormOp;
import norma.ops.Op;
import norma.ops.Reshape;
import norma.ops.Rotary;
import norma.ops.TakeColumns;

/// Writes each op of a forward pass into a graph. What the model consists of it need not know: it sees the pass. Batch and time
/// are the first two dimensions of every value, and their sizes are left open.
final class OnnxOps implements TapeObserver {
  /// The name of the input, (B, T).
  static final String IDS = "ids";
  private static final String POSITIONS = "positions";

  private final OnnxGraph graph;
  private final Backend backend;
  private final int context;
  private final Map<Tensor, String> names = new HashMap<>();

  /// @param backend has the numbers
  /// @param context most positions
  OnnxOps(OnnxGraph graph, Backend backend, int context) {
    this.graph = graph;
    this.backend = backend;
    this.context = context;
  }

  @Override
  public void forward(String layer, Op<?> op, Tensor[] inputs, Tensor output) {
    List<String> in = Arrays.stream(inputs).map(input -> name(layer, input)).toList();
    Array x = inputs[0].value();
    names.put(output, switch (op) {
      case LinearOp _ -> linear(layer, in);
      case Embedding _ -> embedding(layer, in);
      case Add _ -> graph.node(layer, "Add", in.get(0), in.get(1));
      case Reshape reshape ->
        graph.node(layer, "Reshape", in.getFirst(), graph.counts(kept(layer, x, reshape.shape())));
      case TakeColumns take -> columns(layer, in.getFirst(), take.from(), take.count());
      case Concat _ -> graph.node(layer, "Concat", Map.of("axis", -1), in.toArray(String[]::new));
      case Rotary rotary -> rotary(layer, in.getFirst(), rotary, x.dim(-1));
      case Attention attention -> attention(layer, in.getFirst(), attention, output.value().dim(-1));
      case FormulaOp f -> OnnxFormula.of(graph, layer, f.formula(), x.dim(-1), in);
      case NormOp<?> own -> throw new IllegalArgumentException(layer + " is " + own.getClass().getName()
          + ", an operation in Java that ONNX cannot hold; expected a formula, or a norm composed of Norma's operations");
      case DropoutOp _,CachedAttention _,CrossEntropy _ ->
        throw new AssertionError(op + " in an evaluation of whole sequences");
    });
  }

  /// The name of a value.
  String name(Tensor value) {
    return Objects.requireNonNull(names.get(value));
  }

  private String name(String layer, Tensor input) {
    String computed = names.get(input);
    if (computed != null || input.value().dtype() == DType.INT32) {
      return computed == null ? IDS : computed;
    }
    Array array = input.value();
    if (input.parameter() != null) {
      return graph.tensor(input.parameter().name(), array.shape(), () -> backend.read(array));
    }
    double[] constant = backend.read(array); // it is gone when the pass is over
    String name = graph.tensor(layer + "/constant." + names.size(), array.shape(), () -> constant);
    names.put(input, name);
    return name;
  }

  private String linear(String layer, List<String> in) { // x (..., K), w (N, K), perhaps b (N)
    String y = graph.node(layer, "MatMul", in.getFirst(), graph.node(in.get(1), "Transpose", in.get(1)));
    return in.size() == 2 ? y : graph.node(layer, "Add", y, in.get(2));
  }

  private String embedding(String layer, List<String> in) { // ids (B, T), tok (V, C), perhaps pos (T, C)
    String y = graph.node(layer, "Gather", in.get(1), in.getFirst());
    return in.size() == 2
        ? y
        : graph.node(layer, "Add", y, graph.node(layer, "Gather", in.get(2), positions()));
  }

  /// 0, 1, ..., (T).
  private String positions() {
    String time = graph.node(POSITIONS, "Gather", shape(), graph.count(1));
    return graph.node(POSITIONS, "Range", graph.count(0), time, graph.count(1));
  }

  private String shape() {
    return graph.node(POSITIONS, "Shape", IDS);
  }

  /// A shape with 0, which is "as before", for batch and time.
  private static int[] kept(String layer, Array x, List<Integer> shape) {
    if (shape.size() < 2 || shape.get(0) != x.dim(0) || shape.get(1) != x.dim(1)) {
      throw new IllegalArgumentException(layer + " makes " + x + " an array of shape " + shape
          + "; expected batch and time, its first two dimensions, to stay: an ONNX graph leaves their sizes open");
    }
    int[] dims = shape.stream().mapToInt(Integer::intValue).toArray();
    Arrays.fill(dims, 0, 2, 0);
    return dims;
  }

  private String columns(String layer, String x, int from, int count) {
    return graph.node(layer, "Slice", x, graph.counts(from), graph.counts(from + count), graph.counts(-1));
  }

  private String rotary(String layer, String x, Rotary rotary, int columns) { // (B, T, N)
    int half = rotary.headWidth() / 2;
    double[] angles = RotaryAngles.of(rotary.headWidth(), 0, context); // (2, T, D/2)
    int[] shape = { context, half };
    String cos = graph.tensor("rotary.cos", shape, () -> Arrays.copyOf(angles, context * half));
    String sin = graph.tensor("rotary.sin", shape, () -> Arrays.copyOfRange(angles, context * half, angles.length));
    String places = graph.node(POSITIONS, "Expand", positions(), shape()); // (B, T)
    int turned = rotary.heads() * rotary.headWidth();
    String y = graph.node(layer, "RotaryEmbedding", Map.of("num_heads", rotary.heads()),
        columns(layer, x, 0, turned), cos, sin, places);
    return turned == columns
        ? y
        : graph.node(layer, "Concat", Map.of("axis", -1), y, columns(layer, x, turned, columns - turned));
  }

  /// @param width of all heads together, H D
  private String attention(String layer, String qkv, Attention attention, int width) { // (B, T, (H + 2K) D)
    int keys = width / attention.heads() * attention.kvHeads();
    List<String> parts = new ArrayList<>();
    for (int from : new int[]{ 0, width, width + keys }) {
      parts.add(columns(layer, qkv, from, from == 0 ? width : keys));
    }
    return graph.node(layer, "Attention",
        Map.of("q_num_heads", attention.heads(), "kv_num_heads", attention.kvHeads(), "is_causal", 1),
        parts.toArray(String[]::new));
  }
}

package norma.train.export;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import norma.train.files.Protobuf;

/// A graph of ONNX that grows node by node, as a message `GraphProto` of
/// [onnx.proto](https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), whose field numbers stand here. Values are named; what a node
/// gives has the node's own name.
final class OnnxGraph {
  private static final int FLOAT = 1; // TensorProto.DataType
  private static final int INT64 = 7;
  private static final int INT = 2; // AttributeProto.AttributeType

  private final Protobuf graph = new Protobuf();
  private final Map<String, Integer> nodes = new HashMap<>(); // how many there are, by name without a number
  private final Map<List<Object>, String> outputs = new HashMap<>(); // by type, attributes and inputs
  private final Set<String> tensors = new HashSet<>();

  OnnxGraph(String name) {
    graph.text(2, name);
  }

  /// Adds a node, unless there is one that computes the same.
  ///
  /// @param layer  its name's beginning
  /// @param type   of `ai.onnx`
  /// @param inputs names of values
  /// @return the name of its output
  String node(String layer, String type, Map<String, Integer> attributes, String... inputs) {
    return outputs.computeIfAbsent(List.of(type, attributes, List.of(inputs)),
        _ -> add(layer + "/" + type, type, attributes, inputs));
  }

  private String add(String name, String type, Map<String, Integer> attributes, String... inputs) {
    int count = nodes.merge(name, 1, Integer::sum);
    String output = count == 1 ? name : name + "." + count;
    Protobuf node = new Protobuf();
    List.of(inputs).forEach(input -> node.text(1, input));
    node.text(2, output).text(3, output).text(4, type);
    new TreeMap<>(attributes).forEach(
        (key, value) -> node.message(5, new Protobuf().text(1, key).integer(3, value).integer(20, INT)));
    graph.message(1, node);
    return output;
  }

  /// The same without attributes.
  String node(String layer, String type, String... inputs) {
    return node(layer, type, Map.of(), inputs);
  }

  /// A number, () float32.
  String number(double value) {
    return tensor(Double.toString(value), new int[0], () -> new double[]{ value });
  }

  /// A count, () int64.
  String count(int value) {
    return integers(Integer.toString(value), new int[0], value);
  }

  /// Counts, (N) int64.
  String counts(int... values) {
    return integers(Arrays.toString(values), new int[]{ values.length }, values);
  }

  /// A tensor of float32; the second one of a name is the first.
  ///
  /// @param values is asked when the file is written
  String tensor(String name, int[] shape, Supplier<double[]> values) {
    long size = Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
    return initializer(name, shape, FLOAT, Float.BYTES * size, out -> {
      double[] numbers = values.get();
      ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
      Arrays.stream(numbers).forEach(number -> bytes.putFloat((float) number));
      out.write(bytes.array());
    });
  }

  private String integers(String name, int[] shape, int... values) {
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(values).forEach(bytes::putLong);
    return initializer(name, shape, INT64, bytes.capacity(), out -> out.write(bytes.array()));
  }

  private String initializer(String name, int[] shape, int type, long bytes, Protobuf.Content content) {
    if (tensors.add(name)) {
      Protobuf tensor = new Protobuf();
      Arrays.stream(shape).forEach(dim -> tensor.integer(1, dim));
      graph.message(5, tensor.integer(2, type).text(8, name).bytes(9, bytes, content));
    }
    return name;
  }

  /// Declares the input, of int64.
  void input(String name, String... dims) {
    graph.message(11, value(name, INT64, dims));
  }

  /// Declares the output, of float32.
  ///
  /// @param value what it is
  void output(String name, String value, String... dims) {
    graph.message(1, new Protobuf().text(1, value).text(2, name).text(3, name).text(4, "Identity"));
    graph.message(12, value(name, FLOAT, dims));
  }

  /// @param dims numbers, or names of those that a caller chooses
  private static Protobuf value(String name, int type, String... dims) {
    Protobuf shape = new Protobuf();
    for (String dim : dims) {
      Protobuf one = new Protobuf();
      shape.message(1, Character.isDigit(dim.charAt(0)) ? one.integer(1, Integer.parseInt(dim)) : one.text(2, dim));
    }
    Protobuf tensor = new Protobuf().integer(1, type).message(2, shape);
    return new Protobuf().text(1, name).message(2, new Protobuf().message(1, tensor));
  }

  /// All of it.
  Protobuf message() {
    return graph;
  }
}

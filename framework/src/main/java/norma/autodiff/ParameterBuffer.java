package norma.autodiff;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.array.Array;
import norma.array.HostMemory;
import norma.kernels.Backend;
import norma.random.RandomStream;

/// One number for every element of every parameter, in one flat array: values, gradients or an optimizer's moments.
///
/// Parameters with weight decay come first, so that an update is few calls. Every parameter starts on a cache line; the gaps hold
/// zeros.
public final class ParameterBuffer {
  private final List<Parameter> parameters;
  private final List<Parameter> order;
  private final Array flat;
  private final Map<Integer, Array> views = new HashMap<>(); // by index

  /// Zeros for every parameter.
  ///
  /// @param parameters of a model, or some of them
  public ParameterBuffer(Backend backend, List<Parameter> parameters) {
    this.parameters = List.copyOf(parameters);
    this.order = parameters.stream()
        .sorted(Comparator.comparing(Parameter::decays).reversed().thenComparingInt(Parameter::index)).toList();
    long line = HostMemory.ALIGNMENT_BYTES / backend.dtype().bytes();
    long[] starts = new long[order.size() + 1];
    for (int i = 0; i < order.size(); i++) {
      starts[i + 1] = starts[i] + (order.get(i).size() + line - 1) / line * line;
    }
    this.flat = backend.allocate(backend.dtype(), Math.toIntExact(starts[order.size()]));
    for (int i = 0; i < order.size(); i++) {
      views.put(order.get(i).index(), flat.slice(starts[i], order.get(i).shape()));
    }
  }

  /// Writes every parameter's starting values. Each has a random stream of its own name: two models with different norms
  /// start with the same numbers wherever both have the parameter.
  public void initialize(Backend backend, long seed) {
    for (Parameter parameter : parameters) {
      backend.write(of(parameter), initial(parameter, seed));
    }
  }

  /// Starting values of one parameter.
  public static double[] initial(Parameter parameter, long seed) {
    RandomStream stream = RandomStream.of(seed, "init." + parameter.name());
    double[] values = new double[Math.toIntExact(parameter.size())];
    for (int i = 0; i < values.length; i++) {
      double noise = parameter.initial().std() == 0 ? 0 : parameter.initial().std() * stream.normal(i);
      values[i] = parameter.initial().mean() + noise;
    }
    return values;
  }

  /// The numbers of one parameter, in its shape.
  public Array of(Parameter parameter) {
    return Objects.requireNonNull(views.get(parameter.index()));
  }

  /// Everything, gaps included.
  public Array flat() {
    return flat;
  }

  /// What lies from one parameter to another, with the gaps behind both.
  public Array span(Parameter first, Parameter last) {
    long start = of(first).offset() - flat.offset();
    int next = order.indexOf(last) + 1;
    long end = next == order.size() ? flat.size() : of(order.get(next)).offset() - flat.offset();
    return flat.slice(start, Math.toIntExact(end - start));
  }

  /// The parameters, in the order of their declaration.
  public List<Parameter> parameters() {
    return parameters;
  }

  /// The parameters, in the order in which they lie.
  public List<Parameter> order() {
    return order;
  }
}

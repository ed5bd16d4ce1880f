package norma.autodiff;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import norma.array.Array;
import norma.array.HostMemory;
import norma.kernels.Backend;
import norma.random.RandomStream;

/// One number for every element of every parameter, in one flat array: values, gradients or an optimizer's moments.
///
/// Parameters with weight decay come first, so that an update is one call for each of the two groups. Every parameter starts
/// on a cache line; the gaps hold zeros.
public final class ParameterBuffer {
  private final List<Parameter> parameters;
  private final Array flat;
  private final Array[] views;
  private final long decayed;

  /// Zeros for every parameter.
  public ParameterBuffer(Backend backend, List<Parameter> parameters) {
    this.parameters = List.copyOf(parameters);
    long line = HostMemory.ALIGNMENT_BYTES / backend.dtype().bytes();
    List<Parameter> order = new ArrayList<>(parameters);
    order.sort(Comparator.comparing(Parameter::decays).reversed().thenComparingInt(Parameter::index));
    long[] offsets = new long[order.size()];
    long end = 0;
    long endOfDecayed = 0;
    for (Parameter parameter : order) {
      offsets[parameter.index()] = end;
      end += (parameter.size() + line - 1) / line * line;
      endOfDecayed = parameter.decays() ? end : endOfDecayed;
    }
    this.decayed = endOfDecayed;
    this.flat = backend.allocate(backend.dtype(), Math.toIntExact(end));
    this.views = new Array[order.size()];
    for (Parameter parameter : order) {
      views[parameter.index()] = flat.slice(offsets[parameter.index()], parameter.shape());
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
    return views[parameter.index()];
  }

  /// Everything, gaps included.
  public Array flat() {
    return flat;
  }

  /// The part that weight decay applies to.
  public Array decayed() {
    return flat.slice(0, Math.toIntExact(decayed));
  }

  /// The parameters, in the order of their declaration.
  public List<Parameter> parameters() {
    return parameters;
  }
}

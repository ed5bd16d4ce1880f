package norma.autodiff;

import java.util.BitSet;
import java.util.List;
import norma.array.Array;
import norma.kernels.Backend;
import norma.kernels.Grad;
import norma.kernels.Kernels;

/// Gradients of all parameters, summed over the passes of one step. The first pass overwrites: nothing is zeroed first.
public final class GradientBuffer {
  private final ParameterBuffer buffer;
  private final BitSet written = new BitSet();

  /// Gradients for these parameters.
  public GradientBuffer(Backend backend, List<Parameter> parameters) {
    this.buffer = new ParameterBuffer(backend, parameters);
  }

  /// Forgets the gradients of the last step.
  public void start() {
    written.clear();
  }

  /// Where the next contribution to a parameter's gradient goes.
  Grad into(Parameter parameter) {
    boolean add = written.get(parameter.index());
    written.set(parameter.index());
    return new Grad(buffer.of(parameter), add);
  }

  /// Ends the step's passes: parameters that no pass reached have a gradient of zero.
  public void finish(Kernels kernels) {
    for (Parameter parameter : buffer.parameters()) {
      if (!written.get(parameter.index())) {
        kernels.fill(buffer.of(parameter), 0);
      }
    }
  }

  /// The gradient of one parameter.
  public Array of(Parameter parameter) {
    return buffer.of(parameter);
  }

  /// The flat buffer.
  public ParameterBuffer buffer() {
    return buffer;
  }
}

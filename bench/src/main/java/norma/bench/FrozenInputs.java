package norma.bench;

import norma.autodiff.Parameter;
import norma.autodiff.ParameterBuffer;
import norma.kernels.Backend;
import org.bytedeco.pytorch.Tensor;

/// Weights and tokens that anyone can compute again: frozen numbers need no stored inputs.
final class FrozenInputs {
  /// As it stands in the frozen file.
  static final String WEIGHTS = "start + 0.3 sin(name.hashCode() % 1000 + 0.7 i i)";
  /// As it stands in the frozen file.
  static final String TOKENS = "token k of step s is (5 k + k k / 3 + k s + 7 s) mod V; ids (b, t) are k = b (T + 1) + t, targets k + 1";

  private FrozenInputs() {}

  /// `sin(name.hashCode() % 1000 + 0.7 i i + shift)`.
  static double sine(String name, int i, double shift) {
    return StrictMath.sin(name.hashCode() % 1000 + 0.7 * i * i + shift);
  }

  /// Every weight, norm weight, bias and scalar away from its start. The square keeps matrices from having rank two.
  ///
  /// @param neighbour 0; other numbers give other models close by
  static void writeWeights(Backend backend, ParameterBuffer values, int neighbour) {
    for (Parameter parameter : values.parameters()) {
      double[] numbers = new double[Math.toIntExact(parameter.size())];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = parameter.initial().mean() + 0.3 * sine(parameter.name(), i, 1e-4 * neighbour);
      }
      backend.write(values.of(parameter), numbers);
    }
  }

  /// Tokens of one step.
  ///
  /// @param batch      sequences
  /// @param time       tokens in each
  /// @param vocabulary number of tokens V
  record Batch(int step, int batch, int time, int vocabulary) {

    /// `shift` 0 for the ids, 1 for the targets. (B, T)
    int[] tokens(int shift) {
      int[] tokens = new int[batch * time];
      for (int i = 0; i < tokens.length; i++) {
        int k = i / time * (time + 1) + i % time + shift;
        tokens[i] = (5 * k + k * k / 3 + k * step + 7 * step) % vocabulary;
      }
      return tokens;
    }

    Tensor tensor(int shift) {
      long[] tokens = java.util.Arrays.stream(tokens(shift)).asLongStream().toArray();
      return Tensor.create(tokens, batch, time);
    }
  }
}

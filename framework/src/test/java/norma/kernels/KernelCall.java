package norma.kernels;

import java.util.Arrays;
import java.util.List;
import norma.array.Array;
import norma.array.DType;
import org.jspecify.annotations.Nullable;

/// One call of one kernel: its inputs and the shapes of its outputs, apart from any element type or backend, so that two
/// implementations can be given the same work.
///
/// @param kernel    name of the method
/// @param sizes     that it was made for
/// @param number    tells several calls of one kernel apart
/// @param inputs    in the order that `body` reads them
/// @param outputs   in the order that `body` writes them
/// @param body      makes the call
/// @param expected  what a forward kernel must write; null for a backward kernel
record KernelCall(String kernel, Sizes sizes, int number, List<Input> inputs, List<Output> outputs, Body body,
    double @Nullable [][] expected) {

  /// An input.
  record Input(DType dtype, double[] values, int... shape) {

    /// Of the backend's type.
    static Input of(double[] values, int... shape) {
      return new Input(DType.FLOAT64, values, shape);
    }

    /// A scalar.
    static Input of(double value) {
      return of(new double[]{ value });
    }

    /// Integers.
    static Input ids(int[] values, int... shape) {
      return new Input(DType.INT32, Arrays.stream(values).asDoubleStream().toArray(), shape);
    }

    Array on(Workbench bench) {
      return dtype == DType.INT32
          ? bench.ids(Arrays.stream(values).mapToInt(v -> (int) v).toArray(), shape)
          : bench.array(values, shape);
    }
  }

  /// An output's shape, and whether it is FLOAT64 whatever the backend's type is.
  record Output(boolean always64, int... shape) {
    static Output of(int... shape) {
      return new Output(false, shape);
    }
  }

  /// The call itself. A null output is one that nobody needs.
  interface Body {
    void run(Kernels kernels, Array[] in, @Nullable Grad[] out);
  }

  /// Whether the kernel takes its outputs as gradients, to be added to or left out.
  boolean backward() {
    return expected == null;
  }

  /// Whether its numbers are around 1.
  boolean ordinary() {
    return sizes.scale() == 1;
  }

  /// Runs the call, every output overwritten.
  double[][] run(Workbench bench) {
    Array[] in = inputsOn(bench);
    Grad[] out = new Grad[outputs.size()];
    Arrays.setAll(out, i -> Grad.write(unwritten(bench, i)));
    bench.run(() -> body.run(bench.kernels(), in, out));
    return Arrays.stream(out).map(grad -> bench.read(grad.array())).toArray(double[][]::new);
  }

  Array[] inputsOn(Workbench bench) {
    return inputs.stream().map(input -> input.on(bench)).toArray(Array[]::new);
  }

  Array unwritten(Workbench bench, int output) {
    Output shape = outputs.get(output);
    return bench.unwritten(shape.always64 ? DType.FLOAT64 : bench.backend().dtype(), shape.shape);
  }

  @Override
  public String toString() {
    return kernel + " #" + number + " " + sizes;
  }
}

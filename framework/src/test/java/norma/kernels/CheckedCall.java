package norma.kernels;

import java.util.Arrays;
import java.util.List;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.KernelCall.Operand;
import org.jspecify.annotations.Nullable;

/// A call of a kernel with numbers, so that two implementations can be given the same work.
///
/// @param call     what is called
/// @param sizes    that it was made for
/// @param number   tells several calls of one kernel apart
/// @param values   of the inputs; those without are written by the call's own forward
/// @param expected what a forward kernel must write; null for a backward kernel
record CheckedCall(KernelCall call, Sizes sizes, int number, List<double[]> values, double @Nullable [][] expected) {

  /// Whether its numbers are around 1.
  boolean ordinary() {
    return sizes.scale() == 1;
  }

  String kernel() {
    return call.kernel();
  }

  int outputs() {
    return call.outputs().size();
  }

  /// Runs the call, every output overwritten.
  double[][] run(Workbench bench) {
    Grad[] out = new Grad[outputs()];
    Arrays.setAll(out, i -> Grad.write(unwritten(bench, i)));
    run(bench, inputsOn(bench), out);
    return Arrays.stream(out).map(grad -> bench.read(grad.array())).toArray(double[][]::new);
  }

  /// What it must write: by plain loops, which [DefinitionTest] holds the definition against, or by the definition.
  ///
  /// @param twice the definition in float64
  double[][] exact(Workbench twice) {
    return expected != null ? expected : run(twice);
  }

  /// Runs the call.
  void run(Workbench bench, Array[] in, @Nullable Grad[] out) {
    bench.run(() -> call.body().run(bench.kernels(), in, out));
  }

  /// Inputs, those too that forward writes.
  Array[] inputsOn(Workbench bench) {
    Array[] in = new Array[call.inputs().size()];
    Arrays.setAll(in, i -> i < values.size() ? input(bench, i) : unwritten(bench, call.inputs().get(i)));
    bench.run(() -> call.forward().run(bench.kernels(), in, new Grad[0]));
    return in;
  }

  private Array input(Workbench bench, int i) {
    int[] shape = call.inputs().get(i).shape().apply(bench.kernels());
    return call.inputs().get(i).dtype(bench.kernels(), bench.backend().dtype()) == DType.INT32
        ? bench.ids(Arrays.stream(values.get(i)).mapToInt(v -> (int) v).toArray(), shape)
        : bench.array(values.get(i), shape);
  }

  Array unwritten(Workbench bench, int output) {
    return unwritten(bench, call.outputs().get(output));
  }

  private static Array unwritten(Workbench bench, Operand operand) {
    return bench.unwritten(operand.dtype(bench.kernels(), bench.backend().dtype()),
        operand.shape().apply(bench.kernels()));
  }

  @Override
  public String toString() {
    return kernel() + " #" + number + " " + sizes;
  }
}

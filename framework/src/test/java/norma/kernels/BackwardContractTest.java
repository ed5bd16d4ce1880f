package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.KernelCall.Kind;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What kernels, above all backward ones, promise about the memory that they are given.
class BackwardContractTest {
  private static final Sizes SIZES = new Sizes(3, 11, 33, 1);

  @ParameterizedTest
  @EnumSource
  void anAddedGradientIsTheOldPlusTheWrittenOne(Where where) {
    try (Workbench bench = new Workbench(where.open())) {
      for (CheckedCall call : BackwardCalls.of(SIZES)) {
        double[][] written = call.run(bench);
        Array[] in = call.inputsOn(bench);
        for (int i = 0; i < written.length; i++) {
          Grad[] out = new Grad[written.length];
          Arrays.setAll(out, j -> Grad.write(call.unwritten(bench, j)));
          double[] before = Workbench.normal(written[i].length, 40);
          bench.backend().write(out[i].array(), before);
          out[i] = Grad.add(out[i].array());
          call.run(bench, in, out);
          double[][] actual = Arrays.stream(out).map(grad -> bench.read(grad.array())).toArray(double[][]::new);
          double[][] expected = written.clone();
          expected[i] = new double[before.length];
          for (int j = 0; j < before.length; j++) {
            expected[i][j] = before[j] + written[i][j];
          }
          DefinitionTest.assertClose(call, actual, expected, where.tolerance(1e-13, 1e-6), 0);
        }
      }
    }
  }

  /// The one that is needed is written, then added.
  @ParameterizedTest
  @EnumSource
  void aGradientThatNobodyNeedsIsSkippedAndChangesNoOther(Where where) {
    try (Workbench bench = new Workbench(where.open())) {
      for (CheckedCall call : BackwardCalls.of(SIZES)) {
        double[][] all = call.run(bench);
        Array[] in = call.inputsOn(bench);
        call.run(bench, in, new Grad[all.length]);
        for (int i = 0; i < all.length; i++) {
          @Nullable
          Grad[] out = new Grad[all.length];
          Array only = call.unwritten(bench, i);
          out[i] = Grad.write(only);
          call.run(bench, in, out);
          out[i] = Grad.add(only);
          call.run(bench, in, out);
          double[] expected = Workbench.times(2, all[i]);
          assertThat(Workbench.difference(bench.read(only), expected)).as("%s, output %d alone", call, i)
              .isLessThanOrEqualTo(where.tolerance(1e-13, 1e-6) * Math.max(1, Workbench.largest(expected)));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void noInputIsModified(Where where) {
    try (Workbench bench = where == Where.ND4J ? new Workbench(DType.FLOAT32) : new Workbench(where.open())) {
      for (CheckedCall call : DefinitionTest.calls(SIZES)) {
        Array[] in = call.inputsOn(bench);
        double[][] before = Arrays.stream(in).map(bench::read).toArray(double[][]::new);
        Grad[] out = new Grad[call.outputs()];
        Arrays.setAll(out, i -> Grad.write(call.unwritten(bench, i)));
        call.run(bench, in, out);
        int inputs = call.expected() == null ? in.length : call.values().size(); // forward writes the others
        for (int i = 0; i < inputs; i++) {
          if (call.call().inputs().get(i).kind() != Kind.CACHE) { // which is made to be added to
            assertThat(bench.read(in[i])).as("%s, input %d", call, i).isEqualTo(before[i]);
          }
        }
      }
    }
  }
}

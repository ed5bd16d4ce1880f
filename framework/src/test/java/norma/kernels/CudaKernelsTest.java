package norma.kernels;

import static norma.kernels.DefinitionTest.assertClose;
import static norma.kernels.DefinitionTest.floor;

import java.util.Set;
import java.util.stream.Stream;
import norma.array.DType;
import norma.kernels.cuda.CudaBackend.Precision;
import norma.kernels.cuda.Emulator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The GPU's kernels keep the contract that those of the CPU keep: on a GPU where there is one, else on the emulator.
class CudaKernelsTest {
  /// Those at which formulas run: each width is a compilation of each. CudaFormulasTest has more widths.
  private static final Set<Integer> WIDTHS_OF_FORMULAS = Set.of(33, 128);

  /// A row's edges: below, at and above 16 bytes, a warp's and a block's width.
  static Stream<Sizes> sizes() {
    return Stream.concat(
        Stream.of(new Sizes(1, 1, 1, 1), new Sizes(1, 3, 3, 1), new Sizes(3, 11, 33, 1), new Sizes(1, 31, 16, 1),
            new Sizes(2, 67, 128, 1), new Sizes(1, 3, 768, 1), new Sizes(1, 2, 127, 1)),
        Sizes.extreme().stream());
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyKernelIsCloseToTheDefinition(Sizes sizes) {
    try (Workbench gpu = new Workbench(Emulator.open(Precision.FP32)); Workbench twice = new Workbench(DType.FLOAT64)) {
      for (CheckedCall call : DefinitionTest.calls(sizes)) {
        if (call.kernel().startsWith("formula") && !WIDTHS_OF_FORMULAS.contains(sizes.width())) {
          continue;
        }
        assertClose(call, call.run(gpu), call.exact(twice), 2e-5, floor(call));
      }
    }
  }
}

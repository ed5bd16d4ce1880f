package norma.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.array.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every kernel of the definition: forward against plain loops in double, backward in float32 against float64. ND4J has no tiles:
/// [FusedKernelsTest] has sizes around their edges.
class DefinitionTest {
  /// Differences below this are lost to float32's smallest normal number, 1e-38, squared or multiplied.
  private static final double FLOOR = 1e-30;

  /// Kernels with tests of their own: they have no output array, or change one in place.
  private static final Set<String> ELSEWHERE = Set.of("sumInPlace", "adamWInPlace");

  /// One row, one token in each of several sequences, one channel, many of each.
  static Stream<Sizes> sizes() {
    return Stream.concat(
        Stream.of(new Sizes(1, 1, 1, 1), new Sizes(1, 1, 33, 1), new Sizes(3, 1, 16, 1), new Sizes(1, 31, 1, 1),
            new Sizes(3, 11, 127, 1), new Sizes(1, 128, 31, 1), new Sizes(1, 3, 768, 1)),
        Sizes.extreme().stream());
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyForwardKernelInFloat64EqualsPlainLoops(Sizes sizes) {
    try (Workbench bench = new Workbench(DType.FLOAT64)) {
      for (CheckedCall call : ForwardCalls.of(sizes)) {
        assertClose(call, call.run(bench), expected(call), 1e-11, floor(call));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyForwardKernelInFloat32IsCloseToPlainLoopsInDouble(Sizes sizes) {
    try (Workbench bench = new Workbench(DType.FLOAT32)) {
      for (CheckedCall call : ForwardCalls.of(sizes)) {
        assertClose(call, call.run(bench), expected(call), 2e-5, FLOOR);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("sizes")
  void everyBackwardKernelInFloat32IsCloseToFloat64(Sizes sizes) {
    try (Workbench single = new Workbench(DType.FLOAT32); Workbench twice = new Workbench(DType.FLOAT64)) {
      for (CheckedCall call : BackwardCalls.of(sizes)) {
        assertClose(call, call.run(single), call.run(twice), 2e-5, floor(call));
      }
    }
  }

  @Test
  void everyKernelIsCalledByTheseTests() {
    Set<String> called = calls(Sizes.all().getFirst()).stream().map(call -> call.kernel().replaceFirst(" .*", ""))
        .collect(Collectors.toSet());
    called.addAll(ELSEWHERE);
    Set<String> kernels = Arrays.stream(Kernels.class.getDeclaredMethods()).filter(method -> !method.isSynthetic())
        .map(java.lang.reflect.Method::getName).collect(Collectors.toCollection(TreeSet::new));
    kernels.removeAll(Set.of("arena", "dtype", "empty", "computes", "scratch", "prepare", "mark", "nanos",
        "statistics", "kept", "kvHeads"));
    assertThat(called).isEqualTo(kernels);
  }

  static List<CheckedCall> calls(Sizes sizes) {
    return Stream.concat(ForwardCalls.of(sizes).stream(), BackwardCalls.of(sizes).stream()).toList();
  }

  /// ND4J's tanh is exact in float64 up to 1e-16, however small the argument.
  static double floor(CheckedCall call) {
    return call.kernel().endsWith(" dyt") ? 1e-16 : FLOOR;
  }

  private static double[][] expected(CheckedCall call) {
    return java.util.Objects.requireNonNull(call.expected());
  }

  /// Errors are measured against the largest element, and for numbers around 1 against 1: sums may cancel.
  static void assertClose(CheckedCall call, double[][] actual, double[][] expected, double tolerance,
      double floor) {
    assertThat(actual.length).as(call.toString()).isEqualTo(expected.length);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as("%s, output %d", call, i).hasSameSizeAs(expected[i]);
      double largest = Workbench.largest(expected[i]);
      double limit = floor + tolerance * (call.ordinary() ? Math.max(1, largest) : largest);
      assertThat(Workbench.difference(actual[i], expected[i])).as("%s, output %d, largest element %s", call, i, largest)
          .isLessThanOrEqualTo(limit);
    }
  }
}

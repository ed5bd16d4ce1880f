package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.KernelCall;
import norma.kernels.KernelCalls;
import norma.kernels.Kernels;
import norma.kernels.cpu.CpuBackend;
import norma.kernels.nd4j.Nd4jBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The measured calls run, and know what they move.
class CallsTest {
  private static final Size SMALL = new Size(new KernelCalls(2, 5, 24, 3), 11, 100);

  static Stream<Arguments> calls() {
    return Calls.names().stream()
        .flatMap(kernel -> Stream.of("nd4j", "cpu").map(backend -> Arguments.of(kernel, backend)));
  }

  @ParameterizedTest
  @MethodSource("calls")
  void everyCallRunsOnEveryBackendAndCountsTheBytesThatItHasWithoutOne(String kernel, String name) {
    KernelCall call = Calls.of(kernel, SMALL);
    try (Backend backend = name.equals("cpu") ? new CpuBackend(1, true) : new Nd4jBackend(DType.FLOAT32, false)) {
      Kernels kernels = backend.kernels();
      Runnable work = new Operands(backend, kernels).bind(call);
      try (Kernels.Scratch _ = kernels.scratch()) {
        work.run();
      }
      assertThat(Calls.bytes(call)).isEqualTo(call.bytes(kernels, backend.dtype())).isPositive();
    }
  }

  @Test
  void aNormReadsAndWritesAMatrixForwardAndThreeBackward() {
    long matrix = 16384L * 384 * 4;
    assertThat(Calls.bytes(Calls.of("dyt", Size.of("M")))).isEqualTo(2 * matrix);
    assertThat(Calls.bytes(Calls.of("dytAfterAdd", Size.of("M")))).isEqualTo(4 * matrix);
    assertThat(Calls.bytes(Calls.of("dytBackward", Size.of("M")))).isEqualTo(3 * matrix);
    assertThat(Calls.bytes(Calls.of("geluBackward", Size.of("M")))).isEqualTo(3 * 4 * matrix);
  }

  @Test
  void attentionCountsTheLowerTriangleOnly() {
    double triangle = 2 * 3 * (5 * 6 / 2) * 8; // sequences, heads, pairs, width of a head
    assertThat(Calls.of("attention", SMALL).flops()).isEqualTo(2 * 2 * triangle);
    assertThat(Calls.of("attentionBackward", SMALL).flops()).isEqualTo(5 * 2 * triangle);
  }

  @Test
  void shapesAreForPeople() {
    assertThat(Calls.of("linear", SMALL).flops()).isEqualTo(2.0 * 10 * 24 * 96);
    assertThat(Calls.shape("linear", SMALL)).isEqualTo("10x24x96");
    assertThat(Calls.shape("attention", SMALL)).isEqualTo("2x5x24, 3 heads");
  }

  @Test
  void bothGradientsOfALinearLayerAreTheWorkOfEach() {
    double both = Calls.of("linearBackward", SMALL).flops();
    assertThat(both).isEqualTo(
        Calls.of("linearInputGradient", SMALL).flops() + Calls.of("linearWeightGradient", SMALL).flops());
  }
}

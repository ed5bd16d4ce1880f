package norma.bench.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.tracing.TracingBackend;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The measured calls run, and know what they move.
class CallsTest {
  private static final Size SMALL = new Size(2, 5, 24, 3, 11, 100);

  static Stream<Arguments> calls() {
    return Calls.names().stream()
        .flatMap(kernel -> Backends.names().stream().map(backend -> Arguments.of(kernel, backend)));
  }

  @ParameterizedTest
  @MethodSource("calls")
  void everyCallRunsOnEveryBackendAndCountsTheBytesThatItHasWithoutOne(String kernel, String name) {
    Call shape = Calls.of(kernel, new Fixture(new TracingBackend(DType.FLOAT32)), SMALL);
    try (Backend backend = Backends.open(name)) {
      Fixture fixture = new Fixture(backend);
      Call call = Calls.of(kernel, fixture, SMALL);
      try (Kernels.Scratch _ = fixture.kernels().scratch()) {
        call.work().run();
      }
      assertThat(call.bytes()).isEqualTo(shape.bytes()).isPositive();
      assertThat(call.flops()).isEqualTo(shape.flops());
    }
  }

  @Test
  void aNormReadsAndWritesAMatrixForwardAndThreeBackward() {
    Fixture fixture = new Fixture(new TracingBackend(DType.FLOAT32));
    long matrix = 16384L * 384 * 4;
    assertThat(Calls.of("dyt", fixture, Size.M).bytes()).isEqualTo(2 * matrix);
    assertThat(Calls.of("dytBackward", fixture, Size.M).bytes()).isEqualTo(3 * matrix);
  }

  @Test
  void attentionCountsTheLowerTriangleOnly() {
    Call call = Calls.of("attention", new Fixture(new TracingBackend(DType.FLOAT32)), SMALL);
    assertThat(call.flops()).isEqualTo(2 * 3 * (5 * 6 / 2) * 4 * 8); // sequences, heads, pairs, 2 products of width 8
  }

  @Test
  void aProductIsMeasuredByTheRegisterPeakAndTheRestByACopy() {
    Fixture fixture = new Fixture(new TracingBackend(DType.FLOAT32));
    Call product = Calls.of("linear", fixture, SMALL); // 10 x 24 x 96
    assertThat(product.share(1, Double.NaN, 100)).isEqualTo(2.0 * 10 * 24 * 96 / 1e-6 / 1e9 / 100);
    assertThat(Calls.of("add", fixture, SMALL).share(4, 3, 100)).isEqualTo(0.75);
  }

  @Test
  void bothGradientsOfALinearLayerAreTheWorkOfEach() {
    Fixture fixture = new Fixture(new TracingBackend(DType.FLOAT32));
    double both = Calls.of("linearBackward", fixture, SMALL).flops();
    assertThat(both).isEqualTo(Calls.of("linearInputGradient", fixture, SMALL).flops()
        + Calls.of("linearWeightGradient", fixture, SMALL).flops());
  }
}

package norma.bench.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import norma.weights.Safetensors.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A difference is found wherever it is, and no other.
class DifferenceTest {
  private static final Map<String, Tensor> TENSORS = Map.of("a.weight", tensor(3, 4), "b.alpha", tensor(1e-3f),
      "c.alpha", tensor(1));

  @TempDir
  private Path folder;

  @Test
  void aRunIsNoDifferentFromItself() {
    Difference difference = Difference.of(run(4, 2, TENSORS, TENSORS), run(4, 2, TENSORS, TENSORS));
    assertThat(difference.largest()).isZero();
  }

  @Test
  void everyPartCounts() {
    SmallRun reference = run(4, 2, TENSORS, TENSORS);
    assertThat(Difference.of(run(4.4, 2, TENSORS, TENSORS), reference).largest()).isCloseTo(0.1, within(1e-9));
    assertThat(Difference.of(run(4, 1.8, TENSORS, TENSORS), reference).largest()).isCloseTo(0.1, within(1e-9));
    Map<String, Tensor> other = with("a.weight", tensor(3, 4.5f));
    Difference gradient = Difference.of(run(4, 2, other, TENSORS), reference);
    assertThat(gradient.largest()).isCloseTo(0.1, within(1e-9));
    assertThat(gradient.worst()).isEqualTo("gradient of a.weight");
    Difference weights = Difference.of(run(4, 2, TENSORS, other), reference);
    assertThat(weights.largest()).isCloseTo(0.1, within(1e-9));
    assertThat(weights.worst()).isEqualTo("a.weight");
  }

  @Test
  void scalarsOfAKindCountTogether() {
    SmallRun reference = run(4, 2, TENSORS, TENSORS);
    assertThat(Difference.of(run(4, 2, with("b.alpha", tensor(2e-3f)), TENSORS), reference).largest())
        .isCloseTo(1e-3, within(1e-6));
    assertThat(Difference.of(run(4, 2, with("c.alpha", tensor(2)), TENSORS), reference).largest())
        .isCloseTo(1, within(1e-3));
  }

  @Test
  void whatIsNoNumberIsNoAgreement() {
    SmallRun reference = run(4, 2, TENSORS, TENSORS);
    Map<String, Tensor> broken = with("a.weight", tensor(Float.NaN, 4));
    assertThat(Difference.of(run(Double.NaN, 2, TENSORS, TENSORS), reference).largest() <= 1).isFalse();
    assertThat(Difference.of(run(4, 2, broken, TENSORS), reference).largest() <= 1).isFalse();
    assertThat(Difference.of(run(4, 2, TENSORS, broken), reference).largest() <= 1).isFalse();
  }

  @Test
  void weightsAreComparedAfterAllStepsOnly() {
    SmallRun shorter = new SmallRun(List.of(5.0), List.of(3.0), TENSORS, with("a.weight", tensor(9, 9)));
    Difference difference = Difference.of(shorter, run(4, 2, TENSORS, TENSORS));
    assertThat(difference.weights()).isEmpty();
    assertThat(difference.largest()).isZero();
  }

  @Test
  void anotherModelIsRefused() {
    assertThatThrownBy(() -> Difference.of(run(4, 2, Map.of(), TENSORS), run(4, 2, TENSORS, TENSORS)))
        .hasMessageContaining("make the bundle again");
  }

  @Test
  void theReferenceIsReadAsItWasWrittenAndNd4jAgreesWithIt() {
    Reference reference = new Reference(folder.resolve("reference"));
    SmallRun cpu = SmallRun.of(SmallRun.config("dyisru", List.of("runtime.backend=cpu")), 2);
    reference.write("dyisru", cpu);
    assertThat(Difference.of(cpu, reference.read("dyisru")).largest()).isZero();
    SmallRun nd4j = SmallRun.of(SmallRun.config("dyisru", List.of("runtime.backend=nd4j")), 2);
    assertThat(Difference.of(nd4j, reference.read("dyisru")).largest()).isPositive().isLessThan(1e-4);
  }

  private static SmallRun run(double loss, double norm, Map<String, Tensor> gradients, Map<String, Tensor> weights) {
    return new SmallRun(List.of(5.0, loss), List.of(3.0, norm), gradients, weights);
  }

  private static Map<String, Tensor> with(String name, Tensor tensor) {
    Map<String, Tensor> tensors = new HashMap<>(TENSORS);
    tensors.put(name, tensor);
    return tensors;
  }

  private static Tensor tensor(float... numbers) {
    return new Tensor(new int[]{ numbers.length }, numbers);
  }
}

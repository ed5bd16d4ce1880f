package norma.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import norma.array.DType;
import norma.models.GptConfig.Positions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Loss and every parameter's gradient of a small GPT equal PyTorch's, for every norm type in every slot.
@TestInstance(Lifecycle.PER_CLASS)
class GptParityTest {
  /// Two orders of summation may differ by this multiple of PyTorch's own float32 error; measured: 2.5.
  private static final double OTHER_ROUNDING = 5;

  private final List<String> table = new ArrayList<>();

  static Stream<ParityCase> cases() {
    return ParityCase.all().stream();
  }

  /// Within 1e-4, except for gradients that are sums of terms that nearly cancel: where PyTorch's own float32 is further than
  /// 2e-5 from its float64, the bound is a multiple of that. In float64 the same with 29 bits more.
  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradientsEqualPyTorchsInFloat32(ParityCase model) {
    check(model, DType.FLOAT32, 1e-4);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndGradientsEqualPyTorchsInFloat64(ParityCase model) {
    check(model, DType.FLOAT64, 1e-11);
  }

  @AfterAll
  void printTable() {
    System.out.println("model | element type | loss difference | worst gradient difference | of parameter");
    table.stream().sorted().forEach(System.out::println);
  }

  private void check(ParityCase model, DType dtype, double tolerance) {
    Numbers torch = Numbers.torch(model, dtype);
    Numbers norma = Numbers.norma(model, dtype);
    assertThat(norma.gradients().keySet()).isEqualTo(torch.gradients().keySet());

    Map<String, Double> differences = new LinkedHashMap<>();
    for (String name : torch.gradients().keySet()) {
      // Adds the same to every score of a query, unless a gate multiplies it or it turns: the loss does not depend on it.
      if (name.endsWith(".qk.key.bias") && !model.type().equals("gatednorm")
          && model.attention().positions() != Positions.ROTARY) {
        assertThat(Numbers.largest(torch.gradient(name))).as(name).isLessThan(tolerance * torch.largest());
        assertThat(Numbers.largest(norma.gradient(name))).as(name).isLessThan(tolerance * torch.largest());
      } else {
        differences.put(name, norma.difference(name, torch));
      }
    }
    double lossDifference = Math.abs(norma.loss() - torch.loss()) / torch.loss();
    var worst = differences.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow(); // NaN is largest
    boolean withinTolerance = worst.getValue() < tolerance;
    Map<String, Double> own = withinTolerance ? Map.of() : Numbers.torchFloat32Errors(model);
    double bound = dtype == DType.FLOAT64 ? OTHER_ROUNDING * 0x1p-29 : OTHER_ROUNDING; // 29 bits more than float32
    table.add(String.format(Locale.ROOT, "%s | %s | %.1e | %.1e | %s%s", model, dtype, lossDifference,
        worst.getValue(), worst.getKey(),
        own.isEmpty() ? "" : String.format(Locale.ROOT, " (PyTorch's own error %.1e)", own.get(worst.getKey()))));
    assertThat(lossDifference).as("loss").isLessThan(tolerance);
    assertThat(differences).allSatisfy((name, difference) -> assertThat(difference).as(name)
        .isLessThan(Math.max(tolerance, bound * own.getOrDefault(name, 0.0))));
  }
}

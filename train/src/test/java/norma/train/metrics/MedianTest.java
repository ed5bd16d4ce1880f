package norma.train.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MedianTest {
  @Test
  void theMedianOfAnEvenNumberLiesBetween() {
    assertThat(Median.of(4, 1, 3)).isEqualTo(3);
    assertThat(Median.of(List.of(4.0, 1.0, 2.0, 3.0))).isEqualTo(2.5);
    assertThat(Median.of()).isNaN();
  }

  @Test
  void whatIsMissingDoesNotCount() {
    assertThat(Median.ofFinite(Double.NaN, 1, 3, Double.POSITIVE_INFINITY)).isEqualTo(2);
  }
}

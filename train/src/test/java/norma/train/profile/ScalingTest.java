package norma.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import norma.train.profile.Scaling.Point;
import org.junit.jupiter.api.Test;

class ScalingTest {
  @Test
  void powersAreFoundAgain() {
    Scaling scaling = Scaling.of("model.width", List.of(64.0, 128.0, 512.0).stream()
        .map(width -> new Point(width, 3 * Math.pow(width, 1.5), 7 * Math.pow(width, 2), 768)).toList(),
        List.of(
            List.of(1.0, 1.0, 1.0), List.of(2.0, 1.0, 4.0), List.of(8.0, 1.0, 64.0)));
    assertThat(scaling.time()).isCloseTo(1.5, within(1e-12));
    assertThat(scaling.flops()).isCloseTo(2, within(1e-12));
    assertThat(scaling.perFlop()).isCloseTo(0.75, within(1e-12));
    assertThat(scaling.rounds().median()).isCloseTo(1, within(1e-12)); // exponents 1, 0 and 2 of three rounds
    assertThat(scaling.rounds().low()).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void aPointOffTheLineMovesTheExponentAsLeastSquaresSay() {
    Scaling scaling = Scaling.of("x", List.of(new Point(1, 1, 1, 1), new Point(Math.E, Math.E, 1, 1),
        new Point(Math.exp(2), Math.exp(5), 1, 1)), List.of(List.of(1.0), List.of(1.0), List.of(1.0)));
    assertThat(scaling.time()).isCloseTo(2.5, within(1e-12)); // (0,0), (1,1), (2,5): slope 2.5
  }

  @Test
  void threadsDoNotChangeTheOperations() {
    Scaling scaling = Scaling.of("runtime.threads", List.of(new Point(1, 10, 4e9, 768), new Point(2, 5, 4e9, 768)),
        List.of(List.of(10.0), List.of(5.0)));
    assertThat(scaling.time()).isCloseTo(-1, within(1e-12));
    assertThat(scaling.flops()).isZero();
    assertThat(scaling.perFlop()).isNaN();
  }
}

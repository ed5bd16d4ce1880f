package norma.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Comparator;
import java.util.List;
import norma.kernels.cuda.Emulator;
import norma.train.run.Session;
import org.junit.jupiter.api.Test;

class PeaksTest {
  @Test
  void bandwidthLiesBetweenTheNearestSizesThatWereMeasured() {
    Peaks peaks = MeasuredFixture.PEAKS;
    assertThat(peaks.bandwidth(1)).isEqualTo(40);
    assertThat(peaks.bandwidth(1 << 16)).isEqualTo(40);
    assertThat(peaks.bandwidth(1 << 17)).isCloseTo(25, within(1e-9));
    assertThat(peaks.bandwidth(1 << 18)).isEqualTo(10);
    assertThat(peaks.bandwidth(1L << 40)).isEqualTo(10);
    assertThat(peaks.memory()).isEqualTo(10);
    assertThat(peaks.cache()).isEqualTo(40);
  }

  @Test
  void aSmallCopyIsNeverSlowerThanALargerOne() {
    Peaks disturbed = new Peaks(2, 100,
        List.of(new Peaks.Copy(1 << 16, 40), new Peaks.Copy(1 << 18, 0.1), new Peaks.Copy(1 << 20, 30)));
    assertThat(disturbed.bandwidth(1 << 18)).isEqualTo(30);
    assertThat(disturbed.cache()).isEqualTo(40);
  }

  @Test
  void theBetterOfTwoMeasurementsCountsRateByRate() {
    Peaks other = new Peaks(2, 90, List.of(new Peaks.Copy(1 << 16, 30), new Peaks.Copy(1 << 18, 12)));
    assertThat(Peaks.best(MeasuredFixture.PEAKS, other)).isEqualTo(
        new Peaks(2, 100, List.of(new Peaks.Copy(1 << 16, 40), new Peaks.Copy(1 << 18, 12))));
    Peaks less = new Peaks(2, 90, List.of(new Peaks.Copy(1 << 16, 50)));
    assertThat(Peaks.best(less, MeasuredFixture.PEAKS)).as("with less memory free").isEqualTo(
        new Peaks(2, 100, List.of(new Peaks.Copy(1 << 16, 50), new Peaks.Copy(1 << 18, 10))));
  }

  /// On the emulated GPU, whose memory bounds the sizes.
  @Test
  void aDevicesCopiesAndProductsAreItsOwnKernels() {
    Session session = Emulator.with("memory=117440512",
        () -> Session.start(MeasuredFixture.config("runtime.backend=cuda"), false));
    try (session) {
      long free = session.backend().deviceBytes().orElseThrow();
      List<Peaks.Copy> copies = Peaks.deviceCopies(session.backend());
      assertThat(copies).isNotEmpty().isSortedAccordingTo(Comparator.comparingLong(Peaks.Copy::bytes))
          .allMatch(copy -> copy.gigabytes() > 0 && copy.bytes() <= free / 4);
      assertThat(Peaks.product(session, 64)).isPositive();
    }
  }
}

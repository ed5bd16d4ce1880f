package norma.train.profile;

import java.util.ArrayList;
import java.util.List;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;

/// Profiles of a model that takes no time.
final class MeasuredFixture {
  /// Easy to calculate with: 100 GFLOP/s; 40 GB/s up to 64 KiB a thread, 10 GB/s from 256 KiB on.
  static final Peaks PEAKS = new Peaks(2, 100, List.of(new Peaks.Copy(1 << 16, 40), new Peaks.Copy(1 << 18, 10)));

  private MeasuredFixture() {}

  /// Measured once for all tests that only look at it.
  private static final class Once {
    private static final Profile SMALL = measured();
  }

  /// Five steps of the model, with nothing set.
  static Profile small() {
    return Once.SMALL;
  }

  static RunConfig config(String... settings) {
    List<String> all = new ArrayList<>(List.of("name=small", "model.layers=2", "model.heads=2", "model.width=16",
        "model.context=12", "train.batch=8", "runtime.threads=2", "data.corpus=builtin:macbeth"));
    all.addAll(List.of(settings));
    return new ConfigReader(NormTypes.all()).read("test", "", Assignment.parse(all));
  }

  static ProfilePlan plan(String... settings) {
    return ProfilePlan.of(config(settings)).withSteps(5);
  }

  /// A measured profile with the peaks above.
  static Profile measured(String... settings) {
    return measured(plan(settings)).getFirst();
  }

  static List<Profile> measured(ProfilePlan plan) {
    return new Profiler(plan, progress -> {}, session -> PEAKS, 0).measure();
  }
}

package norma.train.profile;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.run.StepRecorder;

/// Profiles of a model that takes no time.
final class MeasuredFixture {
  /// Easy to calculate with: 100 GFLOP/s; 40 GB/s up to 64 KiB a thread, 10 GB/s from 256 KiB on.
  static final Peaks PEAKS = new Peaks(2, 100, List.of(new Peaks.Copy(1 << 16, 40), new Peaks.Copy(1 << 18, 10)));

  private MeasuredFixture() {}

  static RunConfig config(Path folder, String... settings) {
    List<String> all = new ArrayList<>(List.of("name=small", "model.layers=2", "model.heads=2", "model.width=16",
        "model.context=12", "train.batch=8", "runtime.threads=2", "data.corpus='" + text(folder) + "'"));
    all.addAll(List.of(settings));
    return new ConfigReader(NormTypes.all()).read("test", "", Assignment.parse(all));
  }

  static Path text(Path folder) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      text.append("The ").append(i * 7919 % 97).append(" quick brown foxes jump.\n");
    }
    try {
      return Files.writeString(folder.resolve("text.txt"), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A measured profile with the peaks above.
  static Profile measured(Path folder, StepRecorder.Listener listener, String... settings) {
    return measured(ProfilePlan.of(config(folder, settings)).withSteps(5), listener).getFirst();
  }

  static List<Profile> measured(ProfilePlan plan, StepRecorder.Listener listener) {
    return new Profiler(plan, listener, progress -> {}, session -> PEAKS, 0).measure();
  }
}

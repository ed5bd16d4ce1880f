package norma.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.Stream;
import java.util.Locale;
import java.util.regex.Pattern;
import norma.train.profile.StepBar.Slice;
import org.junit.jupiter.api.Test;

class StepBarTest {
  private static final Profile PROFILE = ProfileFixture.profile("a", 1);

  private record Rect(double x, double y, double width) {}

  private static List<Rect> rects(String svg) {
    return Pattern.compile("<rect class=\"slice\" x=\"([\\d.]+)\" y=\"([\\d.]+)\" width=\"([\\d.]+)\"").matcher(svg)
        .results().map(m -> new Rect(Double.parseDouble(m.group(1)), Double.parseDouble(m.group(2)),
            Double.parseDouble(m.group(3))))
        .toList();
  }

  private static List<Rect> level(List<Rect> rects, int level) {
    double y = rects.stream().mapToDouble(Rect::y).distinct().sorted().toArray()[level];
    return rects.stream().filter(rect -> rect.y == y).toList();
  }

  @Test
  void widthsAreTimesAndFillTheWholeBar() {
    StepBar bar = StepBar.of(PROFILE);
    List<Rect> directions = level(rects(bar.figure("", bar.millis())), 0);
    assertThat(bar.slices()).extracting(Slice::label).containsExactly("forward", "backward", "phases", "waiting",
        "other");
    double forward = PROFILE.rows().stream().filter(row -> row.group().compareTo(Row.Group.PHASE) < 0)
        .mapToDouble(row -> row.forward().median()).sum();
    double step = PROFILE.rows().stream().mapToDouble(Row::millis).sum();
    assertThat(bar.millis()).isCloseTo(step, within(1e-9));
    assertThat(directions.stream().mapToDouble(Rect::width).sum()).isCloseTo(958, within(0.05));
    assertThat(directions.getFirst().width).isCloseTo(958 * forward / step, within(0.01));
    assertThat(directions.getLast().width).isCloseTo(958 * 0.3 / step, within(0.01));
  }

  @Test
  void everyLevelAddsUpToTheOneAboveAndStandsBelowIt() {
    StepBar bar = StepBar.of(PROFILE);
    bar.slices().forEach(StepBarTest::addsUp);
    List<Rect> rects = rects(bar.figure("", bar.millis()));
    assertThat(level(rects, 1).getFirst().x).isEqualTo(level(rects, 0).getFirst().x);
    assertThat(level(rects, 3)).as("nine parts of four blocks, eight of them also backward but for the two adds")
        .hasSize(4 * (10 + 8));
  }

  private static void addsUp(Slice slice) {
    if (!slice.children().isEmpty() && slice.children().stream().anyMatch(child -> child.millis() > 0)) {
      assertThat(slice.children().stream().mapToDouble(Slice::millis).sum()).as(slice.tip())
          .isCloseTo(slice.millis(), within(1e-9));
      slice.children().forEach(StepBarTest::addsUp);
    }
  }

  @Test
  void casesHaveOneScale() {
    StepBar shorter = StepBar.of(PROFILE);
    StepBar longer = StepBar.of(ProfileFixture.profile("b", 9));
    double[] widths = Stream.of(shorter, longer).mapToDouble(bar -> level(rects(bar.figure("", longer.millis())), 0)
        .stream().mapToDouble(Rect::width).sum()).toArray();
    assertThat(widths[1]).isCloseTo(958, within(0.05));
    assertThat(widths[0] / widths[1]).isCloseTo(shorter.millis() / longer.millis(), within(1e-4));
  }

  @Test
  void aStretchSaysItsFigures() {
    Slice qkv = StepBar.of(PROFILE).slices().get(1).children().stream()
        .filter(group -> group.label().equals("attention products")).findFirst().orElseThrow().children().getFirst();
    assertThat(qkv.label()).isEqualTo("attn.qkv");
    double share = 100 * 4 * 1.3 / PROFILE.steps().watched().median();
    assertThat(qkv.tip()).as("4 blocks, 1.3 ms for 2/3 of 226 MFLOP and 6 MB each, both directions 2 ms for 1.4125")
        .isEqualTo(
            String.format(Locale.ROOT, "attn.qkv, backward: 5.20 ms, %.1f\u00a0%% of the step, 116 GFLOP/s,"
                + " 3.08 GB/s; forward and backward together 1.42 times as long as the peaks allow", share));
  }
}

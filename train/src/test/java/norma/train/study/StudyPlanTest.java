package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StudyPlanTest {
  @TempDir
  Path temp;

  /// A plan trains fewer steps than a round has.
  @Test
  void aStudyOfLongRoundsIsPlanned() throws Exception {
    Path text = Files.writeString(temp.resolve("text.txt"), "the quick brown fox. ".repeat(50));
    Path file = Files.writeString(temp.resolve("x.yaml"), """
        base:
          data: {corpus: "%s"}
          model: {layers: 1, heads: 1, width: 8, context: 8}
          train: {steps: 3000, sync_every: 1500, eval_every: 100}
        baseline: a
        variants:
          a: {}
        seeds: 2
        """.formatted(text));
    StudyPlan plan = StudyPlan.of(new StudyFolder(StudyReader.read(file, List.of()), temp.resolve("x")), 1,
        new AtomicBoolean()).orElseThrow();
    assertThat(plan.left()).isEqualTo(2);
    assertThat(plan.stepMillis()).isPositive();
  }
}

package norma.train.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import norma.models.CostModel;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.metrics.Event;
import norma.train.run.Session;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainProgressTest {
  @TempDir
  Path folder;

  /// The first round, and every one in which a multiple of train.log_every lies.
  @Test
  void aTerminalShowsRoundsWhoseEndIsNoMultipleOfTheInterval() throws Exception {
    Path text = Files.writeString(folder.resolve("text.txt"), "the quick brown fox. ".repeat(50));
    RunConfig config = new ConfigReader(NormTypes.all()).read("test", "",
        Assignment.parse(List.of("data.corpus='" + text + "'", "model.layers=1", "model.heads=1", "model.width=8",
            "model.context=8", "train.steps=40", "train.sync_every=4", "train.log_every=10")));
    try (Session session = Session.start(config, false)) {
      Outcome progress = Outcome.onATerminal(() -> {
        TrainProgress shown = new TrainProgress(new Console(), new StartBlock(folder, List.of()), false, false, -1);
        shown.started(session, CostModel.of(session.model(), 1, session.backend().dtype()), folder);
        for (int step = 4; step <= 40; step += 4) {
          shown.stepped(new Event.Step(step, step, 3, 1e-3, 1, 1, 1e3, step));
        }
        return 0;
      });
      assertThat(Pattern.compile("step (\\d+)/40").matcher(progress.out()).results().map(step -> step.group(1)))
          .containsExactly("4", "12", "20", "32", "40");
    }
  }
}

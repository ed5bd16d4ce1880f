package norma.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import norma.train.metrics.Metrics;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparePageTest {
  @TempDir
  Path folder;

  @Test
  void everyRunHasItsCurvesAndNoChartHasMoreThanCanBeToldApart() throws Exception {
    RunFixture.full(folder.resolve("run"));
    RunFixture.minimal(folder.resolve("begun"));
    List<ComparePage.Run> runs = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      runs.add(new ComparePage.Run("<run>-" + i, Metrics.read(folder.resolve(i == 9 ? "begun" : "run"))));
    }
    ComparePage.write(folder.resolve("compare.html"), Map.of("<a text>", runs), "a <table>\nof differences");
    String html = Files.readString(folder.resolve("compare.html"));
    assertThat(Markup.all(html, "<svg[^>]*class=\"chart wide\""))
        .as("validation and training loss of eight runs, and of two").hasSize(4);
    assertThat(html).contains("style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
        "a &lt;table&gt;\nof differences", "&lt;run&gt;-9", "<h3>&lt;a text&gt;</h3>").doesNotContain("<run>",
            "<a text>", "{{", "<!--",
            "https://");
  }
}

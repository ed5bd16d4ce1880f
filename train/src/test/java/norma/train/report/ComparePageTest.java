package norma.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComparePageTest {
  @TempDir
  Path folder;

  @Test
  void everyRunHasItsCurvesAndNoChartHasMoreThanCanBeToldApart() throws Exception {
    RunFixture.full(folder.resolve("run"));
    RunFixture.minimal(folder.resolve("begun"));
    List<String> names = new ArrayList<>();
    List<Metrics> metrics = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      names.add("<run>-" + i);
      metrics.add(Metrics.read(folder.resolve(i == 9 ? "begun" : "run")));
    }
    ComparePage.write(folder.resolve("compare.html"), names, metrics, "a <table>\nof differences");
    String html = Files.readString(folder.resolve("compare.html"));
    assertThat(Pattern.compile("<svg[^>]*class=\"chart wide\"").matcher(html).results().count())
        .as("validation and training loss of eight runs, and of two").isEqualTo(4);
    assertThat(html).contains("style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
        "a &lt;table&gt;\nof differences", "&lt;run&gt;-9").doesNotContain("<run>", "{{", "<!--",
            "https://");
  }
}

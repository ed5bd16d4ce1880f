package norma.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ProfileFilesTest {
  @TempDir
  private Path folder;

  @Test
  void theJsonAndTheCsvHaveEveryRowWithTheSameNumbers() throws Exception {
    ProfilePlan plan = MeasuredFixture.plan();
    List<Profile> profiles = List.of(MeasuredFixture.small());
    ProfileFolder.probe(folder.resolve("profiles"));
    ProfileFolder written = ProfileFolder.create(folder.resolve("profiles"), "small",
        LocalDateTime.of(2026, 11, 26, 8, 30));
    written.write(plan, profiles, Map.of("command", "norma profile"));
    assertThat(written.path().getFileName().toString()).isEqualTo("small-20261126-083000");
    JsonNode json = new JsonMapper().readTree(Files.readString(written.path().resolve("profile.json")));
    JsonNode rows = json.path("cases").path(0).path("rows");
    List<String> csv = Files.readAllLines(written.path().resolve("layers.csv"));
    int columns = csv.getFirst().split(",", -1).length;
    assertThat(rows.size()).isEqualTo(profiles.getFirst().rows().size());
    assertThat(csv).hasSize(rows.size() + 1);
    for (int i = 0; i < rows.size(); i++) {
      Row row = profiles.getFirst().rows().get(i);
      String[] cells = csv.get(i + 1).split(",", -1);
      assertThat(cells).hasSize(columns).startsWith("small", row.name());
      assertThat(rows.path(i).path("layer").asString()).isEqualTo(row.name());
      assertThat(rows.path(i).path("forward_ms").path("median").asDouble()).isEqualTo(row.forward().median());
      assertThat(Double.parseDouble(cells[4])).isCloseTo(row.forward().median(), withinPercentage(1e-3));
      assertThat(rows.path(i).has("gflops")).isEqualTo(row.work().flops() > 0);
    }
    assertThat(json.path("cases").path(0).path("step").path("tokens_per_s").asDouble())
        .isEqualTo(96 / profiles.getFirst().steps().plain().median() * 1e3);
  }

  /// The format's rules (Trace Event Format): complete events have name, category, process, thread, start and duration; slices
  /// of a thread lie inside each other or apart.
  @Test
  void theTraceFollowsTheRulesOfTheTraceEventFormat() throws Exception {
    Profile profile = MeasuredFixture.small();
    Map<String, Deque<double[]>> open = new HashMap<>();
    int slices = 0;
    int names = 0;
    List<JsonNode> events = new JsonMapper().readTree(ChromeTrace.of(List.of(profile))).path("traceEvents")
        .valueStream()
        .sorted((a, b) -> a.path("ts").asDouble(-1) != b.path("ts").asDouble(-1)
            ? Double.compare(a.path("ts").asDouble(-1), b.path("ts").asDouble(-1))
            : Double.compare(b.path("dur").asDouble(-1), a.path("dur").asDouble(-1)))
        .toList();
    for (JsonNode event : events) {
      assertThat(event.path("pid").isInt() && event.path("tid").isInt()).isTrue();
      if (event.path("ph").asString().equals("M")) {
        names++;
        assertThat(event.path("args").path("name").asString()).isNotEmpty();
        continue;
      }
      slices++;
      assertThat(event.path("ph").asString()).isEqualTo("X");
      assertThat(event.path("name").asString()).isNotEmpty();
      assertThat(event.path("cat").asString()).isIn("step", "shard", "phase", "forward", "backward");
      double start = event.path("ts").asDouble();
      double end = start + event.path("dur").asDouble();
      assertThat(start).isNotNegative();
      assertThat(end).isGreaterThanOrEqualTo(start);
      Deque<double[]> stack = open.computeIfAbsent(event.path("tid").asString(), _ -> new ArrayDeque<>());
      while (!stack.isEmpty() && stack.peek()[1] <= start) {
        stack.pop();
      }
      assertThat(stack.isEmpty() || end <= stack.peek()[1] + 1e-6).as("%s", event).isTrue();
      stack.push(new double[]{ start, end });
    }
    assertThat(names).isEqualTo(1 + 2);
    assertThat(slices).isEqualTo(profile.recorded().stream().flatMap(step -> step.workers().stream())
        .mapToInt(worker -> worker.size() + 1).sum());
  }
}

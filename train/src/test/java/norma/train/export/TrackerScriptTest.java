package norma.train.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import norma.train.run.SavedRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The scripts run with a package in place of the tracker's that prints what it is called with.
class TrackerScriptTest {
  private static final String TRACKER = """
      class Trial:
          def __getattr__(self, call):
              return lambda *args, **named: print(call, *args, *named.values())
      import sys
      sys.modules[__name__] = Trial()
      """;

  @TempDir
  private Path folder;

  private SavedRun run() throws IOException {
    Path run = Files.createDirectories(folder.resolve("a \"quoted\" wörd/run"));
    Files.writeString(run.resolve("config.yaml"), "the configuration");
    Files.writeString(run.resolve("metrics.jsonl"), """
        {"event":"start","step":0,"config":"config.yaml"}
        {"event":"step","step":1,"tokens":128,"loss":4.25,"lr":1.0E-4}
        {"event":"norm","step":2,"slots":[{"slot":"final","type":"dyt","alpha":0.5,"inv_std":null}],"log_z":1.5}
        {"event":"step","step":3,"tok""");
    return SavedRun.of(run, null);
  }

  private static String python(Path script, Path modules) throws IOException, InterruptedException {
    ProcessBuilder python = new ProcessBuilder("python3", script.toString()).redirectErrorStream(true);
    python.environment().put("PYTHONPATH", modules.toString());
    python.environment().put("PYTHONIOENCODING", "utf-8");
    Process process = python.start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return out;
  }

  private static boolean pythonIsThere() {
    try {
      return new ProcessBuilder("python3", "--version").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @ParameterizedTest
  @EnumSource(names = { "wandb", "mlflow", "trackio" })
  void everyNumberReachesTheTracker(ExportFormat format) throws Exception {
    assumeTrue(pythonIsThere(), "there is no python3");
    SavedRun run = run();
    ExportFormat.Exported exported = format.export(run, null);
    assertThat(exported.path()).isEqualTo(run.folder().path().resolve("export/to_" + format + ".py"));
    Files.writeString(folder.resolve(format + ".py"), TRACKER);
    Files.writeString(folder.resolve("yaml.py"), """
        class SafeLoader:
            add_implicit_resolver = print
        def safe_load(text):
            return text
        """);
    assertThat(python(exported.path(), folder).lines())
        .anyMatch(line -> line.contains("the configuration"))
        .anyMatch(line -> line.startsWith(format == ExportFormat.mlflow ? "start_run" : "init") && line.contains("run"))
        .anyMatch(line -> line.startsWith("log")
            && line.endsWith("{'step/tokens': 128, 'step/loss': 4.25, 'step/lr': 0.0001} 1"))
        .anyMatch(line -> line.startsWith("log") && line.endsWith("{'norm/final/alpha': 0.5, 'norm/log_z': 1.5} 2"));
  }

  @Test
  void whatIsThereIsReplacedAndAPlaceOfOnesOwnIsTaken() throws Exception {
    Path place = folder.resolve("new/script.py");
    for (ExportFormat format : new ExportFormat[]{ ExportFormat.wandb, ExportFormat.mlflow }) {
      assertThat(format.export(run(), place).path()).isEqualTo(place);
      assertThat(place).content().contains("import json, pathlib, re, yaml, " + format + "\n");
    }
  }
}

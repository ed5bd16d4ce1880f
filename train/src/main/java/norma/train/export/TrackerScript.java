package norma.train.export;

import java.io.IOException;
import java.nio.file.Path;
import norma.train.files.Json;
import norma.train.files.ShellText;
import norma.train.files.WholeFile;
import norma.train.run.SavedRun;

/// A Python script that reads `metrics.jsonl` and hands every number to a tracker. It runs where the tracker's package and account are,
/// so Norma needs neither.
///
/// @param pack   the Python package
/// @param start  opens a run, `name` and `config` at hand
/// @param log    takes `numbers` of a `step`
/// @param finish closes it
record TrackerScript(String pack, String start, String log, String finish) implements Exporter {
  static final TrackerScript WANDB = new TrackerScript("wandb",
      "wandb.init(project=\"norma\", name=run.name, config=config)", "wandb.log(numbers, step=step)", "wandb.finish()");
  static final TrackerScript MLFLOW = new TrackerScript("mlflow",
      "mlflow.start_run(run_name=run.name)\nmlflow.log_params(config)", "mlflow.log_metrics(numbers, step=step)",
      "mlflow.end_run()");
  static final TrackerScript TRACKIO = new TrackerScript("trackio",
      "trackio.init(project=\"norma\", name=run.name, config=config)", "trackio.log(numbers, step=step)",
      "trackio.finish()");

  /// Lists are slots and layers; their names begin those of their numbers.
  private static final String SCRIPT = """
      # Sends a run of Norma to PACKAGE. It needs: pip install PACKAGE pyyaml
      import json, pathlib, re, yaml, PACKAGE

      # PyYAML reads YAML 1.1, to which 1e-8 is a word.
      yaml.SafeLoader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\\d+(\\.\\d*)?[eE][-+]?\\d+$"), list("+-0123456789"))


      def numbers_of(event, name):
          for key, value in event.items():
              if isinstance(value, list):
                  for part in value:
                      yield from numbers_of(part, f"{name}/{part.get('slot') or part.get('layer')}")
              elif isinstance(value, (int, float)):
                  yield f"{name}/{key}", value


      run = pathlib.Path(RUN)
      config = yaml.safe_load((run / "config.yaml").read_text("utf-8"))
      START
      for line in (run / "metrics.jsonl").open(encoding="utf-8"):
          if not line.endswith("\\n"):
              break  # the run goes on, or was killed in the middle of a line
          event = json.loads(line)
          name, step = event.pop("event"), event.pop("step", 0)
          numbers = dict(numbers_of(event, name))
          LOG
      FINISH
      """;

  @Override
  public String write(SavedRun run, Path to) throws IOException {
    WholeFile.write(to, SCRIPT.replace("PACKAGE", pack).replace("START", start).replace("LOG", log)
        .replace("FINISH", finish)
        .replace("RUN", Json.text(run.folder().path().toAbsolutePath().normalize().toString()).strip()));
    return "python3 " + ShellText.of(to.toString());
  }
}

package norma.train.study;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import norma.train.config.RunConfig.Token;
import norma.train.files.Json;
import norma.train.run.RunException;
import norma.train.study.Study.Candidate;
import norma.train.study.Study.Variant;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The measured times of a study's training steps: `calibration.json` in its folder.
///
/// @param threads     of each run, where its configuration says `auto`
/// @param fingerprint of the machine and the build that measured
record StepTimes(int threads, Map<String, String> fingerprint, List<Step> steps) {
  static final String FILE = "calibration.json";

  /// @param id      what determines the step's time
  /// @param variant that was measured; others whose steps are the same share it
  record Step(String id, String variant, @JsonProperty("median_ms") double millis) {}

  StepTimes {
    fingerprint = Map.copyOf(fingerprint);
    steps = List.copyOf(steps);
  }

  /// Reads the file in a study's folder; there are no times if there is none.
  ///
  /// @throws RunException if the file is damaged
  static StepTimes read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return new StepTimes(0, Map.of(), List.of());
    }
    try {
      JsonNode node = Json.read(file);
      for (JsonNode step : node.path("steps")) {
        double millis = step.path("median_ms").asDouble(Double.NaN);
        if (!(millis > 0 && millis < Double.POSITIVE_INFINITY)) {
          throw damaged(file, "median_ms is " + step.path("median_ms") + ", expected a number above 0");
        }
      }
      return Json.record(node, StepTimes.class);
    } catch (JacksonException e) {
      throw damaged(file, Json.problem(e));
    }
  }

  private static RunException damaged(Path file, String what) {
    return new RunException(file + " is damaged: " + what + "; delete it to measure again, which changes all runs");
  }

  /// Milliseconds of every candidate's step, as far as they are known.
  Map<Candidate, Double> of(Study study) {
    Map<Candidate, Double> millis = new LinkedHashMap<>();
    Map<String, Double> known = steps.stream().collect(Collectors.toMap(Step::id, Step::millis));
    measured(study).forEach((candidate, as) -> {
      Double step = known.get(id(as));
      if (step != null) {
        millis.put(candidate, step);
      }
    });
    return millis;
  }

  /// The candidates that are to be measured still, by what determines their time.
  Map<String, Candidate> missing(Study study) {
    Map<String, Candidate> missing = new LinkedHashMap<>();
    measured(study).values().forEach(candidate -> missing.putIfAbsent(id(candidate), candidate));
    steps.forEach(step -> missing.remove(step.id()));
    return missing;
  }

  /// Maps each candidate to the one that is measured for it: the first of its variant with as many FLOPs and the same optimizer. Tuned settings do not change the
  /// time otherwise.
  static Map<Candidate, Candidate> measured(Study study) {
    StepCost cost = new StepCost();
    Map<Candidate, Candidate> measured = new LinkedHashMap<>();
    for (Variant variant : study.variants()) {
      Map<List<?>, Candidate> alike = new HashMap<>();
      for (Candidate candidate : variant.candidates()) {
        List<?> time = List.of(cost.flops(candidate.config()), candidate.config().optim().type());
        measured.put(candidate, alike.computeIfAbsent(time, _ -> candidate));
      }
    }
    return measured;
  }

  /// Hashes the settings that determine the time of a step: model, batch, optimizer, backend and the text's tokens, not the optimizer's
  /// numbers. Characters are not named: what was measured before there were bytes stays known.
  static String id(Candidate candidate) {
    boolean bytes = candidate.config().data().token() == Token.BYTE;
    return candidate.hash(candidate.config(), key -> key.startsWith("model.") || (bytes && key.equals("data.token"))
        || Set.of("optim.type", "train.batch", "train.accumulate", "runtime.backend", "runtime.precision")
            .contains(key));
  }
}

package norma.train.study;

import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// How one run of a study ended. Losses in nats per character; NaN where there is none.
///
/// @param cell        of the study
/// @param status      `completed`, `diverged` or `failed`
/// @param folder      of the run, below the study's folder
/// @param bestLoss    lowest validation loss: exact, or an estimate where the run has `train.eval_tokens`
/// @param finalLoss   exact validation loss after the last step
/// @param int8Loss    the same of the same weights with linear layers in int8; NaN where nobody has measured it
/// @param steps       taken
/// @param seconds     of the whole run
/// @param tokensPerSecond median of the logged steps
/// @param peakMebibytes   most memory of the process while it ran
/// @param fingerprint CPU, JDK, build, backend and text: pairs with different ones are not compared silently
/// @param error       why it failed or where it diverged, empty otherwise
public record CellResult(String cell, String status, String folder, double bestLoss, int bestStep, double finalLoss,
    double int8Loss, int steps, double seconds, double tokensPerSecond, double peakMebibytes,
    Map<String, String> fingerprint, String error) {
  static final String COMPLETED = "completed";
  static final String DIVERGED = "diverged";
  static final String FAILED = "failed";

  private static final JsonMapper JSON = new JsonMapper();

  public CellResult {
    fingerprint = Map.copyOf(fingerprint);
  }

  /// Of a run that has nothing to show.
  static CellResult without(String cell, String status, String error) {
    return new CellResult(cell, status, "", Double.NaN, 0, Double.NaN, Double.NaN, 0, Double.NaN, Double.NaN,
        Double.NaN,
        Map.of(), error);
  }

  /// Whether the run was trained to its end.
  public boolean completed() {
    return status.equals(COMPLETED);
  }

  boolean failed() {
    return status.equals(FAILED);
  }

  String json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("cell", cell);
    fields.put("status", status);
    fields.put("folder", folder);
    fields.put("best_val_loss", finite(bestLoss));
    fields.put("best_step", bestStep);
    fields.put("final_val_loss", finite(finalLoss));
    fields.put("int8_val_loss", finite(int8Loss));
    fields.put("steps", steps);
    fields.put("seconds", finite(seconds));
    fields.put("tokens_per_s", finite(tokensPerSecond));
    fields.put("peak_rss_mib", finite(peakMebibytes));
    fields.put("fingerprint", new java.util.TreeMap<>(fingerprint));
    fields.put("error", error);
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(fields) + "\n";
  }

  static CellResult parse(JsonNode node) {
    Map<String, String> fingerprint = new LinkedHashMap<>();
    node.path("fingerprint").properties().forEach(e -> fingerprint.put(e.getKey(), e.getValue().asString("")));
    String status = node.path("status").asString();
    return new CellResult(node.path("cell").asString(), status.equals("crashed") ? FAILED : status,
        node.path("folder").asString(),
        node.path("best_val_loss").asDouble(Double.NaN), node.path("best_step").asInt(0),
        node.path("final_val_loss").asDouble(Double.NaN), node.path("int8_val_loss").asDouble(Double.NaN),
        node.path("steps").asInt(0), node.path("seconds").asDouble(Double.NaN),
        node.path("tokens_per_s").asDouble(Double.NaN), node.path("peak_rss_mib").asDouble(Double.NaN), fingerprint,
        node.path("error").asString(""));
  }

  @org.jspecify.annotations.Nullable
  private static Double finite(double value) {
    return Double.isFinite(value) ? value : null;
  }
}

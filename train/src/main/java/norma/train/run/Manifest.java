package norma.train.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import norma.train.files.Json;
import norma.train.files.Sha256;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// `manifest.json` of a checkpoint: what else is in the folder, with hashes. It is the last file that is written. Its last field is the
/// hash of the others, and a manifest that is not what Norma would write for the same fields is damaged: no byte of it can change unseen.
///
/// @param step    updates taken
/// @param valLoss validation loss of these weights; NaN if they were not evaluated
/// @param files   SHA-256 by name
record Manifest(int step, double valLoss, Map<String, String> files) {
  static final String FILE = "manifest.json";
  private static final int FORMAT = 2;
  private static final long MAX_BYTES = 1 << 16; // a hundred times its usual size
  private static final JsonMapper JSON = new JsonMapper();

  byte[] bytes() {
    ObjectNode node = JSON.createObjectNode().put("format", FORMAT).put("step", step);
    node.put("val_loss", Double.isNaN(valLoss) ? null : Double.toString(valLoss));
    ObjectNode hashes = node.putObject("files");
    files.forEach(hashes::put);
    node.put("sha256", Sha256.of(JSON.writeValueAsBytes(node)));
    return (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /// Reads the manifest of a folder.
  ///
  /// @throws RunException if it is damaged, or of another format
  static Manifest read(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    if (Files.size(file) > MAX_BYTES) {
      throw damaged(file, "it is " + Files.size(file) + " bytes long");
    }
    byte[] bytes = Files.readAllBytes(file);
    JsonNode node;
    try {
      node = Json.parse(new String(bytes, StandardCharsets.UTF_8));
    } catch (JacksonException e) {
      throw new RunException(file + " is damaged: it is not JSON", e);
    }
    if (node.path("format").asInt(0) == 1) {
      throw new RunException(file + " is of format 1, of an earlier Norma; this one reads format 2: train again");
    }
    Map<String, String> files = new LinkedHashMap<>();
    node.path("files").properties().forEach(entry -> files.put(entry.getKey(), entry.getValue().asString("")));
    try {
      String loss = node.path("val_loss").asString("");
      Manifest manifest = new Manifest(node.path("step").asInt(-1),
          loss.isEmpty() ? Double.NaN : Double.parseDouble(loss), files);
      if (!Arrays.equals(manifest.bytes(), bytes)) {
        throw damaged(file, "its own hash does not fit");
      }
      return manifest;
    } catch (NumberFormatException e) {
      throw new RunException(file + " is damaged: its validation loss is no number", e);
    }
  }

  private static RunException damaged(Path file, String why) {
    return new RunException(file + " is damaged: " + why);
  }
}

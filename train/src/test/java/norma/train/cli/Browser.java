package norma.train.cli;

import static org.assertj.core.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A headless Chromium with one page, by the DevTools protocol (chromedevtools.github.io/devtools-protocol), on this machine's own address.
final class Browser implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int PATIENCE_SECONDS = 120;

  private final Process process;
  private final HttpClient client = HttpClient.newHttpClient();
  private final Map<Integer, CompletableFuture<JsonNode>> answers = new ConcurrentHashMap<>();
  private final List<String> errors = Collections.synchronizedList(new ArrayList<>());
  private final WebSocket socket;
  private final String session;
  private int calls;

  /// Where the PATH has one.
  static Optional<Path> installed() {
    return Stream.of(String.valueOf(System.getenv("PATH")).split(File.pathSeparator)).map(Path::of)
        .flatMap(folder -> Stream.of("chromium", "chromium-browser", "google-chrome").map(folder::resolve))
        .filter(Files::isExecutable).findFirst();
  }

  /// @param folder takes its profile, and what it downloads
  Browser(Path executable, Path folder) throws Exception {
    process = new ProcessBuilder(executable.toString(), "--headless=new", "--no-sandbox", "--disable-gpu",
        "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-dev-shm-usage",
        "--remote-debugging-port=0", "--user-data-dir=" + folder.resolve("profile")).redirectErrorStream(true).start();
    socket = client.newWebSocketBuilder().buildAsync(address(), new Listener()).get();
    String target = call("Target.createTarget", null, Map.of("url", "about:blank")).path("targetId").asString();
    session = call("Target.attachToTarget", null, Map.of("targetId", target, "flatten", true)).path("sessionId")
        .asString();
    for (String domain : List.of("Page", "Runtime", "Log")) {
      call(domain + ".enable", Map.of());
    }
    call("Browser.setDownloadBehavior", null, Map.of("behavior", "allow", "downloadPath", folder.toString()));
  }

  /// It says where it listens, among other things.
  private URI address() throws IOException {
    BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
    StringBuilder said = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("DevTools listening on ")) {
        Thread.ofVirtual().start(() -> lines.lines().forEach(_ -> {})); // it must not wait for a reader
        return URI.create(line.substring(line.indexOf("ws:")));
      }
      said.append(line).append('\n');
    }
    throw new IOException("the browser ended: " + said);
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        JsonNode message = JSON.readTree(text.toString());
        text.setLength(0);
        if (message.has("id")) {
          Objects.requireNonNull(answers.remove(message.path("id").asInt())).complete(message);
        } else if (isError(message)) {
          errors.add(message.path("params").toString());
        }
      }
      webSocket.request(1);
      return null;
    }
  }

  private static boolean isError(JsonNode message) {
    JsonNode params = message.path("params");
    return switch (message.path("method").asString()) {
      case "Runtime.exceptionThrown" -> true;
      case "Runtime.consoleAPICalled" -> params.path("type").asString().equals("error");
      case "Log.entryAdded" -> params.path("entry").path("level").asString().equals("error");
      default -> false;
    };
  }

  /// Calls a method of the page.
  JsonNode call(String method, Map<String, ?> params) throws Exception {
    return call(method, session, params);
  }

  private JsonNode call(String method, @Nullable String to, Map<String, ?> params) throws Exception {
    int id = ++calls;
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    answers.put(id, answer);
    var request = JSON.createObjectNode().put("id", id).put("method", method);
    request.set("params", JSON.valueToTree(params));
    if (to != null) {
      request.put("sessionId", to);
    }
    socket.sendText(request.toString(), true).get();
    JsonNode got = answer.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    if (got.has("error")) {
      throw new IllegalStateException(method + ": " + got.path("error"));
    }
    return got.path("result");
  }

  /// What a JavaScript expression is, as JSON.
  JsonNode value(String expression) throws Exception {
    JsonNode result = call("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true));
    if (result.has("exceptionDetails")) {
      throw new IllegalStateException(expression + ": " + result.path("exceptionDetails"));
    }
    return result.path("result").path("value");
  }

  /// Waits until a condition holds; a page that is just being replaced has none.
  void until(String condition) throws Exception {
    for (int i = 0; i < PATIENCE_SECONDS * 20; i++) {
      try {
        if (value("Boolean(" + condition + ")").asBoolean()) {
          return;
        }
      } catch (IllegalStateException e) {
        // the next page has not come yet
      }
      Thread.sleep(50);
    }
    fail("the page never came to: " + condition + "; errors: " + errors);
  }

  /// Shows an address in a window of some width.
  void open(String url, int width) throws Exception {
    call("Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
    call("Page.navigate", Map.of("url", url));
    until("location.href === " + JSON.writeValueAsString(url) + " && document.readyState === 'complete'");
  }

  /// Presses the mouse on what an expression gives, where it is on the screen.
  void click(String element) throws Exception {
    until(element);
    JsonNode at = value(
        "(e => { e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect();"
            + " return [r.x + r.width / 2, r.y + r.height / 2]; })(" + element + ")");
    for (String type : List.of("mouseMoved", "mousePressed", "mouseReleased")) {
      call("Input.dispatchMouseEvent", Map.of("type", type, "x", at.path(0).asDouble(), "y", at.path(1).asDouble(),
          "button", type.equals("mouseMoved") ? "none" : "left", "clickCount", 1));
    }
  }

  /// Moves the mouse away from everything.
  void pointAtNothing() throws Exception {
    call("Input.dispatchMouseEvent", Map.of("type", "mouseMoved", "x", 0, "y", 0));
  }

  /// The whole page as a PNG.
  void picture(Path file) throws Exception {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.write(file, Base64.getDecoder().decode(call("Page.captureScreenshot",
        Map.of("format", "png", "captureBeyondViewport", true)).path("data").asString()));
  }

  /// What the console said that is an error.
  List<String> errors() {
    return List.copyOf(errors);
  }

  @Override
  public void close() throws Exception {
    socket.abort();
    client.shutdownNow();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().waitFor();
  }
}

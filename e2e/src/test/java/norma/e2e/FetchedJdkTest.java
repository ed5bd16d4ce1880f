package norma.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.train.files.Tree;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The launcher on a machine without a JDK 25, beside a server that has one: a few files by its names, since the archive is 140 MB.
class FetchedJdkTest {
  @TempDir
  private Path folder;
  private HttpServer server;
  private Path tools;
  private Path copy;
  private byte[] archive;
  private String checksum;
  private final List<String> ranges = new ArrayList<>();

  @BeforeEach
  void aMachineWithoutJavaAndAServer() throws Exception {
    Path jdk = Files.createDirectories(folder.resolve("jdk-25+1/bin"));
    for (String program : List.of("java", "javac")) {
      Files.writeString(jdk.resolve(program), "#!/bin/sh\necho this is " + program + "\n");
    }
    Files.writeString(jdk.resolveSibling("release"), "JAVA_VERSION=\"25.0.3\"\n");
    assertThat(new ProcessBuilder("bash", "-c", "chmod +x jdk-25+1/bin/*; tar -czf jdk.tar.gz jdk-25+1; rm -r jdk-25+1")
        .directory(folder.toFile()).start().waitFor()).isZero();
    archive = Files.readAllBytes(folder.resolve("jdk.tar.gz"));
    checksum = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(archive));

    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/jdk.tar.gz.sha256.txt",
        exchange -> answer(exchange, 200, (checksum + "  jdk.tar.gz\n").getBytes(UTF_8)));
    server.createContext("/jdk.tar.gz", this::answerRange);
    server.start();

    tools = Files.createDirectory(folder.resolve("bin")); // what the launcher calls, but no java
    for (String tool : List.of("bash", "cat", "curl", "dirname", "env", "find", "git", "grep", "gzip", "id", "mkdir",
        "mv", "nproc", "readlink",
        "rm", "sed", "sha256sum", "tar", "touch", "tr", "uname")) {
      Path real = Stream.of("/bin", "/usr/bin").map(bin -> Path.of(bin, tool)).filter(Files::exists).findFirst()
          .orElseThrow();
      Files.createSymbolicLink(tools.resolve(tool), real);
    }
    copy = LauncherTest.copy(folder);
    Path launcher = copy.resolve("norma");
    String text = Files.readString(launcher);
    assertThat(text).contains(" /usr/lib/jvm/*", " /usr/java/*", " /opt/java/*", " /opt/jdk*", " /Library/Java");
    Files.writeString(launcher, text.replaceAll(" (/usr|/opt|/Library)/", " /nowhere/"));
  }

  @AfterEach
  void end() {
    server.stop(0);
  }

  @Test
  void nothingIsFetchedUnasked() throws Exception {
    Launcher refused = norma("--version");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err().lines().toList()).hasSize(1).first().asString().contains("no JDK 25 found", "--yes",
        "JAVA_HOME");
    assertThat(ranges).isEmpty();
  }

  @Test
  void whereTheToolsToFetchItAreMissingItSaysWhatToInstall() throws Exception {
    Files.delete(tools.resolve("curl"));
    Launcher refused = norma("--yes", "--version");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err().lines().toList()).hasSize(1).first().asString().contains("no JDK 25 found", "JAVA_HOME");
  }

  @Test
  void whatAnEarlierTryHasLeftIsGoneOnWith() throws Exception {
    Path part = folder.resolve("home/.cache/norma/jdk-25-" + checksum.substring(0, 12) + ".tar.gz");
    Files.createDirectories(part.getParent());
    Files.write(part, Arrays.copyOf(archive, 100));
    Launcher version = norma("--yes", "--version");
    assertThat(version.code()).as(version.err()).isZero();
    assertThat(version.out()).isEqualTo("this is java\n");
    assertThat(ranges).containsExactly("bytes=100-");
    assertThat(norma("--version").out()).as("without the network").isEqualTo("this is java\n");
    assertThat(ranges).hasSize(1);
    assertThat(part).doesNotExist();
  }

  @Test
  void anArchiveWithAnotherChecksumIsRemoved() throws Exception {
    checksum = "0".repeat(64);
    Launcher refused = norma("--yes", "--version");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("norma: what " + url() + " gave is not what its checksum says");
    assertThat(Tree.list(folder.resolve("home/.cache/norma"))).allMatch(file -> file.endsWith("build.lock"));
  }

  @Test
  void withoutANetworkItSaysWhatToInstall() throws Exception {
    server.stop(0);
    Launcher refused = norma("--yes", "--version");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("cannot be read", "Temurin 25", "JAVA_HOME");
  }

  private Launcher norma(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(tools.resolve("bash").toString(), copy.resolve("norma").toString()));
    command.addAll(List.of(arguments));
    Map<String, String> environment = Map.of("HOME", folder.resolve("home").toString(), "XDG_CACHE_HOME", "",
        "JAVA_HOME", "", "PATH",
        tools.toString(), "NORMA_JDK_URL", url());
    return Launcher.of(folder, environment, command);
  }

  private String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort() + "/jdk.tar.gz";
  }

  private void answerRange(HttpExchange exchange) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    ranges.add(String.valueOf(range));
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
    if (from > 0) {
      exchange.getResponseHeaders().add("Content-Range",
          "bytes " + from + "-" + (archive.length - 1) + "/" + archive.length);
    }
    answer(exchange, from > 0 ? 206 : 200, Arrays.copyOfRange(archive, from, archive.length));
  }

  private static void answer(HttpExchange exchange, int code, byte[] body) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(code, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}

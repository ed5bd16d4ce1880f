package norma.train.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who gets a page, and when a browser hears of a newer one.
class WatchServerTest {
  private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final AtomicInteger made = new AtomicInteger();
  private final AtomicInteger changes = new AtomicInteger();
  private final WatchServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  WatchServerTest() throws IOException {
    server = new WatchServer(ANY, new WatchServer.Pages() {
      @Override
      public Optional<String> page(List<String> names, String token) {
        made.incrementAndGet();
        if (names.contains("damaged")) {
          throw new IllegalStateException("study.json <is> damaged\nat line 1");
        }
        return names.contains("gone") ? Optional.empty() : Optional.of("<p>" + names + changes + "</p>");
      }

      @Override
      public String stamp(List<String> names) {
        return changes.toString();
      }
    });
  }

  @AfterEach
  void end() {
    server.close();
    client.shutdownNow();
  }

  @Test
  void onlyTheWholeAddressShowsAnything() throws Exception {
    String url = server.url();
    assertThat(get(url).body()).isEqualTo("<p>[]0</p>");
    assertThat(get(url + "&of=a%26b&of=c").body()).isEqualTo("<p>[a&b, c]0</p>");
    assertThat(get(url + "&of=gone").statusCode()).isEqualTo(404);
    assertThat(get(url + "&of=damaged").statusCode()).isEqualTo(503);
    assertThat(get(url + "&of=damaged").body()).endsWith("<p>study.json &lt;is&gt; damaged</p>");
    assertThat(get(url.replace("/?", "/etc/passwd?")).statusCode()).isEqualTo(404);
    int before = made.get();
    String base = url.substring(0, url.indexOf('?'));
    for (String refused : List.of(base, base + "?token=", url.substring(0, url.length() - 1), base + "stamp")) {
      assertThat(get(refused).statusCode()).as(refused).isEqualTo(403);
    }
    assertThat(client.send(HttpRequest.newBuilder(URI.create(url)).POST(HttpRequest.BodyPublishers.noBody()).build(),
        BodyHandlers.ofString()).statusCode()).isEqualTo(403);
    assertThat(made).hasValue(before);
  }

  @Test
  void aForeignNameForThisMachineIsRefused() throws Exception {
    URI url = URI.create(server.url());
    for (String host : List.of("evil.example", "127.0.0.1.evil.example", "")) {
      assertThat(statusLine(url, host)).as(host).contains(" 403 ");
    }
    for (String host : List.of("localhost:8080", "127.0.0.1", "[::1]:9", url.getAuthority())) {
      assertThat(statusLine(url, host)).as(host).contains(" 200 ");
    }
  }

  @Test
  void aBrowserHearsOfANewerPageAndAnUnchangedOneIsMadeOnce() throws Exception {
    get(server.url());
    get(server.url());
    assertThat(made).hasValue(1);
    String stamp = server.url().replace("/?", "/stamp?");
    String before = get(stamp).body();
    assertThat(get(stamp).body()).as("nothing has changed").isEqualTo(before);
    changes.incrementAndGet();
    for (int i = 0; get(stamp).body().equals(before) && i < 1000; i++) { // half a minute at most, while the page rests
      Thread.sleep(50);
    }
    assertThat(get(stamp).body()).isNotEqualTo(before);
    assertThat(get(server.url()).body()).isEqualTo("<p>[]1</p>");
    assertThat(made).hasValue(2);
  }

  @Test
  void aPortThatIsInUseIsOneLine() {
    InetSocketAddress taken = new InetSocketAddress(InetAddress.getLoopbackAddress(), URI.create(server.url())
        .getPort());
    assertThatThrownBy(() -> new WatchServer(taken, new WatchServer.Pages() {
      @Override
      public Optional<String> page(List<String> names, String token) {
        return Optional.empty();
      }

      @Override
      public String stamp(List<String> names) {
        return "";
      }
    })).isInstanceOf(IOException.class).hasMessageContainingAll("nothing can be shown at", ":" + taken.getPort(),
        "without --at");
  }

  private HttpResponse<String> get(String url) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString());
  }

  /// By hand: the client does not let a program name the host.
  private static String statusLine(URI url, String host) throws IOException {
    try (Socket socket = new Socket(url.getHost(), url.getPort())) {
      socket.getOutputStream().write(("GET /?" + url.getRawQuery() + " HTTP/1.1\r\nHost: " + host
          + "\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      return String.valueOf(new BufferedReader(new InputStreamReader(socket.getInputStream(),
          StandardCharsets.US_ASCII)).readLine());
    }
  }
}

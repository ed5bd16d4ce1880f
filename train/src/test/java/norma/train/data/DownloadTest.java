package norma.train.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import norma.train.config.RunConfig.Token;
import norma.train.files.Sha256;
import norma.train.run.Runs;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DownloadTest {
  private static final URI TEXT = URI.create("https://example.org/texts/poem.txt");
  private static final String POEM = "\uFEFFöde\r\n";
  private static final String HASH = Sha256.of(POEM.getBytes(UTF_8));

  @TempDir
  Path temporary = Path.of("set by JUnit");

  private final AtomicInteger fetches = new AtomicInteger();

  @Test
  void aTextIsDownloadedOnceAndThenReadFromTheCache() throws IOException {
    Corpus first = load(POEM);
    assertThat(new String(first.symbols(), 0, first.symbols().length)).isEqualTo("öde\r\n");
    assertThat(first.source()).isEqualTo(TEXT.toString());
    assertThat(first.sha256()).isEqualTo(HASH);
    assertThat(cached()).containsExactly(HASH + ".txt");

    Corpus second = load("never fetched");
    assertThat(second.symbols()).isEqualTo(first.symbols());
    assertThat(fetches).hasValue(1);
  }

  @Test
  void aFilePutIntoTheCacheByHandNeedsNoNetwork() throws IOException {
    Files.createDirectories(cache());
    Files.writeString(cache().resolve(HASH + ".txt"), POEM);
    assertThat(Corpora.load(TEXT, HASH, cache(), Token.CHAR).sha256()).isEqualTo(HASH);
  }

  @Test
  void aDamagedCacheIsNoticedOnReadingAndReplaced() throws IOException {
    load(POEM);
    Files.writeString(cache().resolve(HASH + ".txt"), "damaged");
    assertThat(load(POEM).sha256()).isEqualTo(HASH);
    assertThat(fetches).hasValue(2);
    assertThat(cache().resolve(HASH + ".txt")).hasContent(POEM);
  }

  @Test
  void aWrongHashIsRefusedAndLeavesNothingBehind() throws IOException {
    assertThatThrownBy(() -> load("another text")).isInstanceOf(DataException.class)
        .hasMessageContaining(TEXT + " has SHA-256 " + Sha256.of("another text".getBytes(UTF_8)))
        .hasMessageContaining("expected " + HASH);
    assertThat(cached()).isEmpty();
  }

  @Test
  void aTextAtTheLimitIsTakenAndOneByteMoreIsRefused() throws IOException {
    int bytes = POEM.getBytes(UTF_8).length;
    assertThatThrownBy(
        () -> Corpora.load(TEXT, HASH, cache(), Token.CHAR, new Download(url -> stream(POEM), bytes - 1)))
        .isInstanceOf(DataException.class).hasMessageContaining("is larger than " + (bytes - 1) + " bytes");
    assertThat(cached()).isEmpty();
    assertThat(Corpora.load(TEXT, HASH, cache(), Token.CHAR, new Download(url -> stream(POEM), bytes)).sha256())
        .isEqualTo(HASH);
  }

  @Test
  void offlineTheMessageNamesTheHostAndTheWayOut() throws IOException {
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    URI url = URI.create("https://127.0.0.1:" + closed + "/poem.txt");
    assertThatThrownBy(() -> Corpora.load(url, HASH, cache(), Token.CHAR)).isInstanceOf(DataException.class)
        .hasMessage("cannot download %s: no connection to 127.0.0.1: without a network, put the file at %s"
            + " or set data.corpus to a path", url, cache().resolve(HASH + ".txt"));
    assertThat(cached()).isEmpty();
  }

  @Test
  void aBrokenConnectionLeavesNothingBehind() throws IOException {
    InputStream closed = InputStream.nullInputStream();
    closed.close();
    InputStream broken = new SequenceInputStream(stream("half a po"), closed);
    assertThatThrownBy(() -> Corpora.load(TEXT, HASH, cache(), Token.CHAR, new Download(url -> broken, 100)))
        .isInstanceOf(DataException.class)
        .hasMessageContaining("cannot download " + TEXT + ": Stream closed:");
    assertThat(cached()).isEmpty();
  }

  @Test
  void aCacheThatCannotBeWrittenIsNamed() throws IOException {
    Files.writeString(cache(), "a file where the folder should be");
    assertThatThrownBy(() -> load(POEM)).isInstanceOf(DataException.class)
        .hasMessage("cannot use the cache " + cache() + ": " + cache() + ": a file with this name is in the way: set "
            + "XDG_CACHE_HOME to a folder that can be written");
  }

  @Test
  void whatAKilledDownloadHasLeftGoesAfterADay() throws IOException {
    Files.createDirectories(cache());
    Path abandoned = Files.writeString(cache().resolve(".writing-" + HASH + ".txt.1"), "half a po");
    Path recent = Files.writeString(cache().resolve(".writing-" + HASH + ".txt.2"), "half a po");
    Files.setLastModifiedTime(abandoned, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
    load(POEM);
    assertThat(abandoned).doesNotExist();
    assertThat(recent).exists();
  }

  @Test
  void theServersAnswerIsTheTextOrAnError() throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/poem.txt", exchange -> {
      exchange.sendResponseHeaders(200, POEM.getBytes(UTF_8).length);
      exchange.getResponseBody().write(POEM.getBytes(UTF_8));
      exchange.close();
    });
    server.start();
    try {
      String base = "http://127.0.0.1:" + server.getAddress().getPort();
      try (InputStream in = Download.https().open(URI.create(base + "/poem.txt"))) {
        assertThat(in.readAllBytes()).isEqualTo(POEM.getBytes(UTF_8));
      }
      for (int status : new int[]{ 301, 302, 307, 308 }) {
        server.createContext("/" + status, exchange -> {
          exchange.getResponseHeaders().add("Location", "/poem.txt");
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
        try (InputStream in = Download.https().open(URI.create(base + "/" + status))) {
          assertThat(in.readAllBytes()).isEqualTo(POEM.getBytes(UTF_8));
        }
      }
      assertThatThrownBy(() -> Download.https().open(URI.create(base + "/other.txt"))).isInstanceOf(IOException.class)
          .hasMessageContaining("HTTP status 404");
      for (String location : List.of("file:///etc/hostname", "ftp://example.org/x", "https:opaque", "",
          "http://127.0.0.1:99999/")) {
        server.createContext("/moved" + location.length(), exchange -> {
          exchange.getResponseHeaders().add("Location", location);
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });
        assertThatThrownBy(() -> Download.https().open(URI.create(base + "/moved" + location.length())))
            .isInstanceOf(IOException.class);
      }
    } finally {
      server.stop(0);
    }
  }

  private Corpus load(String served) {
    return Corpora.load(TEXT, HASH, cache(), Token.CHAR, download(served));
  }

  private Download download(String served) {
    return new Download(url -> {
      fetches.incrementAndGet();
      return stream(served);
    }, 1000);
  }

  private static InputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(UTF_8));
  }

  private Path cache() {
    return temporary.resolve("cache");
  }

  private List<String> cached() throws IOException {
    return Runs.names(cache());
  }
}

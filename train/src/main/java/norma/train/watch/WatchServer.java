package norma.train.watch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import norma.train.files.Errors;
import norma.train.report.Svg;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// Serves pages to browsers, and at `/stamp` what changes whenever a page does: an open page asks for it every second. Only who has the
/// token, which is in the address, gets anything; a request must name the host by its number or as localhost, so that no foreign site can lead a browser here by a name of its own.
///
/// Whoever trains on the same machine must not notice: a page is made once for all who watch, and again at the earliest when it has been
/// left alone for 200 times as long as making it took, or for half a minute: the first page takes longest.
public final class WatchServer implements AutoCloseable {
  private static final Logger LOG = LogManager.getLogger(WatchServer.class);
  private static final int SHARE = 200;
  private static final Duration LEAST = Duration.ofSeconds(1);
  private static final Duration MOST = Duration.ofSeconds(30);
  private static final Pattern HOST = Pattern.compile("(?:localhost|[0-9.]+|\\[[0-9a-fA-F:.]+])(?::\\d+)?");

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Pages pages;
  private final String token;
  private final Map<List<String>, Made> made = new ConcurrentHashMap<>(); // by the names

  /// What is shown.
  public interface Pages {

    /// The page of some runs or studies.
    ///
    /// @param names what was asked for; empty: whatever there is
    /// @param token for links to other pages
    /// @return HTML; empty if there is no such thing
    Optional<String> page(List<String> names, String token) throws IOException;

    /// Changes whenever the page does; costs next to nothing.
    String stamp(List<String> names) throws IOException;
  }

  /// Listens.
  ///
  /// @param address port 0 for any that is free
  /// @throws IOException if the port is in use, or the address is not this machine's
  public WatchServer(InetSocketAddress address, Pages pages) throws IOException {
    this.pages = pages;
    byte[] secret = new byte[16];
    new SecureRandom().nextBytes(secret);
    token = HexFormat.of().formatHex(secret);
    try {
      server = HttpServer.create(address, 0);
    } catch (BindException e) {
      throw new IOException("nothing can be shown at " + address.getHostString() + ":" + address.getPort() + ": "
          + e.getMessage() + "; without --at any free port of this machine is taken", e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  /// Where a browser finds it.
  public String url() {
    String host = server.getAddress().getAddress().isAnyLocalAddress()
        ? "127.0.0.1"
        : server.getAddress().getAddress().getHostAddress();
    return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + server.getAddress().getPort() + "/?token="
        + token;
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      String host = String.valueOf(exchange.getRequestHeaders().getFirst("Host"));
      List<String> names = query(exchange, "of");
      String path = exchange.getRequestURI().getPath();
      if (!exchange.getRequestMethod().equals("GET") || !HOST.matcher(host).matches() || !isGiven(exchange)) {
        send(exchange, 403, "This page needs the whole address that norma has printed.\n");
      } else if (path.equals("/stamp")) {
        send(exchange, 200, due(names));
      } else if (path.equals("/")) {
        Made page = page(names);
        send(exchange, page.status, page.page);
      } else {
        send(exchange, 404, "There is no such page.\n");
      }
    } catch (IOException e) {
      LOG.debug("a browser has gone", e);
    }
  }

  private boolean isGiven(HttpExchange exchange) {
    return query(exchange, "token").stream().anyMatch(given -> MessageDigest.isEqual(given.getBytes(
        StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8)));
  }

  private static List<String> query(HttpExchange exchange, String name) {
    List<String> values = new ArrayList<>();
    String query = exchange.getRequestURI().getRawQuery();
    for (String part : query == null ? new String[0] : query.split("&", -1)) {
      if (part.startsWith(name + "=")) {
        values.add(URLDecoder.decode(part.substring(name.length() + 1), StandardCharsets.UTF_8));
      }
    }
    return values;
  }

  /// HTTP's status of a page that cannot be made just now.
  private static final int UNAVAILABLE = 503;

  /// A page as it was made.
  private record Made(int status, String page, String stamp, long nanos, long at) {
    boolean rests() {
      return System.nanoTime() - at < Math.clamp(SHARE * nanos, LEAST.toNanos(), MOST.toNanos());
    }
  }

  /// Shown until it has gone.
  private static String trouble(String line) {
    return "<!DOCTYPE html><meta http-equiv=\"refresh\" content=\"5\"><title>norma</title><p>" + Svg.escape(line)
        + "</p>";
  }

  private Made page(List<String> names) throws IOException {
    synchronized (made) { // one at a time
      Made last = made.get(names);
      String stamp = pages.stamp(names);
      if (last == null || ((last.status == UNAVAILABLE || !last.stamp.equals(stamp)) && !last.rests())) {
        long start = System.nanoTime();
        int status = UNAVAILABLE;
        String page;
        try {
          Optional<String> found = pages.page(names, token);
          status = found.isPresent() ? 200 : 404;
          page = found.orElse("There is no such run or study any more.\n");
        } catch (IOException | RuntimeException e) { // a run that begins or goes just now, or is damaged
          page = trouble(Errors.line(e));
        }
        last = new Made(status, page, stamp, System.nanoTime() - start, System.nanoTime());
        made.put(names, last);
      }
      return last;
    }
  }

  /// The stamp of the page that a browser should have: the last one's as long as that rests.
  private String due(List<String> names) throws IOException {
    Made last = made.get(names);
    return last != null && last.rests() ? last.stamp : pages.stamp(names);
  }

  private static void send(HttpExchange exchange, int code, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "text/" + (text.startsWith("<") ? "html" : "plain")
        + "; charset=utf-8");
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.getResponseHeaders().set("Referrer-Policy", "no-referrer");
    exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
    exchange.sendResponseHeaders(code, body.length);
    exchange.getResponseBody().write(body);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}

package norma.train.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import norma.train.files.Errors;
import norma.train.files.Sha256;
import norma.train.files.WholeFile;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.Logger;

/// Fetches a file once, keeps it in a cache under its hash, and checks the hash on every read.
///
/// @param maxBytes the size at which a download is given up
record Download(Fetcher fetcher, long maxBytes) {
  private static final Logger LOG = LogManager.getLogger(Download.class);

  /// Without a byte: long enough for a slow server, short enough that a person offline is told before they give up.
  private static final int PATIENCE_MILLIS = 30_000;

  /// As many answers of status 308 are followed.
  private static final int MOVED_FOR_GOOD = 5;

  /// Opens what lies at a URL.
  interface Fetcher {
    InputStream open(URI url) throws IOException;
  }

  /// Follows redirects, a few, and to the same protocol only.
  static Fetcher https() {
    return url -> open(url, MOVED_FOR_GOOD);
  }

  private static InputStream open(URI url, int moves) throws IOException {
    try {
      HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
      connection.setConnectTimeout(PATIENCE_MILLIS);
      connection.setReadTimeout(PATIENCE_MILLIS);
      int status = connection.getResponseCode();
      if (status == HttpURLConnection.HTTP_OK) {
        return connection.getInputStream();
      }
      connection.disconnect();
      URI to = url.resolve(Objects.requireNonNullElse(connection.getHeaderField("Location"), ""));
      if (status == 308 && moves > 0 && url.getScheme().equals(to.getScheme())) { // HttpURLConnection follows all but this one
        return open(to, moves - 1);
      }
      throw new IOException("the server answers HTTP status " + status);
    } catch (RuntimeException e) { // HttpURLConnection's, of a port above 65535
      throw new IOException("the URL, or that which the server redirects to, is none", e);
    }
  }

  /// The bytes at `url`, from the cache if they lie there.
  ///
  /// @param url  of https
  /// @param hash 64 hexadecimal digits in lower case
  /// @throws DataException if it cannot be read, is too large, or has another hash
  byte[] bytes(URI url, String hash, Path cache) {
    Path cached = cached(cache, hash);
    try {
      Files.createDirectories(cache);
      if (Files.exists(cached)) {
        byte[] bytes = Corpora.read(cached, maxBytes);
        if (Sha256.of(bytes).equals(hash)) {
          return bytes;
        }
        LOG.warn("{} no longer has the hash in its name: downloading it again", cached);
      }
      WholeFile.deleteAbandoned(cache);
      WholeFile.write(cached, beside -> {
        fetch(url, beside, cached);
        check(url, beside, hash);
      });
      return Corpora.read(cached, maxBytes); // what does not fit the heap stays for the next attempt
    } catch (IOException e) {
      throw new DataException("cannot use the cache %s: %s: set XDG_CACHE_HOME to a folder that can be written"
          .formatted(cache, Errors.line(e)), e);
    }
  }

  /// Where the cache keeps it.
  static Path cached(Path cache, String hash) {
    return cache.resolve(hash + ".txt");
  }

  private static void check(URI url, Path file, String hash) throws IOException {
    String found = Sha256.of(file);
    if (!found.equals(hash)) {
      throw new DataException(String.format(Locale.ROOT,
          "%s has SHA-256 %s (%d bytes), expected %s: it has changed or data.corpus.sha256 is wrong", url, found,
          Files.size(file), hash));
    }
  }

  private void fetch(URI url, Path to, Path cached) {
    LOG.info("downloading {}", url);
    try (InputStream in = fetcher.open(url); OutputStream out = Files.newOutputStream(to)) {
      byte[] buffer = new byte[1 << 16];
      long total = 0;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        total += read;
        if (total > maxBytes) {
          throw new DataException(String.format(Locale.ROOT,
              "%s is larger than %d bytes: a corpus has at most so many; take a smaller one", url, maxBytes));
        }
        out.write(buffer, 0, read);
      }
    } catch (IOException e) {
      boolean offline = e instanceof SocketException || e instanceof SocketTimeoutException
          || e instanceof UnknownHostException;
      throw new DataException(
          "cannot download %s: %s: without a network, put the file at %s or set data.corpus to a path".formatted(url,
              offline ? "no connection to " + url.getHost() : e.getMessage(), cached),
          e);
    }
  }
}

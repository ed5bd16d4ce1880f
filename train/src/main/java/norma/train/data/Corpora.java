package norma.train.data;

import norma.train.files.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import norma.train.config.Nearest;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.Token;
import norma.train.files.Errors;
import norma.train.files.HomeFolder;
import norma.train.files.WholeFile;
import org.jspecify.annotations.Nullable;

/// Loads a [Corpus]: built in, from a file, or from the web.
public final class Corpora {
  /// The largest corpus, in bytes: its code points as `int`s still fit an array, and a wrong URL cannot fill a disk.
  static final long MAX_BYTES = 1L << 30;

  /// Code points, tokens and their two parts, each an `int` for a byte of ASCII.
  private static final int HEAP_BYTES_PER_BYTE = 12;

  private static final String PREFIX = RunConfig.Corpus.Named.BUILTIN;

  /// The texts that the build unpacks beside the classes. The bytes are untouched: *Macbeth* keeps its CRLF line ends,
  /// *The Old Curiosity Shop* its byte order mark, which [Corpus] strips.
  private enum Builtin {
    DICKENS("dickens.txt", "Charles Dickens, The Old Curiosity Shop",
        "70b924ea4d22d24d8650660ddddd29fc5c07eafc5803a904e6d1184f50ac4ed7"), //
    MACBETH("shakes.txt", "William Shakespeare, Macbeth",
        "1e78f8548c516390ebee9e864048a84314962730a0cbdb29d857f88a2f13553d");

    final String file;
    final String title;
    final String sha256;

    Builtin(String file, String title, String sha256) {
      this.file = file;
      this.title = title;
      this.sha256 = sha256;
    }

    String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private Corpora() {}

  /// Whether a text is one of Norma's own.
  public static boolean isBuiltIn(String spec) {
    return spec.startsWith(PREFIX);
  }

  /// Loads `builtin:dickens`, `builtin:macbeth` or a file.
  ///
  /// @param spec a built-in corpus or a path
  /// @param token what it is read as
  /// @throws DataException if there is no such corpus or it is not a usable text
  public static Corpus load(String spec, Token token) {
    if (isBuiltIn(spec)) {
      return builtin(spec.substring(PREFIX.length()), token);
    }
    Path path;
    try {
      path = Path.of(spec).toAbsolutePath().normalize();
    } catch (InvalidPathException e) {
      throw new DataException("data.corpus is no path: " + e.getMessage(), e);
    }
    return Corpus.of(path.toString(), token, read(path));
  }

  /// Loads a text from the web, or from the cache if it was loaded before; its hash is checked either way.
  ///
  /// @param url `https` only
  /// @param sha256 of the raw bytes, 64 hexadecimal digits in lower case
  /// @param cache the folder that keeps downloads, each named by its hash; see [#userCache()]
  /// @param token what it is read as
  /// @throws DataException if it cannot be had, has another hash, or is not a usable text
  public static Corpus load(URI url, String sha256, Path cache, Token token) {
    return load(url, sha256, cache, token, new Download(Download.https(), MAX_BYTES));
  }

  static Corpus load(URI url, String sha256, Path cache, Token token, Download download) {
    return Corpus.of(url.toString(), token, download.bytes(url, sha256, cache));
  }

  /// The file of a text that has been loaded; nothing if it is built in.
  public static Optional<Path> file(RunConfig.Corpus corpus) {
    return switch (corpus) {
      case RunConfig.Corpus.Named named -> named.builtin()
          ? Optional.empty()
          : Optional.of(Path.of(named.source()));
      case RunConfig.Corpus.Download download -> Optional.of(Download.cached(userCache(), download.sha256()));
    };
  }

  /// The user's cache folder: `$XDG_CACHE_HOME/norma`, or `~/.cache/norma` where that is unset.
  public static Path userCache() {
    return userCache(System.getenv(), Path.of(HomeFolder.of(System.getenv())));
  }

  static Path userCache(Map<String, String> environment, Path home) {
    @Nullable
    String xdg = environment.get("XDG_CACHE_HOME");
    // The XDG Base Directory Specification: a relative path is invalid and to be ignored.
    boolean valid = xdg != null && Path.of(xdg).isAbsolute();
    return (valid ? Path.of(xdg) : home.resolve(".cache")).resolve("norma");
  }

  private static Corpus builtin(String id, Token token) {
    Builtin builtin = Arrays.stream(Builtin.values()).filter(b -> b.id().equals(id)).findFirst()
        .orElseThrow(() -> unknown(id));
    byte[] bytes = resource("/norma/corpora/" + builtin.file);
    if (!Sha256.of(bytes).equals(builtin.sha256)) {
      throw new DataException("%s%s has SHA-256 %s, expected %s: the build is damaged; run mvn clean and build again"
          .formatted(PREFIX, id, Sha256.of(bytes), builtin.sha256));
    }
    return Corpus.of(PREFIX + id + " (" + builtin.title + ")", token, bytes);
  }

  private static DataException unknown(String id) {
    String nearest = Nearest.of(id, Arrays.stream(Builtin.values()).map(Builtin::id).toList());
    return new DataException("there is no corpus %s%s%s Built in: %s".formatted(PREFIX, id,
        nearest == null ? "." : ": did you mean " + PREFIX + nearest + "?", builtins()));
  }

  private static String builtins() {
    return Arrays.stream(Builtin.values()).map(b -> PREFIX + b.id()).collect(Collectors.joining(", "));
  }

  private static byte[] resource(String name) {
    try (@Nullable
    InputStream in = Corpora.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new DataException(
            name + " is not on the class path: the build unpacks it; run mvn clean and build again");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new DataException("cannot read " + name + " from the class path: " + e, e);
    }
  }

  /// A whole file, if it is small enough to be a corpus and Java has room for it.
  static byte[] read(Path file, long maxBytes) throws IOException {
    long bytes = Files.size(file);
    if (bytes > maxBytes) {
      throw new DataException(String.format(Locale.ROOT, "%s has %d bytes: a corpus has at most %d; take a part of it",
          file, bytes, maxBytes));
    }
    requireHeap(file, bytes, Runtime.getRuntime().maxMemory());
    return WholeFile.start(file, (int) bytes); // what is appended meanwhile is not counted on
  }

  static void requireHeap(Path file, long bytes, long heap) {
    long needed = bytes * HEAP_BYTES_PER_BYTE;
    if (needed > heap) {
      throw new DataException(
          String.format(Locale.ROOT,
              "%s has %d bytes: text and tokens need up to %d MiB, Java has at most %d; take a part of it, or give Java more with JDK_JAVA_OPTIONS=-Xmx%dg",
              file, bytes, needed >> 20, heap >> 20, (needed >> 30) + 2));
    }
  }

  private static byte[] read(Path path) {
    if (Files.notExists(path)) {
      throw new DataException("there is no file %s: check data.corpus, or take a built-in corpus: %s".formatted(path,
          builtins()));
    }
    if (!Files.isRegularFile(path)) {
      throw new DataException("%s is %s: data.corpus expects one file".formatted(path,
          Files.isDirectory(path) ? "a folder" : "no regular file"));
    }
    try {
      return read(path, MAX_BYTES);
    } catch (IOException e) {
      throw new DataException("cannot read %s: %s: check its permissions".formatted(path, Errors.line(e)), e);
    }
  }
}

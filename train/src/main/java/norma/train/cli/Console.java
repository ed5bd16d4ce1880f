package norma.train.cli;

import java.io.PrintStream;
import java.util.Locale;
import java.util.regex.Pattern;
import norma.train.files.Printable;

/// Writes for people: plain lines in a pipe, one changing line and a little colour on a terminal. Threads that have news of others may
/// write while a run does.
final class Console implements AutoCloseable {
  /// Erases to the end of the line (ECMA-48, EL).
  private static final String ERASE = "\u001B[K";
  /// Line wrap off and on (DEC private mode 7): a line wider than the terminal would leave its beginning behind each time.
  private static final String NO_WRAP = "\u001B[?7l";
  private static final String WRAP = "\u001B[?7h";

  /// One of the styles below, after [Printable#text].
  private static final Pattern ESCAPED_STYLE = Pattern.compile("\\\\u001B(\\[[012]m)");

  /// In a pipe: a write of its own for every character would cost more than the character.
  private static final int PARTS_AT_ONCE = 256;

  private final PrintStream out = System.out;
  private final boolean terminal = Boolean.getBoolean("norma.terminal");
  private final boolean colour = terminal && System.getenv().getOrDefault("NO_COLOR", "").isEmpty();
  private boolean statusShown;
  private long parts;
  private String held = ""; // the first half of a line's end, perhaps

  /// Whether a person watches.
  boolean terminal() {
    return terminal;
  }

  /// A line.
  void line(String format, Object... values) {
    text(String.format(Locale.ROOT, format, values));
  }

  /// Text as it is.
  synchronized void text(String text) {
    clearStatus();
    held = ""; // this line's end is the other half
    out.println(shown(text));
  }

  /// Text that goes on. A person sees it grow.
  ///
  /// @return false once nobody can read it any more
  synchronized boolean part(String text) {
    clearStatus();
    String whole = held + text;
    held = terminal && whole.endsWith("\r") ? "\r" : "";
    out.print(shown(whole.substring(0, whole.length() - held.length())));
    parts++;
    boolean due = terminal || parts % PARTS_AT_ONCE == 0;
    return !due || !out.checkError(); // which flushes
  }

  /// A line of trouble that the command survives, on standard error.
  synchronized void warn(String text) {
    clearStatus();
    out.flush();
    System.err.println("norma: warning: " + Printable.line(text));
  }

  /// Replaces the changing line of a terminal; nothing in a pipe.
  synchronized void status(String text) {
    if (terminal) {
      out.print("\r" + NO_WRAP + shown(text) + ERASE + WRAP);
      out.flush();
      statusShown = true;
    }
  }

  /// Emphasized, where that is possible.
  String bold(String text) {
    return colour ? "\u001B[1m" + text + "\u001B[0m" : text;
  }

  /// Subdued, where that is possible.
  String dim(String text) {
    return colour ? "\u001B[2m" + text + "\u001B[0m" : text;
  }

  /// A terminal obeys nothing but our own styles: samples and names come from outside. A pipe gets the text as it is.
  private String shown(String text) {
    return terminal ? ESCAPED_STYLE.matcher(Printable.text(text)).replaceAll("\u001B$1") : text;
  }

  private void clearStatus() {
    if (statusShown) {
      out.print("\r" + ERASE);
      statusShown = false;
    }
  }

  /// Takes the changing line away: an error's line may follow.
  @Override
  public synchronized void close() {
    clearStatus();
    out.flush();
  }

  /// Seconds as `m:ss` or `h:mm:ss`.
  static String time(double seconds) {
    long s = Math.round(seconds);
    return s < 3600
        ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  }
}

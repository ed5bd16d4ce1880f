package norma.train.cli;

import java.io.PrintStream;
import java.util.Locale;

/// Writes for people: plain lines in a pipe, one changing line and a little colour on a terminal.
final class Console {
  private final PrintStream out = System.out;
  private final boolean terminal = Boolean.getBoolean("norma.terminal");
  private final boolean colour = terminal && System.getenv("NO_COLOR") == null;
  private int statusLength;

  /// Whether a person watches.
  boolean terminal() {
    return terminal;
  }

  /// A line.
  void line(String format, Object... values) {
    clearStatus();
    out.println(String.format(Locale.ROOT, format, values));
  }

  /// Text as it is.
  void text(String text) {
    clearStatus();
    out.println(text);
  }

  /// Replaces the changing line of a terminal; nothing in a pipe.
  void status(String text) {
    if (terminal) {
      String padded = text + " ".repeat(Math.max(0, statusLength - text.length()));
      out.print("\r" + padded);
      out.flush();
      statusLength = text.length();
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

  private void clearStatus() {
    if (statusLength > 0) {
      out.print("\r" + " ".repeat(statusLength) + "\r");
      statusLength = 0;
    }
  }

  /// Seconds as `m:ss` or `h:mm:ss`.
  static String time(double seconds) {
    long s = Math.round(seconds);
    return s < 3600
        ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  }

  /// A count of operations or bytes with a decimal prefix, for example `3.84 G`.
  static String metric(double value) {
    String[] prefixes = { "", "k", "M", "G", "T", "P" };
    int prefix = 0;
    double scaled = value;
    while (scaled >= 1000 && prefix < prefixes.length - 1) {
      scaled /= 1000;
      prefix++;
    }
    return String.format(Locale.ROOT,
        prefix == 0 ? "%.0f %s" : scaled < 10 ? "%.2f %s" : scaled < 100 ? "%.1f %s" : "%.0f %s",
        scaled, prefixes[prefix]);
  }
}

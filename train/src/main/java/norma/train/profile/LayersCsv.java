package norma.train.profile;

import java.util.List;
import java.util.Locale;

/// `layers.csv`: every row of every case. Empty cells where nothing is counted.
final class LayersCsv {
  private static final String HEAD = "case,layer,group,calls,forward_ms,forward_q1_ms,forward_q3_ms,backward_ms,"
      + "backward_q1_ms,backward_q3_ms,share,tokens_per_s,gflops,gb_per_s,roof_ms,times_roof,bound,kept_bytes,arena_bytes\n";

  private LayersCsv() {}

  static String of(List<Profile> profiles) {
    StringBuilder csv = new StringBuilder(HEAD);
    for (Profile profile : profiles) {
      for (Row row : profile.rows()) {
        csv.append(String.join(",", quoted(profile.name()), row.name(), row.group().name().toLowerCase(Locale.ROOT),
            Integer.toString(row.calls()), millis(row.forward().median()), millis(row.forward().low()),
            millis(row.forward().high()), millis(row.backward().median()), millis(row.backward().low()),
            millis(row.backward().high()), number("%.5f", row.share()),
            number("%.0f", row.tokensPerSecond(profile.steps().tokens())), number("%.3f", row.gigaflops()),
            number("%.3f", row.gigabytes()), number("%.5f", row.roof().millis()), number("%.3f", row.distance()),
            bound(row), Long.toString(row.memory().kept()), Long.toString(row.memory().arena()))).append('\n');
      }
    }
    return csv.toString();
  }

  /// `bytes` or `products`, empty where nothing is counted.
  static String bound(Row row) {
    return Double.isNaN(row.roof().millis()) ? "" : row.roof().bandwidth() ? "bytes" : "products";
  }

  private static String quoted(String name) {
    return name.matches("[\\w.=-]+") ? name : '"' + name.replace("\"", "\"\"") + '"';
  }

  private static String millis(double value) {
    return number("%.5f", value);
  }

  private static String number(String format, double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "";
  }
}

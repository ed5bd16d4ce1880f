package norma.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.train.files.Json;
import norma.train.report.Table;

/// Some comparisons for people, for programs and for spreadsheets.
final class CompareReport {
  private final Map<String, String> header = new LinkedHashMap<>();
  private final List<Comparison> rows = new ArrayList<>();
  private double oneThread;
  private double allCores;

  /// What `--out` writes: every measurement.
  private record Figures(Map<String, String> header, double registerPeakGflops, double registerPeakGflopsOneThread,
      List<Comparison> results) {}

  /// A line of the header.
  void fact(String name, String value) {
    header.put(name, value);
  }

  /// What the machine can do at most, GFLOP/s of multiply-adds in registers.
  void peak(double one, double all) {
    this.oneThread = Math.round(10 * one) / 10.0;
    this.allCores = Math.round(10 * all) / 10.0;
    fact("register peak", String.format(Locale.ROOT,
        "%.0f GFLOP/s of multiply-adds in registers on all cores, %.0f on one; shares are of all cores", all, one));
  }

  /// Adds a comparison.
  ///
  /// @return its line of the table; before the first one the header and the head of the table
  String add(Comparison row) {
    rows.add(row);
    Table<Comparison> table = Comparison.table(allCores);
    return (rows.size() == 1 ? header() + "\n" + table.markdownHead() : "") + table.markdown(row);
  }

  /// Whether both sides computed the same everywhere.
  boolean agrees() {
    return rows.stream().allMatch(row -> row.agreement().holds());
  }

  private String header() {
    StringBuilder text = new StringBuilder();
    header.forEach((name, value) -> text.append(String.format(Locale.ROOT, "%-13s %s%n", name, value)));
    return text.toString();
  }

  /// Writes everything: `.csv` for the table, any other name for JSON with every measurement.
  void write(Path file) throws IOException {
    Files.writeString(file, file.toString().endsWith(".csv")
        ? Comparison.table(allCores).csv(rows)
        : Json.text(new Figures(header, allCores, oneThread, rows)));
  }
}

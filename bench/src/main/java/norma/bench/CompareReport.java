package norma.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// A comparison for people, for programs and for spreadsheets. Its rows are all of one kind.
final class CompareReport {
  /// Ends the line of a row whose sides disagree.
  static final String NOT_THE_SAME = " NOT THE SAME COMPUTATION";

  private final String tableHead;
  private final Map<String, String> header = new LinkedHashMap<>();
  private final List<Row> rows = new ArrayList<>();
  private double oneThread;
  private double allCores;

  /// @param tableHead of the rows to come, in Markdown
  CompareReport(String tableHead) {
    this.tableHead = tableHead;
  }

  /// A line of the header.
  void fact(String name, String value) {
    header.put(name, value);
  }

  /// What the machine can do at most, GFLOP/s of multiply-adds in registers.
  void peak(double one, double all) {
    this.oneThread = one;
    this.allCores = all;
    fact("register peak", String.format(Locale.ROOT,
        "%.0f GFLOP/s of multiply-adds in registers on all cores, %.0f on one; shares are of all cores", all, one));
  }

  /// GFLOP/s of multiply-adds in registers on all cores.
  double peak() {
    return allCores;
  }

  /// Adds a comparison.
  ///
  /// @return its line of the table; before the first one the header and the head of the table
  String add(Row row) {
    rows.add(row);
    return (rows.size() == 1 ? header() + "\n" + tableHead : "") + row.line();
  }

  /// Whether both sides computed the same everywhere.
  boolean agrees() {
    return rows.stream().allMatch(Row::agrees);
  }

  private String header() {
    StringBuilder text = new StringBuilder();
    header.forEach((name, value) -> text.append(String.format(Locale.ROOT, "%-13s %s%n", name, value)));
    return text.toString();
  }

  /// Writes everything: `.csv` for a table of the figures, any other name for JSON with every measurement.
  void write(Path file) throws IOException {
    Files.writeString(file, file.toString().endsWith(".csv") ? csv() : json());
  }

  private String csv() {
    StringBuilder text = new StringBuilder("shape,norm");
    rows.getFirst().figures().keySet().forEach(name -> text.append(',').append(name));
    text.append('\n');
    for (Row row : rows) {
      text.append(row.shape()).append(',').append(row.norm());
      row.figures().values().forEach(value -> text.append(',').append(value));
      text.append('\n');
    }
    return text.toString();
  }

  private String json() {
    List<Map<String, Object>> results = new ArrayList<>();
    for (Row row : rows) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("shape", row.shape().name());
      result.put("norm", row.norm());
      result.putAll(row.figures());
      result.putAll(row.samples());
      results.add(result);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("header", header);
    all.put("register_peak_gflops", allCores);
    all.put("register_peak_gflops_one_thread", oneThread);
    all.put("results", results);
    return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
  }
}

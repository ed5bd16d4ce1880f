package norma.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import norma.bench.Comparison.Sample;
import tools.jackson.databind.json.JsonMapper;

/// A comparison for people, for programs and for spreadsheets.
final class CompareReport {
  /// Of the table in Markdown.
  static final String TABLE_HEAD = """
      | shape | norm | Norma ms, median (min) | PyTorch ms, median (min) | Norma tokens/s | PyTorch tokens/s | times faster | Norma GFLOP/s | share of sgemm peak | Norma MiB | PyTorch MiB | memory | loss differs by |
      |---|---|---|---|---|---|---|---|---|---|---|---|---|
      """;

  private final Map<String, String> header = new LinkedHashMap<>();
  private final List<Comparison> rows = new ArrayList<>();
  private double fmaGigaflops;
  private double productGigaflops;

  /// A line of the header.
  void fact(String name, String value) {
    header.put(name, value);
  }

  /// What the machine can do at most.
  ///
  /// @param fma     in registers
  /// @param product of two large matrices
  void peak(double fma, double product) {
    this.fmaGigaflops = fma;
    this.productGigaflops = product;
    fact("sgemm peak", String.format(Locale.ROOT,
        "%.0f GFLOP/s: 2048 x 2048 x 2048 through ND4J on all cores, the best in 3 s (multiply-adds in registers alone: %.0f)",
        product, fma));
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  /// Adds a comparison.
  ///
  /// @return its line of the table
  String add(Comparison row) {
    rows.add(row);
    return String.format(Locale.ROOT,
        "| %s | %s | %s | %s | %.0f | %.0f | **%.2f** | %.1f | %.0f %% | %d | %d | %.2f | %.1e%s |%n", row.shape(),
        row.norm(), millis(row.norma()), millis(row.torch()), row.tokensPerSecond(row.norma()),
        row.tokensPerSecond(row.torch()), row.ratio(), row.gigaflops(), 100 * row.gigaflops() / productGigaflops,
        row.norma().peakBytes() >> 20, row.torch().peakBytes() >> 20, row.memoryRatio(), row.agreement().loss(),
        row.agreement().holds() ? "" : " NOT THE SAME COMPUTATION");
  }

  /// Whether both sides computed the same everywhere.
  boolean agrees() {
    return rows.stream().allMatch(row -> row.agreement().holds());
  }

  /// The header, a line for each fact.
  String header() {
    StringBuilder text = new StringBuilder();
    header.forEach((name, value) -> text.append(String.format(Locale.ROOT, "%-12s %s%n", name, value)));
    return text.toString();
  }

  /// Writes everything: `.csv` for a table of the figures, any other name for JSON with every step.
  void write(Path file) throws IOException {
    Files.writeString(file, file.toString().endsWith(".csv") ? csv() : json());
  }

  private String csv() {
    StringBuilder text = new StringBuilder("shape,norm,norma_ms_median,norma_ms_min,torch_ms_median,torch_ms_min,"
        + "norma_tokens_per_s,torch_tokens_per_s,ratio,norma_gflops,share_of_sgemm_peak,norma_peak_bytes,"
        + "torch_peak_bytes,memory_ratio,loss_difference,gradient_norm_difference\n");
    for (Comparison row : rows) {
      text.append(row.shape()).append(',').append(row.norm());
      figures(row).values().forEach(value -> text.append(',').append(value));
      text.append('\n');
    }
    return text.toString();
  }

  private String json() {
    List<Map<String, Object>> results = new ArrayList<>();
    for (Comparison row : rows) {
      Map<String, Object> result = new LinkedHashMap<>();
      result.put("shape", row.shape());
      result.put("norm", row.norm());
      result.putAll(figures(row));
      result.put("norma_step_ms", row.norma().stepMillis());
      result.put("torch_step_ms", row.torch().stepMillis());
      results.add(result);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("header", header);
    all.put("sgemm_peak_gflops", productGigaflops);
    all.put("fma_peak_gflops", fmaGigaflops);
    all.put("results", results);
    return new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
  }

  private Map<String, Object> figures(Comparison row) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("norma_ms_median", row.norma().medianMillis());
    figures.put("norma_ms_min", row.norma().minMillis());
    figures.put("torch_ms_median", row.torch().medianMillis());
    figures.put("torch_ms_min", row.torch().minMillis());
    figures.put("norma_tokens_per_s", row.tokensPerSecond(row.norma()));
    figures.put("torch_tokens_per_s", row.tokensPerSecond(row.torch()));
    figures.put("ratio", row.ratio());
    figures.put("norma_gflops", row.gigaflops());
    figures.put("share_of_sgemm_peak", row.gigaflops() / productGigaflops);
    figures.put("norma_peak_bytes", row.norma().peakBytes());
    figures.put("torch_peak_bytes", row.torch().peakBytes());
    figures.put("memory_ratio", row.memoryRatio());
    figures.put("loss_difference", row.agreement().loss());
    figures.put("gradient_norm_difference", row.agreement().gradientNorm());
    return figures;
  }

  private static String millis(Sample side) {
    return side.medianMillis() < 1000
        ? String.format(Locale.ROOT, "%.1f (%.1f)", side.medianMillis(), side.minMillis())
        : String.format(Locale.ROOT, "%.0f (%.0f)", side.medianMillis(), side.minMillis());
  }
}

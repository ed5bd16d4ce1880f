package norma.bench.gpu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import norma.bench.gpu.Summary.Verdict;

/// Compares the backend `cuda` with what the backend `cpu` gave for the same small models.
final class Parity {
  /// Largest relative difference in float32.
  private static final double TOLERANCE = 1e-4;

  private Parity() {}

  /// Exit code 1 if float32 differs.
  ///
  /// @param arguments folder of a [Reference], file of a [Summary], number of steps, precisions and names of norms, each with commas
  ///                  between them; all norms where none is named
  public static void main(String[] arguments) {
    OneLine.orEnd(() -> System.exit(compare(new Reference(Path.of(arguments[0])), new Summary(Path.of(arguments[1])),
        Integer.parseInt(arguments[2]), List.of(arguments[3].split(",", -1)),
        arguments.length > 4 ? List.of(arguments[4].split(",", -1)) : List.copyOf(Reference.norms().keySet()))
            ? 0
            : 1));
  }

  private static boolean compare(Reference reference, Summary summary, int steps, List<String> precisions,
      List<String> norms) {
    System.out.printf(Locale.ROOT, "%s; %d steps; largest relative differences from the backend cpu in fp32%n",
        SmallRun.SIZES, steps);
    System.out.printf(Locale.ROOT, "%-12s %-9s %9s %9s %9s %9s   %s%n", "norm", "precision", "loss", "grad_norm",
        "gradient", "weights", "farthest tensor");
    boolean agrees = true;
    for (String precision : precisions) {
      List<Difference> differences = new ArrayList<>();
      for (String norm : norms) {
        List<String> runtime = List.of("runtime.backend=cuda", "runtime.precision=" + precision);
        Difference difference = Difference.of(SmallRun.of(Reference.config(norm, runtime), steps),
            reference.read(norm));
        differences.add(difference);
        System.out.println(line(norm, precision, difference));
      }
      double largest = differences.stream().mapToDouble(Difference::largest).max().orElseThrow();
      boolean exact = precision.equals("fp32");
      Verdict verdict = exact ? Verdict.must(largest <= TOLERANCE) : Verdict.SHOWN;
      summary.add("parity with the cpu, " + precision, String.format(Locale.ROOT, "%.1e", largest),
          exact ? String.format(Locale.ROOT, "at most %.0e", TOLERANCE) : "", verdict);
      agrees &= verdict != Verdict.FAILED;
    }
    return agrees;
  }

  private static String line(String norm, String precision, Difference difference) {
    String weights = difference.weights().isPresent()
        ? String.format(Locale.ROOT, "%9.1e", difference.weights().getAsDouble())
        : "        -";
    return String.format(Locale.ROOT, "%-12s %-9s %9.1e %9.1e %9.1e %s   %s", norm, precision, difference.loss(),
        difference.gradientNorm(), difference.gradient(), weights, difference.worst());
  }
}

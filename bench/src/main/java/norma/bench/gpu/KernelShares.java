package norma.bench.gpu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import norma.array.Array;
import norma.bench.gpu.Summary.Verdict;
import norma.bench.gpu.Works.Maker;
import norma.bench.gpu.Works.Size;
import norma.kernels.Backend;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.train.config.RunConfig.BackendChoice;
import norma.train.config.RunConfig.Precision;
import norma.train.config.RunConfig.Runtime;
import norma.train.run.Backends;

/// Each kernel of the backend `cuda` against the rates that the same GPU reaches at most: those that move numbers against a copy,
/// products and attention against a large product of the same precision.
final class KernelShares {
  /// Share of the copy's rate that a norm should reach.
  private static final double GOAL = 0.8;
  /// Memory that calls go around in: several times the largest cache of a GPU.
  private static final long AROUND_BYTES = 512L << 20;
  private static final int MOST_SETS = 32;
  private static final Scale FULL = new Scale(AROUND_BYTES, 8192);
  private static final Scale QUICK = new Scale(1 << 18, 64);

  /// @param aroundBytes memory that calls go around in
  /// @param peak        rows and columns of the large product
  private record Scale(long aroundBytes, int peak) {}

  private final Operands operands;
  private final DeviceTimer timer;
  private final Size size;
  private final Scale scale;
  private final double copy; // bytes a second
  private final double product; // operations a second

  private KernelShares(Backend backend, Size size, Scale scale) {
    Kernels kernels = backend.kernels();
    this.operands = new Operands(backend, kernels);
    this.timer = new DeviceTimer(kernels);
    this.size = size;
    this.scale = scale;
    this.copy = copyRate(scale.aroundBytes / 2 / backend.activations().bytes());
    this.product = rate((o, s) -> Works.linear(o, new Size(1, scale.peak, scale.peak), scale.peak, scale.peak));
  }

  /// @param arguments file of a [Summary], and `quick` for sizes that only show that everything runs
  public static void main(String[] arguments) {
    Summary summary = new Summary(Path.of(arguments[0]));
    boolean quick = arguments.length > 1;
    for (Precision precision : List.of(Precision.BF16, Precision.FP32)) {
      for (int width : quick ? new int[]{ 64 } : new int[]{ 384, 1024 }) {
        Size size = quick ? new Size(2, 40, width) : new Size(64, 256, width);
        Runtime runtime = new Runtime(BackendChoice.CUDA, OptionalInt.empty(), precision);
        try (Backend backend = Backends.choose(runtime, false).backend()) {
          new KernelShares(backend, size, quick ? QUICK : FULL).measure(precision.name().toLowerCase(Locale.ROOT),
              quick, summary);
        }
      }
    }
  }

  private void measure(String precision, boolean quick, Summary summary) {
    String where = precision + ", " + size.rows() + " x " + size.width();
    System.out.printf(Locale.ROOT, "%s: a copy moves %.0f GB/s, a large product makes %.1f TFLOP/s%n", where, copy / 1e9,
        product / 1e12);
    Map<String, Double> norms = shares(NormWorks.all());
    Map<String, Double> others = shares(Works.moving());
    Map<String, Double> products = shares(Works.multiplying());
    String worst = smallest(norms);
    summary.add("norms, " + where, of(norms.get(worst), "copy", worst), quick ? "" : "at least 80 %",
        quick ? Verdict.SHOWN : Verdict.goal(norms.get(worst) >= GOAL));
    summary.add("other kernels, " + where, of(others.get(smallest(others)), "copy", smallest(others)), "",
        Verdict.SHOWN);
    for (String name : List.of("attention", "attention backward")) {
      summary.add(name + ", " + where, of(products.get(name), "product", ""), "", Verdict.SHOWN);
    }
    products.keySet().removeIf(name -> name.startsWith("attention"));
    summary.add("linear layers, " + where, of(products.get(smallest(products)), "product", smallest(products)), "",
        Verdict.SHOWN);
  }

  private static String of(double share, String peak, String name) {
    return String.format(Locale.ROOT, "%.0f %% of a %s%s", 100 * share, peak, name.isEmpty() ? "" : ", " + name);
  }

  private static String smallest(Map<String, Double> shares) {
    return shares.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  private Map<String, Double> shares(Map<String, Maker> works) {
    Map<String, Double> shares = new LinkedHashMap<>();
    works.forEach((name, maker) -> {
      Measured measured = measured(maker);
      double share = measured.work.flops() > 0
          ? measured.work.flops() / measured.seconds / product
          : measured.work.bytes() / measured.seconds / copy;
      String rate = measured.work.flops() > 0
          ? String.format(Locale.ROOT, "%.1f TFLOP/s", measured.work.flops() / measured.seconds / 1e12)
          : String.format(Locale.ROOT, "%.0f GB/s", measured.work.bytes() / measured.seconds / 1e9);
      System.out.printf(Locale.ROOT, "  %-26s %9.1f us %14s %5.0f %%%n", name, measured.seconds * 1e6, rate,
          100 * share);
      shares.put(name, share);
    });
    return shares;
  }

  private record Measured(Work work, double seconds) {}

  private Measured measured(Maker maker) {
    Work first = maker.of(operands, size);
    List<Runnable> calls = new ArrayList<>(List.of(first.call()));
    long bytes = Math.max(1, operands.kernels().arena().usedBytes());
    for (long used = bytes; used < scale.aroundBytes && calls.size() < MOST_SETS; used += bytes) {
      calls.add(maker.of(operands, size).call());
    }
    double seconds = timer.seconds(calls);
    operands.kernels().arena().reset();
    return new Measured(first, seconds);
  }

  private double rate(Maker maker) {
    Measured measured = measured(maker);
    return measured.work.flops() / measured.seconds;
  }

  private double copyRate(long elements) {
    Array from = operands.activations(Math.toIntExact(elements));
    Array to = operands.activations(Math.toIntExact(elements));
    double seconds = timer.seconds(List.of(() -> operands.kernels().multiply(from, 1, Grad.write(to))));
    operands.kernels().arena().reset();
    return (from.bytes() + to.bytes()) / seconds;
  }
}

package norma.bench.gpu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Predicate;
import norma.bench.Calls;
import norma.bench.KernelTimer;
import norma.bench.Operands;
import norma.bench.Size;
import norma.bench.gpu.Summary.Verdict;
import norma.kernels.Backend;
import norma.kernels.KernelCall;
import norma.kernels.KernelCalls;
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
  /// Of a measurement.
  private static final double SECONDS = 0.03;
  private static final int TOKENS = 65; // distinct characters of tinyshakespeare
  /// Layers of the model whose parameters the optimizer updates.
  private static final int LAYERS = 6;
  private static final Scale FULL = new Scale(AROUND_BYTES, 8192);
  private static final Scale QUICK = new Scale(1 << 18, 64);

  /// @param aroundBytes memory that calls go around in
  /// @param peak        rows and columns of the large product
  private record Scale(long aroundBytes, int peak) {}

  private final Backend backend;
  private final Kernels kernels;
  private final Operands operands;
  private final KernelTimer timer;
  private final Size size;
  private final Scale scale;
  private final double copy; // bytes a second
  private final double product; // operations a second

  private KernelShares(Backend backend, Size size, Scale scale) {
    this.backend = backend;
    this.kernels = backend.kernels();
    this.operands = new Operands(backend, kernels);
    this.timer = new KernelTimer(kernels, SECONDS);
    this.size = size;
    this.scale = scale;
    this.copy = copyRate(scale.aroundBytes / 2 / backend.activations().bytes());
    this.product = rate(new KernelCalls(1, scale.peak, scale.peak, 1).linear(scale.peak, false));
  }

  /// @param arguments file of a [Summary], and `quick` for sizes that only show that everything runs
  public static void main(String[] arguments) {
    OneLine.orEnd(() -> measure(new Summary(Path.of(arguments[0])), arguments.length > 1));
  }

  private static void measure(Summary summary, boolean quick) {
    for (Precision precision : List.of(Precision.BF16, Precision.FP32)) {
      for (int width : quick ? new int[]{ 64 } : new int[]{ 384, 1024 }) {
        int heads = width / 64;
        KernelCalls calls = quick ? new KernelCalls(2, 40, width, heads) : new KernelCalls(64, 256, width, heads);
        Size size = new Size(calls, TOKENS, 12 * LAYERS * width * width);
        Runtime runtime = new Runtime(BackendChoice.CUDA, OptionalInt.empty(), OptionalInt.empty(), precision);
        try (Backend backend = Backends.choose(runtime, false).backend()) {
          new KernelShares(backend, size, quick ? QUICK : FULL).measure(precision.name().toLowerCase(Locale.ROOT),
              quick, summary);
        }
      }
    }
  }

  private void measure(String precision, boolean quick, Summary summary) {
    String where = precision + ", " + size.calls().rows() + " x " + size.calls().width();
    System.out.printf(Locale.ROOT, "%s: a copy moves %.0f GB/s, a large product makes %.1f TFLOP/s%n", where,
        copy / 1e9,
        product / 1e12);
    Share norm = smallest(shares(KernelShares::isNorm));
    // A sum of shards is for several workers, which a GPU has not.
    Share other = smallest(shares(name -> !multiplies(name) && !isNorm(name) && !name.equals("sum")));
    List<Share> attention = shares(name -> name.startsWith("attention"));
    Share linear = smallest(shares(name -> name.startsWith("linear")));
    summary.add("norms, " + where, norm.of("a copy"), quick ? "" : "at least 80 %",
        quick ? Verdict.SHOWN : Verdict.goal(norm.value >= GOAL));
    summary.add("other kernels, " + where, other.of("a copy"), "", Verdict.SHOWN);
    attention.forEach(
        share -> summary.add("attention, " + where, share.of("a large product"), "", Verdict.SHOWN));
    summary.add("linear layers, " + where, linear.of("a large product"), "", Verdict.SHOWN);
  }

  /// A kernel's share of what the GPU gives at most.
  private record Share(String name, double value) {
    String of(String most) {
      return String.format(Locale.ROOT, "%s %.0f %% of %s", name, 100 * value, most);
    }
  }

  private static Share smallest(List<Share> shares) {
    return shares.stream().min(Comparator.comparingDouble(Share::value)).orElseThrow();
  }

  private static boolean isNorm(String name) {
    return Operands.NORMS.stream().anyMatch(name::startsWith);
  }

  private static boolean multiplies(String name) {
    return name.startsWith("attention") || name.startsWith("linear");
  }

  private List<Share> shares(Predicate<String> measured) {
    List<Share> shares = new ArrayList<>();
    Calls.names().stream().filter(measured).forEach(name -> {
      KernelCall call = Calls.of(name, size);
      double seconds = seconds(call);
      boolean multiplies = call.flops() > 0;
      double rate = (multiplies ? call.flops() : call.bytes(kernels, backend.dtype())) / seconds;
      Share share = new Share(name, rate / (multiplies ? product : copy));
      shares.add(share);
      System.out.printf(Locale.ROOT, "  %-26s %9.1f us %14s %5.0f %%%n", name, seconds * 1e6,
          String.format(Locale.ROOT, multiplies ? "%.1f TFLOP/s" : "%.0f GB/s", rate / (multiplies ? 1e12 : 1e9)),
          100 * share.value);
    });
    return shares;
  }

  private double seconds(KernelCall call) {
    List<Runnable> calls = new ArrayList<>(List.of(operands.bind(call)));
    long bytes = Math.max(1, kernels.arena().usedBytes());
    for (long used = bytes; used < scale.aroundBytes && calls.size() < MOST_SETS; used += bytes) {
      calls.add(operands.bind(call));
    }
    double seconds = timer.seconds(calls);
    kernels.arena().reset();
    return seconds;
  }

  private double rate(KernelCall call) {
    return call.flops() / seconds(call);
  }

  private double copyRate(long elements) {
    KernelCall copy = KernelCalls.copy(Math.toIntExact(elements));
    double seconds = timer.seconds(List.of(operands.bind(copy)));
    kernels.arena().reset();
    return copy.bytes(kernels, backend.dtype()) / seconds;
  }
}

package norma.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import norma.kernels.VectorModule;

/// What no product can exceed: the rate of float32 multiply-adds whose operands never leave the registers. This is the only
/// place that knows how it is measured.
public final class Peak {
  /// Milliseconds each, on any CPU: threads need microseconds to meet.
  private static final int ITERATIONS = 2_000_000;
  private static final long NANOS = 2_000_000_000L;
  /// Vector API code is hundreds of times slower before it is compiled, which takes a busy machine seconds.
  private static final int WARMUP_ITERATIONS = 20_000;
  private static final long WARMUP_NANOS = 3_000_000_000L;

  private Peak() {}

  /// For a driver without the Vector API: prints the facts `one_thread` and `all_cores`.
  public static void main(String[] args) {
    print("one_thread", gigaflops(1));
    print("all_cores", gigaflops(Runtime.getRuntime().availableProcessors()));
    System.out.println("ready");
    System.exit(0);
  }

  private static void print(String name, double value) {
    System.out.println("fact " + name + " " + String.format(Locale.ROOT, "%.1f", value));
  }

  /// GFLOP/s of so many threads together: the best of two seconds, for a peak is what the machine gives when nobody disturbs it.
  ///
  /// @throws IllegalStateException if this JVM has no Vector API
  public static double gigaflops(int threads) {
    VectorModule.missing().ifPresent(missing -> {
      throw new IllegalStateException(missing);
    });
    warmUp();
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      double best = 0;
      long end = System.nanoTime() + NANOS;
      while (System.nanoTime() < end) {
        long start = System.nanoTime();
        run(pool, threads);
        best = Math.max(best, MultiplyAdds.FLOPS * ITERATIONS * threads / (System.nanoTime() - start));
      }
      return best;
    }
  }

  /// Ends when no call was faster than the ones before for some seconds.
  private static void warmUp() {
    long best = Long.MAX_VALUE;
    long improved = System.nanoTime();
    long end = improved;
    while (end - improved < WARMUP_NANOS) {
      long start = System.nanoTime();
      check(MultiplyAdds.run(WARMUP_ITERATIONS));
      end = System.nanoTime();
      if (end - start < 0.95 * best) {
        best = end - start;
        improved = end;
      }
    }
  }

  private static void run(ExecutorService pool, int threads) {
    List<Callable<Float>> work = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      work.add(() -> MultiplyAdds.run(ITERATIONS));
    }
    try {
      for (Future<Float> sum : pool.invokeAll(work)) {
        check(sum.get());
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void check(float sum) {
    if (Float.isNaN(sum)) {
      throw new IllegalStateException("the measured multiply-adds gave no number");
    }
  }

  /// A class of its own, loaded when the Vector API is there.
  private static final class MultiplyAdds {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    /// Independent sums: latency 4 times 2 units of current x86 cores are 8; a few more do no harm.
    private static final int SUMS = 12;
    /// Of an iteration.
    static final double FLOPS = 2.0 * SUMS * SPECIES.length();

    static float run(int iterations) {
      FloatVector a = FloatVector.broadcast(SPECIES, 0.999f);
      FloatVector b = FloatVector.broadcast(SPECIES, 1e-3f);
      FloatVector s0 = b;
      FloatVector s1 = b;
      FloatVector s2 = b;
      FloatVector s3 = b;
      FloatVector s4 = b;
      FloatVector s5 = b;
      FloatVector s6 = b;
      FloatVector s7 = b;
      FloatVector s8 = b;
      FloatVector s9 = b;
      FloatVector s10 = b;
      FloatVector s11 = b;
      for (int i = 0; i < iterations; i++) {
        s0 = s0.fma(a, b);
        s1 = s1.fma(a, b);
        s2 = s2.fma(a, b);
        s3 = s3.fma(a, b);
        s4 = s4.fma(a, b);
        s5 = s5.fma(a, b);
        s6 = s6.fma(a, b);
        s7 = s7.fma(a, b);
        s8 = s8.fma(a, b);
        s9 = s9.fma(a, b);
        s10 = s10.fma(a, b);
        s11 = s11.fma(a, b);
      }
      return s0.add(s1).add(s2).add(s3).add(s4).add(s5).add(s6).add(s7).add(s8).add(s9).add(s10).add(s11).lane(0);
    }
  }
}

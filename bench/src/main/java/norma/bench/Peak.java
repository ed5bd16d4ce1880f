package norma.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import norma.array.Array;
import norma.array.DType;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import norma.kernels.Nd4jBackend;

/// What the machine can do at most, measured in a process of its own so that its arrays count for nobody's memory: float32
/// multiply-adds in registers on all cores, and a large product through ND4J with the threads of `OMP_NUM_THREADS`.
final class Peak {
  private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
  /// Independent sums: latency 4 times 2 units of current x86 cores are 8; a few more do no harm.
  private static final int SUMS = 12;
  private static final int FMA_ITERATIONS = 2_000_000;
  /// 48 MiB in all: no cache of one core holds it, and blocking has long stopped to matter.
  private static final int SIZE = 2048;
  private static final double SECONDS = 3;

  private Peak() {}

  public static void main(String[] args) {
    int cores = Runtime.getRuntime().availableProcessors();
    print("fma_gflops", fmaGigaflops(cores));
    print("sgemm_gflops", productGigaflops());
    System.out.println("ready");
    System.exit(0);
  }

  private static void print(String name, double value) {
    System.out.println("fact " + name + " " + String.format(Locale.ROOT, "%.1f", value));
  }

  private static double fmaGigaflops(int threads) {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Callable<Float>> work = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        work.add(() -> fma(FMA_ITERATIONS));
      }
      double seconds = bestSeconds(() -> sum(pool, work));
      return 2.0 * SUMS * SPECIES.length() * FMA_ITERATIONS * threads / seconds / 1e9;
    }
  }

  private static float sum(ExecutorService pool, List<Callable<Float>> work) {
    float sum = 0;
    try {
      for (Future<Float> future : pool.invokeAll(work)) {
        sum += future.get();
      }
    } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException(e);
    }
    return sum;
  }

  private static float fma(int iterations) {
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
    FloatVector sum = s0.add(s1).add(s2).add(s3).add(s4).add(s5).add(s6).add(s7).add(s8).add(s9).add(s10).add(s11);
    return sum.lane(0);
  }

  private static double productGigaflops() {
    try (Backend backend = new Nd4jBackend(DType.FLOAT32, false)) {
      Kernels kernels = backend.kernels();
      Array x = matrix(backend);
      Array w = matrix(backend);
      Array y = matrix(backend);
      double seconds = bestSeconds(() -> {
        try (Kernels.Scratch scratch = kernels.scratch()) {
          kernels.linear(x, w, null, y);
        }
        return 0f;
      });
      return 2.0 * SIZE * SIZE * SIZE / seconds / 1e9;
    }
  }

  private static Array matrix(Backend backend) {
    Array array = backend.allocate(DType.FLOAT32, SIZE, SIZE);
    double[] values = new double[SIZE * SIZE];
    Arrays.setAll(values, i -> (i % 1013) * 1e-3);
    backend.write(array, values);
    return array;
  }

  /// The best, not the median: a peak is what the machine gives when nobody disturbs it.
  private static double bestSeconds(Supplier<Float> work) {
    double best = Double.POSITIVE_INFINITY;
    long end = System.nanoTime() + (long) (SECONDS * 1e9);
    for (int i = 0; i < 3 || System.nanoTime() < end; i++) {
      long start = System.nanoTime();
      if (Float.isNaN(work.get())) {
        throw new IllegalStateException("the measured work gave no number");
      }
      best = Math.min(best, (System.nanoTime() - start) / 1e9);
    }
    return best;
  }
}

package norma.train.profile;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import norma.array.Array;
import norma.array.HostMemory;
import norma.kernels.Backend;
import norma.kernels.DropMask;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.random.RandomStream;
import norma.train.report.Decimals;
import norma.train.run.Session;
import norma.train.run.SystemFiles;
import norma.train.run.Workers;

/// The machine's best rates with all threads of a run busy: the roofs of the roofline (Williams, Waterman and
/// Patterson, "Roofline: an insightful visual performance model", 2009).
///
/// @param threads   that computed
/// @param gigaflops best rate of a large product, in the precision of the run
/// @param copies    best rates of a copy, smallest first
public record Peaks(int threads, double gigaflops, List<Copy> copies) {
  /// Large enough that a tile's edges do not matter, small enough for the cache of a core: 3 MiB.
  private static final int PRODUCT = 512;
  /// Size of the product on a device, which computes many tiles at a time.
  private static final int DEVICE_PRODUCT = 4096;
  private static final long PRODUCT_NANOS = 1_000_000_000L;
  private static final long COPY_NANOS = 100_000_000L;
  private static final long SMALLEST = 1 << 16;
  private static final int FACTOR = 4;
  /// Bytes of all threads together, where the last caches are not larger: soon copied.
  private static final long LARGEST = 1 << 29;
  /// Times the last caches, so that little of the memory is still in them.
  private static final int BEYOND_CACHE = 4;
  private static final long MOST = 1L << 31;
  /// A hundred times as long as workers take to meet.
  private static final long MEETING_NANOS = 1_000_000;

  /// A copy.
  ///
  /// @param bytes     of a thread, source and target together
  /// @param gigabytes read and written in a second by all threads
  public record Copy(long bytes, double gigabytes) {}

  /// A smaller copy that was slower than a larger one was disturbed: it counts as the larger.
  public Peaks {
    List<Copy> rates = new ArrayList<>(copies);
    for (int i = rates.size() - 2; i >= 0; i--) {
      rates.set(i, new Copy(rates.get(i).bytes, Math.max(rates.get(i).gigabytes, rates.get(i + 1).gigabytes)));
    }
    copies = List.copyOf(rates);
  }

  /// Measures them, which takes some two seconds.
  ///
  /// @param session whose kernels multiply; it keeps the memory of the products
  public static Peaks measure(Session session) {
    int threads = session.backend().threads();
    if (session.backend().deviceBytes().isPresent()) {
      return new Peaks(threads, product(session, DEVICE_PRODUCT), deviceCopies(session.backend()));
    }
    List<Copy> copies = new ArrayList<>();
    long largest = Math.clamp(BEYOND_CACHE * lastCaches(threads), LARGEST, MOST) / threads;
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      sizes(largest).forEach(bytes -> copies.add(copy(pool, threads, bytes)));
    }
    return new Peaks(threads, product(session, PRODUCT), copies);
  }

  /// Within the device's memory, by its own kernels.
  static List<Copy> deviceCopies(Backend backend) {
    List<Copy> copies = new ArrayList<>();
    Kernels kernels = backend.kernels();
    long largest = Math.min(LARGEST, backend.deviceBytes().orElseThrow() / FACTOR);
    for (long bytes : sizes(largest / HostMemory.ALIGNMENT_BYTES * HostMemory.ALIGNMENT_BYTES)) {
      int size = Math.toIntExact(bytes / 2 / backend.activations().bytes());
      Array from = kernels.empty(size);
      Array to = kernels.empty(size);
      kernels.fill(from, 1);
      double seconds = best(repeats -> {
        for (int i = 0; i < repeats; i++) {
          kernels.multiply(from, 1, Grad.write(to));
        }
        backend.synchronize();
      }, COPY_NANOS);
      copies.add(new Copy(bytes, bytes / seconds / 1e9));
      kernels.arena().reset();
    }
    return copies;
  }

  /// Bytes of the copies, smallest first.
  private static List<Long> sizes(long largest) {
    return LongStream.concat(LongStream.iterate(SMALLEST, bytes -> bytes < largest, bytes -> bytes * FACTOR),
        LongStream.of(largest)).boxed().toList();
  }

  /// The better of two measurements with as many threads, rate by rate; with the sizes of the one that has more, since a device's
  /// free memory bounds them.
  static Peaks best(Peaks a, Peaks b) {
    List<Copy> copies = new ArrayList<>(a.copies.size() < b.copies.size() ? b.copies : a.copies);
    for (int i = 0; i < Math.min(a.copies.size(), b.copies.size()); i++) {
      Copy one = a.copies.get(i);
      Copy other = b.copies.get(i);
      if (one.bytes == other.bytes) {
        copies.set(i, one.gigabytes > other.gigabytes ? one : other);
      }
    }
    return new Peaks(a.threads, Math.max(a.gigaflops, b.gigaflops), copies);
  }

  /// For people.
  public String text() {
    return String.format(Locale.ROOT,
        "%.0f GFLOP/s in large products, copies %.1f GB/s in memory, %.1f GB/s in a cache, %s", gigaflops, memory(),
        cache(), Decimals.counted(threads, "thread"));
  }

  /// Copy rate of memory that no cache holds, GB/s.
  public double memory() {
    return copies.getLast().gigabytes;
  }

  /// Copy rate of memory in the fastest cache that is measured, GB/s.
  public double cache() {
    return copies.stream().mapToDouble(Copy::gigabytes).max().orElseThrow();
  }

  /// Rate for a thread's working set, between two measured sizes on a line over the logarithm of the size.
  ///
  /// @param bytes that a thread reads and writes before it comes back to the same ones
  /// @return GB/s of all threads
  public double bandwidth(double bytes) {
    Copy before = copies.getFirst();
    for (Copy copy : copies) {
      if (bytes <= copy.bytes) {
        double position = copy.bytes == before.bytes
            ? 1
            : Math.log(bytes / before.bytes) / Math.log((double) copy.bytes / before.bytes);
        return before.gigabytes + Math.max(0, position) * (copy.gigabytes - before.gigabytes);
      }
      before = copy;
    }
    return before.gigabytes;
  }

  /// GFLOP/s of all workers.
  static double product(Session session, int size) {
    Workers workers = session.workers();
    Backend backend = session.backend();
    List<Runnable> products = new ArrayList<>();
    for (Kernels kernels : workers.kernels()) {
      Array x = backend.allocate(backend.activations(), size, size);
      Array w = backend.allocate(backend.dtype(), size, size);
      Array y = backend.allocate(backend.activations(), size, size);
      kernels.fill(x, 0.5);
      kernels.fill(w, 0.25);
      // Not all alike: multiplying the same numbers again and again takes a processor less power than it takes a model.
      kernels.dropout(x, new DropMask(0.5, RandomStream.of(1, "peak"), 0), Grad.write(x));
      kernels.prepare(w);
      products.add(() -> {
        try (Kernels.Scratch scratch = kernels.scratch()) {
          kernels.linear(x, w, null, y);
        }
      });
    }
    double seconds = best(repeats -> {
      workers.each(products.size(), (kernels, part) -> {
        for (int i = 0; i < repeats; i++) {
          products.get(part).run();
        }
      });
      backend.synchronize();
    }, PRODUCT_NANOS);
    backend.weightsChanged();
    return 2.0 * size * size * size * workers.size() / seconds / 1e9;
  }

  private static Copy copy(ExecutorService pool, int threads, long bytes) {
    try (Arena arena = Arena.ofShared()) {
      List<Runnable> copies = new ArrayList<>();
      for (int thread = 0; thread < threads; thread++) {
        MemorySegment from = arena.allocate(bytes / 2, HostMemory.ALIGNMENT_BYTES);
        MemorySegment to = arena.allocate(bytes / 2, HostMemory.ALIGNMENT_BYTES);
        copies.add(() -> to.copyFrom(from));
      }
      double seconds = best(repeats -> together(pool, copies, repeats), COPY_NANOS);
      return new Copy(bytes, (double) bytes * threads / seconds / 1e9);
    }
  }

  private static void together(ExecutorService pool, List<Runnable> work, int repeats) {
    CompletableFuture.allOf(work.stream().map(one -> CompletableFuture.runAsync(() -> {
      for (int i = 0; i < repeats; i++) {
        one.run();
      }
    }, pool)).toArray(CompletableFuture<?>[]::new)).join();
  }

  /// The best of many times that all threads need for one piece of work each: a peak is what the machine gives when nobody
  /// disturbs it. Work shorter than the threads' meeting is repeated.
  ///
  /// @param work does it so many times
  /// @return seconds of once
  private static double best(IntConsumer work, long nanos) {
    double best = Double.POSITIVE_INFINITY;
    int repeats = 1;
    long end = System.nanoTime() + nanos;
    do {
      long start = System.nanoTime();
      work.accept(repeats);
      double taken = System.nanoTime() - start;
      best = Math.min(best, taken / repeats);
      repeats = taken < MEETING_NANOS ? repeats * 2 : repeats;
    } while (System.nanoTime() < end);
    return best / 1e9;
  }

  /// Bytes of the last caches that so many threads can have, as Linux tells it; 0 where it does not. A processor may have several, each for
  /// some of its cores.
  private static long lastCaches(int threads) {
    String size = lastCache(0, "size").strip();
    long caches = IntStream.iterate(0, cpu -> cpu + 1).mapToObj(cpu -> lastCache(cpu, "shared_cpu_list"))
        .takeWhile(cores -> !cores.isEmpty()).distinct().limit(threads).count();
    return size.matches("\\d{1,9}K") ? 1024 * caches * Long.parseLong(size.substring(0, size.length() - 1)) : 0;
  }

  private static String lastCache(int cpu, String fact) {
    return SystemFiles.read("/sys/devices/system/cpu/cpu" + cpu + "/cache/index3/" + fact);
  }
}

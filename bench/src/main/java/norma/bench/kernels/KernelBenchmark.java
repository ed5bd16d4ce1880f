package norma.bench.kernels;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import norma.array.DType;
import norma.array.HostMemory;
import norma.bench.Calls;
import norma.bench.Operands;
import norma.bench.Size;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// One kernel, and a copy of as many bytes beside it. With several threads each has a backend and a share of the rows of its
/// own, as a worker of a training step has, so that the time of a call is the time of the whole.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class KernelBenchmark {
  /// A name of [Calls].
  @Param("layernorm")
  public String kernel = "";

  /// S or M.
  @Param("S")
  public String size = "";

  /// A name of [HostBackends].
  @Param(HostBackends.DEFINITION)
  public String backend = "";

  /// Among how many threads the rows are divided; JMH runs as many.
  @Param("1")
  public int shares;

  /// Warming up ends when no call was faster than the ones before for so long.
  @Param("3000")
  public int settleMillis;

  private Size share() {
    return Size.of(size).share(shares);
  }

  /// The kernel's arrays, and its compiled code.
  @State(Scope.Thread)
  public static class Prepared {
    /// What calls machine code is compiled too, which takes a busy machine seconds.
    private static final int LEAST_CALLS = 300;

    private Backend backend;
    private Kernels kernels;
    private Runnable work;

    /// Arrays, numbers and warming up.
    @Setup
    public void open(KernelBenchmark parameters) {
      backend = HostBackends.open(parameters.backend);
      kernels = backend.kernels();
      Operands operands = new Operands(backend, kernels);
      work = operands.bind(Calls.of(parameters.kernel, Size.of(parameters.size).sequence()));
      warmUp(parameters.settleMillis);
      work = operands.bind(Calls.of(parameters.kernel, parameters.share()));
    }

    /// With one sequence: before it is compiled, a whole batch of shape M takes minutes.
    private void warmUp(int settleMillis) {
      long best = Long.MAX_VALUE;
      long improved = System.nanoTime();
      for (int calls = 0; calls < LEAST_CALLS || System.nanoTime() - improved < settleMillis * 1_000_000L; calls++) {
        long start = System.nanoTime();
        run();
        long end = System.nanoTime();
        if (end - start < 0.95 * best) {
          best = end - start;
          improved = end;
        }
      }
    }

    void run() {
      try (Kernels.Scratch _ = kernels.scratch()) {
        work.run();
      }
    }

    /// Gives the memory back.
    @TearDown
    public void close() {
      backend.close();
    }
  }

  /// Memory for the copy.
  @State(Scope.Thread)
  public static class Segments {
    private HostMemory from;
    private HostMemory to;

    /// A copy reads as many bytes as it writes: half of what the kernel moves.
    @Setup
    public void open(KernelBenchmark parameters) {
      long floats = Calls.bytes(Calls.of(parameters.kernel, parameters.share())) / 2 / Float.BYTES;
      from = HostMemory.allocate(DType.FLOAT32, floats);
      to = HostMemory.allocate(DType.FLOAT32, floats);
    }

    /// Gives the memory back.
    @TearDown
    public void close() {
      from.close();
      to.close();
    }
  }

  /// The kernel.
  @Benchmark
  public void kernel(Prepared prepared) {
    prepared.run();
  }

  /// A copy that moves as many bytes as the kernel must.
  @Benchmark
  public void copy(Segments segments) {
    MemorySegment from = segments.from.segment();
    MemorySegment.copy(from, 0, segments.to.segment(), 0, from.byteSize());
  }
}

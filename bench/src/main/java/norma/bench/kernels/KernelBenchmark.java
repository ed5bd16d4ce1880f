package norma.bench.kernels;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import norma.array.DType;
import norma.array.HostMemory;
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
  @Param("layerNorm")
  public String kernel = "";

  /// S or M.
  @Param("S")
  public String size = "";

  /// A name of [Backends].
  @Param(Backends.DEFINITION)
  public String backend = "";

  /// Among how many threads the rows are divided; JMH runs as many.
  @Param("1")
  public int shares;

  private Backend opened;
  private Kernels kernels;
  private Runnable work;
  private MemorySegment from;
  private MemorySegment to;

  /// Arrays and numbers.
  @Setup
  public void open() {
    opened = Backends.open(backend);
    Fixture fixture = new Fixture(opened);
    kernels = fixture.kernels();
    Call call = Calls.of(kernel, fixture, Size.of(size).share(shares));
    work = call.work();
    long half = call.bytes() / 2; // a copy reads this many and writes as many
    from = HostMemory.allocate(DType.FLOAT32, half / Float.BYTES).segment();
    to = HostMemory.allocate(DType.FLOAT32, half / Float.BYTES).segment();
  }

  /// Gives the memory back.
  @TearDown
  public void close() {
    opened.close();
  }

  /// The kernel.
  @Benchmark
  public void kernel() {
    try (Kernels.Scratch _ = kernels.scratch()) {
      work.run();
    }
  }

  /// A copy that moves as many bytes as the kernel must.
  @Benchmark
  public void copy() {
    MemorySegment.copy(from, 0, to, 0, from.byteSize());
  }
}

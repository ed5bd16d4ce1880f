package norma.bench;

import static norma.machine.Assembler.at;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import norma.machine.Assembler;
import norma.machine.Assembler.Label;
import norma.machine.Assembler.Register;
import norma.machine.Assembler.Vector;
import norma.machine.Code;
import norma.machine.Cpu;
import norma.machine.Executable;
import norma.machine.InstructionSet;
import norma.machine.RefusedException;
import norma.train.run.RunException;

/// What no product can exceed: the rate of float32 multiply-adds whose operands never leave the registers. This is the only
/// place that knows how it is measured.
public final class Peak {
  /// Milliseconds each, on any CPU: threads need microseconds to meet.
  private static final long ITERATIONS = 2_000_000;
  private static final long NANOS = 2_000_000_000L;
  /// Independent sums: latency 4 times 2 units of current x86 cores are 8; a few more do no harm.
  private static final int SUMS = 12;

  private Peak() {}

  /// GFLOP/s of so many threads together: the best of two seconds, for a peak is what the machine gives when nobody disturbs it.
  ///
  /// @throws RunException if machine code cannot run here
  public static double gigaflops(int threads) {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads); Arena arena = Arena.ofShared()) {
      Cpu cpu = Cpu.here();
      if (!cpu.avx2()) {
        throw new RefusedException("this processor has no AVX2");
      }
      InstructionSet set = cpu.avx512() ? InstructionSet.AVX512 : InstructionSet.AVX2;
      Code code = Executable.of("peak", multiplyAdds(set));
      MemorySegment factor = arena.allocate(ValueLayout.JAVA_FLOAT);
      factor.set(ValueLayout.JAVA_FLOAT, 0, 1e-3f);
      double flops = 2.0 * SUMS * set.lanes() * ITERATIONS * threads;
      Callable<Long> work = () -> code.call(ITERATIONS, factor.address(), 0, 0, 0, 0, 0, 0, 0, 0);
      double best = 0;
      long end = System.nanoTime() + NANOS;
      while (System.nanoTime() < end) {
        long start = System.nanoTime();
        for (Future<Long> done : pool.invokeAll(Collections.nCopies(threads, work))) {
          done.get();
        }
        best = Math.max(best, flops / (System.nanoTime() - start));
      }
      return best;
    } catch (RefusedException e) {
      throw new RunException("the register peak cannot be measured: " + e.reason(), e);
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Called with (iterations, address of a factor).
  private static byte[] multiplyAdds(InstructionSet set) {
    Assembler out = new Assembler(set);
    Vector factor = new Vector(SUMS);
    out.vbroadcastss(factor, at(Register.RSI, 0));
    for (int i = 0; i < SUMS; i++) {
      out.zero(new Vector(i));
    }
    Label again = new Label();
    out.align(32);
    out.bind(again);
    for (int i = 0; i < SUMS; i++) {
      out.vfmadd231ps(new Vector(i), factor, factor);
    }
    out.dec(Register.RDI);
    out.jne(again);
    return out.end();
  }
}

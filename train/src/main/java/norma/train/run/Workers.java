package norma.train.run;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import norma.kernels.Backend;
import norma.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/// Long-lived threads, each with kernels of its own. A task runs on all of them and ends when the last one is done: the only
/// synchronization of a step. Waiting spins for a moment, then gives the processor away, and sleeps when nothing comes.
public final class Workers implements AutoCloseable {
  /// Rounds of waiting before the processor is offered to others: some 10 microseconds.
  private static final int SPINS = 500;
  /// Rounds before sleeping: some milliseconds, longer than the gaps between the tasks of a step.
  private static final int YIELDS = 20_000;
  private static final long NAP_NANOS = 200_000;

  private final List<Kernels> kernels = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final Barrier started = new Barrier();
  private final Barrier[] done;
  private final AtomicInteger next = new AtomicInteger(); // part
  private int parts; // written before `started`, read after it
  private volatile @Nullable Part task;
  private volatile @Nullable Throwable failure;
  private int round;

  /// One of several parts of a task.
  public interface Part {
    /// @param kernels of the worker that has the part
    /// @param part    from 0
    void run(Kernels kernels, int part);
  }

  /// A counter that one thread raises and others wait for.
  private static final class Barrier {
    private volatile int round;

    @SuppressWarnings("ThreadPriorityCheck") // a spare processor is better used than held
    void await(int target) {
      for (int i = 0; round < target; i++) {
        if (i < SPINS) {
          Thread.onSpinWait();
        } else if (i < YIELDS) {
          Thread.yield();
        } else {
          LockSupport.parkNanos(NAP_NANOS);
        }
      }
    }
  }

  /// Starts the backend's workers; the calling thread is the first of them.
  Workers(Backend backend) {
    done = new Barrier[backend.workers()];
    for (int worker = 0; worker < backend.workers(); worker++) {
      kernels.add(backend.kernels());
      done[worker] = new Barrier();
      if (worker > 0) {
        int number = worker;
        threads.add(Thread.ofPlatform().daemon().name("norma-worker-" + worker).start(() -> serve(number)));
      }
    }
  }

  /// Number of workers.
  public int size() {
    return kernels.size();
  }

  /// Kernels of every worker, the calling thread's first.
  public List<Kernels> kernels() {
    return Collections.unmodifiableList(kernels);
  }

  /// Runs every part once, each on the next worker that is free, and returns when all are done. Calls come from one thread.
  public void each(int count, Part work) {
    failure = null;
    parts = count;
    next.set(0);
    task = work;
    round++;
    started.round = round;
    work(0);
    for (int worker = 1; worker < size(); worker++) {
      done[worker].await(round);
    }
    task = null;
    Throwable thrown = failure;
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
    if (thrown instanceof Error e) {
      throw e;
    }
  }

  private void serve(int worker) {
    int served = 0;
    while (true) {
      served++;
      started.await(served);
      if (task == null) {
        return;
      }
      work(worker);
      done[worker].round = served;
    }
  }

  private void work(int worker) {
    Part current = task;
    if (current != null) {
      try {
        for (int part = next.getAndIncrement(); part < parts; part = next.getAndIncrement()) {
          current.run(kernels.get(worker), part);
        }
      } catch (RuntimeException | Error e) {
        failure = e;
      }
    }
  }

  /// Ends the threads.
  @Override
  public void close() {
    task = null;
    round++;
    started.round = round;
    for (Thread thread : threads) {
      boolean interrupted = false;
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
    threads.clear();
  }
}

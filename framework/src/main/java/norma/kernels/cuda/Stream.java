package norma.kernels.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.array.Array;
import norma.kernels.cuda.Launch.Grid;
import norma.kernels.cuda.Launch.Kept;
import org.jspecify.annotations.Nullable;

/// All work of one GPU, in order. Kernels and products are collected, and sent when there are [#MOST] of them or when the host
/// wants to read: one after the other when such a sequence comes for the first time, from its second time on as a CUDA graph, in
/// which the grids and arguments that have changed since (a step's number in a random stream, a learning rate, the length of a
/// text) are replaced. So a training step, or a token of a text, costs the processor some graphs' starts instead of hundreds of
/// kernels', whatever the model, and nobody has to say which steps are alike. The GPU begins with a step's first pieces while the
/// processor collects the next ones.
///
/// For one thread at a time.
final class Stream implements AutoCloseable {
  /// Pieces of work sent together.
  static final int MOST = 64;
  /// Fewer are not worth a graph.
  private static final int FEW = 4;
  /// Graphs kept, those used last: a training step has a handful, a token of a text too, and each length of a prompt its own.
  private static final int GRAPHS = 256;
  /// Sequences that came once.
  private static final int SEEN = 1 << 14;
  private static final int NON_BLOCKING_STREAM = 1;
  private static final long STAGING_BYTES = 4 << 20;

  private final Driver driver;
  private final int device;
  private final long context;
  private final long stream;
  private final Products products;
  private final Arena arena = Arena.ofShared();
  private final Launch[] collected = new Launch[MOST];
  private final MemorySegment staging; // what is being copied to the GPU or from it
  private final Map<Integer, Graph> graphs = new LinkedHashMap<>(16, 0.75f, true); // by the hash of their work
  private final Set<Integer> seen = new HashSet<>();
  private @Nullable Sum deferred;
  private int count;
  private long staged;
  private long user; // the last thread

  /// A sequence of work that was sent before. The graph is kept beside its executable form: its nodes are the names by which that
  /// one's grids and arguments are replaced.
  private record Graph(long graph, long executable, long[] nodes, Kept[] kept) {}

  /// Takes hold of a device.
  Stream(Driver driver, int device) {
    this.driver = driver;
    this.device = device;
    this.context = driver.context(device);
    try {
      this.stream = driver.made("cuStreamCreate", NON_BLOCKING_STREAM);
      this.products = new Products(driver, stream);
      this.staging = driver.allocateHost(STAGING_BYTES);
    } catch (OutOfMemoryError e) {
      release();
      throw new CudaException("the GPU has no memory left even to start: " + e.getMessage()
          + "; nvidia-smi shows who holds it");
    } catch (CudaException e) {
      release();
      throw e;
    }
    for (int i = 0; i < MOST; i++) {
      collected[i] = new Launch(arena);
    }
  }

  /// The next piece of work; its arguments are to be appended.
  ///
  /// @param function the kernel; 0 for a product
  Launch next(long function, Grid grid) {
    use();
    settle();
    if (count == MOST) {
      send();
    }
    return collected[count++].set(function, grid);
  }

  /// `y = a + b`, which the next kernel may make as well, since it reads y at once. If it does not take it, it comes before it.
  ///
  /// @param send makes it with a kernel of its own
  record Sum(Array a, Array b, Array y, Runnable send) {}

  /// Puts a sum off until the next kernel.
  void defer(Sum sum) {
    settle();
    deferred = sum;
  }

  /// The sum that makes this array, if it was put off last and is not done yet: the next kernel does it.
  ///
  /// @param others what that kernel reads besides, perhaps before it has written the sum: it gets none that overlaps them
  @Nullable
  @SuppressWarnings("ReferenceEquality") // the same memory, not equal memory
  Sum take(Array y, List<Array> others) {
    Sum sum = deferred;
    if (sum == null || sum.y.memory() != y.memory() || sum.y.offset() != y.offset() || sum.y.size() != y.size()
        || others.stream().anyMatch(other -> other.memory() == y.memory() && other.offset() < y.offset() + y.size()
            && y.offset() < other.offset() + other.size())) {
      return null;
    }
    deferred = null;
    return sum;
  }

  private void settle() {
    Sum sum = deferred;
    deferred = null;
    if (sum != null) {
      sum.send.run();
    }
  }

  /// Sends everything that was collected.
  void flush() {
    use();
    settle();
    send();
  }

  private void send() {
    leaveOutRefused();
    if (count == 0) {
      return;
    }
    try {
      int hash = count;
      for (int i = 0; i < count; i++) {
        hash = 31 * hash + collected[i].hash();
      }
      Graph graph = graphs.get(hash);
      if (graph != null && repeats(graph)) {
        replaceChanged(graph);
        driver.start(graph.executable, stream);
      } else if (count < FEW || isNew(hash)) {
        for (int i = 0; i < count; i++) {
          sendAlone(collected[i]);
        }
      } else {
        driver.start(remember(hash).executable, stream);
      }
    } finally { // nothing is sent twice
      count = 0;
    }
  }

  private void leaveOutRefused() {
    int whole = 0;
    for (int i = 0; i < count; i++) {
      Launch launch = collected[i];
      if (launch.isWhole()) {
        collected[i] = collected[whole];
        collected[whole++] = launch;
      }
    }
    count = whole;
  }

  private boolean isNew(int hash) {
    if (seen.size() == SEEN) {
      seen.clear();
    }
    return seen.add(hash);
  }

  private boolean repeats(Graph graph) {
    boolean same = graph.kept.length == count;
    for (int i = 0; same && i < count; i++) {
      same = collected[i].repeats(graph.kept[i]);
    }
    return same;
  }

  private void replaceChanged(Graph graph) {
    for (int i = 0; i < count; i++) {
      if (!collected[i].isUnchanged(graph.kept[i])) {
        driver.replace(graph.executable, graph.nodes[i], collected[i]);
        graph.kept[i] = collected[i].kept();
      }
    }
  }

  private void sendAlone(Launch launch) {
    if (launch.isProduct()) {
      products.run(launch);
    } else {
      driver.launch(launch, stream);
    }
  }

  private Graph remember(int hash) {
    if (graphs.size() == GRAPHS) {
      forget(graphs.remove(graphs.keySet().iterator().next()));
    }
    long graph = driver.made("cuGraphCreate", 0);
    long[] nodes = new long[count];
    Kept[] kept = new Kept[count];
    for (int i = 0; i < count; i++) {
      long before = i == 0 ? 0 : nodes[i - 1];
      nodes[i] = collected[i].isProduct()
          ? addProduct(graph, before, collected[i])
          : driver.add(graph, before, collected[i]);
      kept[i] = collected[i].kept();
    }
    Graph remembered = new Graph(graph, driver.made("cuGraphInstantiateWithFlags", graph, 0L), nodes, kept);
    Graph old = graphs.put(hash, remembered);
    if (old != null) { // two sequences of one hash: the later one stays
      forget(old);
    }
    return remembered;
  }

  private void forget(@Nullable Graph graph) {
    if (graph == null) {
      return;
    }
    driver.call("cuGraphExecDestroy", graph.executable);
    driver.call("cuGraphDestroy", graph.graph);
  }

  private long addProduct(long graph, long before, Launch product) {
    long recorded = driver.capture(stream, () -> products.run(product));
    long node = driver.add(graph, before, recorded);
    driver.call("cuGraphDestroy", recorded);
    return node;
  }

  /// Copies to the device after everything before; the source may be changed at once.
  void write(MemorySegment from, long to) {
    flush();
    for (long done = 0; done < from.byteSize(); done += STAGING_BYTES) {
      long bytes = Math.min(STAGING_BYTES, from.byteSize() - done);
      if (staged + bytes > STAGING_BYTES) {
        await();
      }
      MemorySegment part = staging.asSlice(staged, bytes).copyFrom(from.asSlice(done, bytes));
      driver.call("cuMemcpyHtoDAsync_v2", to + done, part, bytes, stream);
      staged += (bytes + 63) / 64 * 64;
    }
  }

  /// Waits for everything before, then copies from the device.
  void read(long from, MemorySegment to) {
    flush();
    for (long done = 0; done < to.byteSize(); done += STAGING_BYTES) {
      long bytes = Math.min(STAGING_BYTES, to.byteSize() - done);
      if (staged + bytes > STAGING_BYTES) {
        await();
      }
      MemorySegment part = staging.asSlice(staged, bytes);
      driver.call("cuMemcpyDtoHAsync_v2", part, from + done, bytes, stream);
      await();
      to.asSlice(done, bytes).copyFrom(part);
    }
  }

  /// Waits for everything.
  void await() {
    flush();
    driver.call("cuStreamSynchronize", stream);
    staged = 0;
  }

  /// Sets 32-bit words after everything before.
  void fill(long address, int word, long words) {
    flush();
    if (words > 0) {
      driver.call("cuMemsetD32Async", address, word, words, stream);
    }
  }

  long allocate(long bytes) {
    use();
    return driver.allocate(Math.max(bytes, Integer.BYTES));
  }

  /// Gives memory back, after everything that uses it.
  void free(long address) {
    flush();
    driver.call("cuMemFree_v2", address);
  }

  /// Bytes of the device's memory that are free.
  long freeBytes() {
    use();
    return driver.free();
  }

  /// Puts an event after everything before.
  void record(long event) {
    flush();
    driver.call("cuEventRecord", event, stream);
  }

  private void release() {
    driver.call("cuDevicePrimaryCtxRelease_v2", device);
  }

  /// A thread other than the one that took hold of the device may call as well.
  void use() {
    long caller = Thread.currentThread().threadId();
    if (user != caller) {
      driver.call("cuCtxSetCurrent", context);
      user = caller;
    }
  }

  /// Waits for everything, and forgets what came before: kernels may then be unloaded.
  void forgetGraphs() {
    await();
    graphs.values().forEach(this::forget);
    graphs.clear();
  }

  @Override
  public void close() {
    forgetGraphs();
    products.close();
    driver.call("cuMemFreeHost", staging);
    driver.call("cuStreamDestroy_v2", stream);
    release();
    arena.close();
  }
}

package norma.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Locale;
import norma.kernels.cuda.Launch.Grid;

/// What Norma calls of the CUDA driver (CUDA Driver API, from version 12.0 on). For one thread at a time.
final class Driver {
  /// CUDA 12.0, as the driver writes it.
  private static final int OLDEST = 12_000;
  private static final int OUT_OF_MEMORY = 2;
  private static final int NO_DEVICE = 100;
  private static final int DEVICE_UNAVAILABLE = 46;
  private static final int THREAD_LOCAL_CAPTURE = 1;
  private static final int BYTES_OF_NODE = 72; // CUDA_KERNEL_NODE_PARAMS_v2

  private final Library library;
  private final MethodHandle launchKernel;
  private final MethodHandle setNodeParameters;
  private final MethodHandle launchGraph;
  private final MemorySegment out = Arena.global().allocate(16, 8); // results of calls
  private final MemorySegment before = Arena.global().allocate(JAVA_LONG);
  private final MemorySegment node = Arena.global().allocate(BYTES_OF_NODE, 8);

  private Driver(Library library) {
    this.library = library;
    launchKernel = library.function("cuLaunchKernel", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
        JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    setNodeParameters = library.function("cuGraphExecKernelNodeSetParams_v2", JAVA_LONG, JAVA_LONG, ADDRESS);
    launchGraph = library.function("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
  }

  /// Finds and starts the driver.
  ///
  /// @throws CudaException if there is none, or none that can be used, or no GPU
  static Driver start() {
    Library library = Library.open(List.of("libcuda.so.1", "libcuda.so"), "").orElseThrow(() -> new CudaException(
        "no NVIDIA driver: libcuda.so.1 was not found; install the driver, or add its folder to LD_LIBRARY_PATH"));
    int version = version(library); // before an old one is asked for functions that it does not have
    if (version < OLDEST) {
      throw new CudaException("NVIDIA's driver is too old: it serves CUDA up to " + dotted(version)
          + "; expected 12.0 or newer: update the driver");
    }
    Driver driver = new Driver(library);
    int result = library.call("cuInit", 0);
    if (result == NO_DEVICE || (result == 0 && driver.made("cuDeviceGetCount") == 0)) {
      String visible = System.getenv("CUDA_VISIBLE_DEVICES");
      throw new CudaException("no GPU: NVIDIA's driver sees none"
          + (visible == null ? "" : " (CUDA_VISIBLE_DEVICES is \"" + visible + "\")"));
    }
    if (result != 0) {
      throw notStarting(library, result);
    }
    return driver;
  }

  private static CudaException notStarting(Library library, int result) {
    return new CudaException("NVIDIA's driver does not start: " + error(library, result)
        + "; does nvidia-smi work? After an update of the driver the machine must be started again");
  }

  /// 12040 is 12.4.
  static String dotted(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  /// Newest CUDA version that the driver serves.
  int version() {
    return version(library);
  }

  private static int version(Library library) {
    MemorySegment version = Arena.global().allocate(JAVA_INT);
    int result = library.call("cuDriverGetVersion", version);
    if (result != 0) { // as by the library that stands for a driver where programs are built
      throw notStarting(library, result);
    }
    return version.get(JAVA_INT, 0);
  }

  /// Calls a function, which CUDA's manual of the driver's interface describes.
  ///
  /// @throws CudaException if it refuses
  void call(String function, Object... arguments) {
    check(library.call(function, arguments), function);
  }

  /// Calls a function that writes a number to the address that is its first argument, which is not given here.
  ///
  /// @return that number
  long made(String function, Object... arguments) {
    out.set(JAVA_LONG, 0, 0); // it may be of 32 bits
    Object[] all = new Object[arguments.length + 1];
    all[0] = out;
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    call(function, all);
    return out.get(JAVA_LONG, 0);
  }

  /// What it is called.
  String name(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(256);
      call("cuDeviceGetName", text, (int) text.byteSize(), device);
      return text.getString(0);
    }
  }

  /// The device's context, for the calling thread too.
  ///
  /// @throws CudaException if another process holds the device, or all of its memory
  long context(int device) {
    int result = library.call("cuDevicePrimaryCtxRetain", out, device);
    if (result == DEVICE_UNAVAILABLE) {
      throw new CudaException("GPU " + device + " (" + name(device)
          + ") is busy: another process has it for itself; nvidia-smi shows which");
    }
    if (result == OUT_OF_MEMORY) {
      throw new CudaException("GPU " + device + " (" + name(device)
          + ") has no memory left even to start; nvidia-smi shows who holds it");
    }
    check(result, "cuDevicePrimaryCtxRetain");
    long context = out.get(JAVA_LONG, 0);
    call("cuCtxSetCurrent", context);
    return context;
  }

  /// Bytes of device memory that are free.
  long free() {
    return made("cuMemGetInfo_v2", out.asSlice(8));
  }

  /// Device memory, with undefined contents.
  ///
  /// @throws OutOfMemoryError with what was asked for and what there is
  long allocate(long bytes) {
    int result = library.call("cuMemAlloc_v2", out, bytes);
    if (result == OUT_OF_MEMORY) {
      throw new OutOfMemoryError(
          String.format(Locale.ROOT, "%d MiB of GPU memory were asked for, %d are free", bytes >> 20, free() >> 20));
    }
    check(result, "cuMemAlloc");
    return out.get(JAVA_LONG, 0);
  }

  /// Host memory that the device copies from and to directly.
  @SuppressWarnings("restricted") // as many bytes as were asked for
  MemorySegment allocateHost(long bytes) {
    return MemorySegment.ofAddress(made("cuMemHostAlloc", bytes, 0)).reinterpret(bytes);
  }

  /// What is sent to the stream meanwhile is recorded instead.
  ///
  /// @return the graph of what was recorded
  long capture(long stream, Runnable work) {
    call("cuStreamBeginCapture_v2", stream, THREAD_LOCAL_CAPTURE);
    try {
      work.run();
    } catch (RuntimeException | Error e) { // the reason to tell: the end of such a capture may be refused as well
      if (library.call("cuStreamEndCapture", stream, out) == 0) {
        library.call("cuGraphDestroy", out.get(JAVA_LONG, 0));
      }
      throw e;
    }
    call("cuStreamEndCapture", stream, out);
    return out.get(JAVA_LONG, 0);
  }

  /// A kernel of a module.
  long function(long module, String name) {
    try (Arena arena = Arena.ofConfined()) {
      check(library.call("cuModuleGetFunction", out, module, arena.allocateFrom(name)),
          "cuModuleGetFunction(" + name + ")");
      return out.get(JAVA_LONG, 0);
    }
  }

  /// Starts a kernel, in the order of the stream.
  void launch(Launch kernel, long stream) {
    Grid grid = kernel.grid();
    check(Library.result(() -> (int) launchKernel.invokeExact(kernel.function(), grid.x(), grid.y(), 1, grid.threads(),
        1, 1, 0, stream, kernel.parameters(), MemorySegment.NULL)), "cuLaunchKernel");
  }

  /// Adds a kernel to a graph, after another node.
  ///
  /// @param after the node before it, or 0
  long add(long graph, long after, Launch kernel) {
    describe(kernel);
    return add("cuGraphAddKernelNode_v2", graph, after, node);
  }

  /// Adds a whole graph, of which a copy is made, after another node.
  long add(long graph, long after, long child) {
    return add("cuGraphAddChildGraphNode", graph, after, child);
  }

  private long add(String function, long graph, long after, Object what) {
    before.set(JAVA_LONG, 0, after);
    return made(function, graph, before, after == 0 ? 0L : 1L, what);
  }

  /// Gives a kernel another grid and other arguments from the graph's next start on.
  void replace(long executable, long ofNode, Launch kernel) {
    describe(kernel);
    check(Library.result(() -> (int) setNodeParameters.invokeExact(executable, ofNode, node)),
        "cuGraphExecKernelNodeSetParams");
  }

  /// Starts a graph, in the order of the stream.
  void start(long executable, long stream) {
    check(Library.result(() -> (int) launchGraph.invokeExact(executable, stream)), "cuGraphLaunch");
  }

  private void describe(Launch kernel) {
    Grid grid = kernel.grid();
    node.set(JAVA_LONG, 0, kernel.function());
    node.set(JAVA_INT, 8, grid.x());
    node.set(JAVA_INT, 12, grid.y());
    node.set(JAVA_INT, 16, 1);
    node.set(JAVA_INT, 20, grid.threads());
    node.set(JAVA_INT, 24, 1);
    node.set(JAVA_INT, 28, 1);
    node.set(JAVA_INT, 32, 0);
    node.set(ADDRESS, 40, kernel.parameters()); // the rest stays 0
  }

  private void check(int result, String function) {
    if (result != 0) {
      throw new CudaException(
          "the GPU's driver refused " + function.replaceFirst("_v2$", "") + ": " + error(library, result));
    }
  }

  /// Name and meaning of an error.
  private static String error(Library library, int result) {
    MemorySegment text = Arena.global().allocate(ADDRESS);
    String name = library.call("cuGetErrorName", result, text) == 0 ? Library.text(text) : "error " + result;
    return library.call("cuGetErrorString", result, text) == 0 ? name + " (" + Library.text(text) + ")" : name;
  }
}

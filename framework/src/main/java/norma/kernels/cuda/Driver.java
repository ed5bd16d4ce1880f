package norma.kernels.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
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
  private static final int NON_BLOCKING_STREAM = 1;
  private static final int THREAD_LOCAL_CAPTURE = 1;
  private static final int BYTES_OF_NODE = 72; // CUDA_KERNEL_NODE_PARAMS_v2

  private final Library library;
  private final MethodHandle launchKernel;
  private final MethodHandle setNodeParameters;
  private final MethodHandle launchGraph;
  private final MethodHandle toDevice;
  private final MethodHandle toHost;
  private final MemorySegment out = Arena.global().allocate(16, 8); // results of calls
  private final MemorySegment node = Arena.global().allocate(BYTES_OF_NODE, 8);

  private Driver(Library library) {
    this.library = library;
    launchKernel = library.function("cuLaunchKernel", JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
        JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS, ADDRESS);
    setNodeParameters = library.function("cuGraphExecKernelNodeSetParams_v2", JAVA_LONG, JAVA_LONG, ADDRESS);
    launchGraph = library.function("cuGraphLaunch", JAVA_LONG, JAVA_LONG);
    toDevice = library.function("cuMemcpyHtoDAsync_v2", JAVA_LONG, ADDRESS, JAVA_LONG, JAVA_LONG);
    toHost = library.function("cuMemcpyDtoHAsync_v2", ADDRESS, JAVA_LONG, JAVA_LONG, JAVA_LONG);
  }

  /// Finds and starts the driver.
  ///
  /// @throws CudaException if there is none, or none that can be used, or no GPU
  static Driver start() {
    Library library = Library.open(List.of("libcuda.so.1", "libcuda.so")).orElseThrow(() -> new CudaException(
        "no NVIDIA driver: libcuda.so.1 was not found; install the driver, or add its folder to LD_LIBRARY_PATH"));
    int version = version(library); // before an old one is asked for functions that it does not have
    if (version < OLDEST) {
      throw new CudaException("NVIDIA's driver is too old: it serves CUDA up to " + dotted(version)
          + "; expected 12.0 or newer: update the driver");
    }
    Driver driver = new Driver(library);
    int result = library.call("cuInit", 0);
    if (result == NO_DEVICE || (result == 0 && driver.devices() == 0)) {
      String visible = System.getenv("CUDA_VISIBLE_DEVICES");
      throw new CudaException("no GPU: NVIDIA's driver sees none"
          + (visible == null ? "" : " (CUDA_VISIBLE_DEVICES is \"" + visible + "\")"));
    }
    if (result != 0) {
      throw new CudaException("NVIDIA's driver does not start: " + driver.error(result)
          + "; does nvidia-smi work? After an update of the driver the machine must be started again");
    }
    return driver;
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
    return library.call("cuDriverGetVersion", version) == 0 ? version.get(JAVA_INT, 0) : 0;
  }

  private int devices() {
    check(library.call("cuDeviceGetCount", out), "cuDeviceGetCount");
    return out.get(JAVA_INT, 0);
  }

  /// The device with this number.
  int device(int number) {
    check(library.call("cuDeviceGet", out, number), "cuDeviceGet");
    return out.get(JAVA_INT, 0);
  }

  /// What it is called.
  String name(int device) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocate(256);
      check(library.call("cuDeviceGetName", text, (int) text.byteSize(), device), "cuDeviceGetName");
      return text.getString(0);
    }
  }

  /// Bytes of its memory.
  long memory(int device) {
    check(library.call("cuDeviceTotalMem_v2", out, device), "cuDeviceTotalMem");
    return out.get(JAVA_LONG, 0);
  }

  /// A CUdevice_attribute.
  int attribute(int device, int attribute) {
    check(library.call("cuDeviceGetAttribute", out, attribute, device), "cuDeviceGetAttribute");
    return out.get(JAVA_INT, 0);
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
    use(context);
    return context;
  }

  /// Makes a context the calling thread's.
  void use(long context) {
    check(library.call("cuCtxSetCurrent", context), "cuCtxSetCurrent");
  }

  void release(int device) {
    check(library.call("cuDevicePrimaryCtxRelease_v2", device), "cuDevicePrimaryCtxRelease");
  }

  /// Bytes of device memory that are free.
  long free() {
    check(library.call("cuMemGetInfo_v2", out, out.asSlice(8)), "cuMemGetInfo");
    return out.get(JAVA_LONG, 0);
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

  void free(long address) {
    check(library.call("cuMemFree_v2", address), "cuMemFree");
  }

  /// Host memory that the device copies from and to directly.
  @SuppressWarnings("restricted") // as many bytes as were asked for
  MemorySegment allocateHost(long bytes) {
    check(library.call("cuMemHostAlloc", out, bytes, 0), "cuMemHostAlloc");
    return out.get(ADDRESS, 0).reinterpret(bytes);
  }

  void freeHost(MemorySegment memory) {
    check(library.call("cuMemFreeHost", memory), "cuMemFreeHost");
  }

  /// Copies to the device, in the order of the stream.
  void copy(MemorySegment from, long to, long bytes, long stream) {
    try {
      check((int) toDevice.invokeExact(to, from, bytes, stream), "cuMemcpyHtoDAsync");
    } catch (Throwable e) {
      throw Library.thrown(e);
    }
  }

  /// Copies from the device, in the order of the stream.
  void copy(long from, MemorySegment to, long bytes, long stream) {
    try {
      check((int) toHost.invokeExact(to, from, bytes, stream), "cuMemcpyDtoHAsync");
    } catch (Throwable e) {
      throw Library.thrown(e);
    }
  }

  /// Sets 32-bit words, in the order of the stream.
  void fill(long address, int word, long words, long stream) {
    check(library.call("cuMemsetD32Async", address, word, words, stream), "cuMemsetD32Async");
  }

  long stream() {
    check(library.call("cuStreamCreate", out, NON_BLOCKING_STREAM), "cuStreamCreate");
    return out.get(JAVA_LONG, 0);
  }

  void closeStream(long stream) {
    check(library.call("cuStreamDestroy_v2", stream), "cuStreamDestroy");
  }

  /// Waits for everything in the stream.
  void await(long stream) {
    check(library.call("cuStreamSynchronize", stream), "cuStreamSynchronize");
  }

  /// What is sent to the stream from now on is recorded instead.
  void beginCapture(long stream) {
    check(library.call("cuStreamBeginCapture_v2", stream, THREAD_LOCAL_CAPTURE), "cuStreamBeginCapture");
  }

  /// @return the graph of what was recorded
  long endCapture(long stream) {
    check(library.call("cuStreamEndCapture", stream, out), "cuStreamEndCapture");
    return out.get(JAVA_LONG, 0);
  }

  /// Machine code for the device.
  long module(MemorySegment image) {
    check(library.call("cuModuleLoadData", out, image), "cuModuleLoadData");
    return out.get(JAVA_LONG, 0);
  }

  void unload(long module) {
    check(library.call("cuModuleUnload", module), "cuModuleUnload");
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
    try {
      check((int) launchKernel.invokeExact(kernel.function(), grid.x(), grid.y(), 1, grid.threads(), 1, 1,
          0, stream, kernel.parameters(), MemorySegment.NULL), "cuLaunchKernel");
    } catch (Throwable e) {
      throw Library.thrown(e);
    }
  }

  long graph() {
    check(library.call("cuGraphCreate", out, 0), "cuGraphCreate");
    return out.get(JAVA_LONG, 0);
  }

  /// Adds a kernel after another node.
  ///
  /// @param after the node before it, or 0
  long add(long graph, long after, Launch kernel) {
    describe(kernel);
    try (Arena arena = Arena.ofConfined()) {
      check(library.call("cuGraphAddKernelNode_v2", out, graph, arena.allocateFrom(JAVA_LONG, after),
          after == 0 ? 0L : 1L, node), "cuGraphAddKernelNode");
      return out.get(JAVA_LONG, 0);
    }
  }

  /// Adds a whole graph, of which a copy is made, after another node.
  long add(long graph, long after, long child) {
    try (Arena arena = Arena.ofConfined()) {
      check(library.call("cuGraphAddChildGraphNode", out, graph, arena.allocateFrom(JAVA_LONG, after),
          after == 0 ? 0L : 1L, child), "cuGraphAddChildGraphNode");
      return out.get(JAVA_LONG, 0);
    }
  }

  void closeGraph(long graph) {
    check(library.call("cuGraphDestroy", graph), "cuGraphDestroy");
  }

  /// A graph that can be started.
  long executable(long graph) {
    check(library.call("cuGraphInstantiateWithFlags", out, graph, 0L), "cuGraphInstantiate");
    return out.get(JAVA_LONG, 0);
  }

  void closeExecutable(long executable) {
    check(library.call("cuGraphExecDestroy", executable), "cuGraphExecDestroy");
  }

  /// Gives a kernel other arguments from the graph's next start on.
  void setArguments(long executable, long ofNode, Launch kernel) {
    describe(kernel);
    try {
      check((int) setNodeParameters.invokeExact(executable, ofNode, node), "cuGraphExecKernelNodeSetParams");
    } catch (Throwable e) {
      throw Library.thrown(e);
    }
  }

  /// Starts a graph, in the order of the stream.
  void start(long executable, long stream) {
    try {
      check((int) launchGraph.invokeExact(executable, stream), "cuGraphLaunch");
    } catch (Throwable e) {
      throw Library.thrown(e);
    }
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

  long event() {
    check(library.call("cuEventCreate", out, 0), "cuEventCreate");
    return out.get(JAVA_LONG, 0);
  }

  void closeEvent(long event) {
    check(library.call("cuEventDestroy_v2", event), "cuEventDestroy");
  }

  void record(long event, long stream) {
    check(library.call("cuEventRecord", event, stream), "cuEventRecord");
  }

  void awaitEvent(long event) {
    check(library.call("cuEventSynchronize", event), "cuEventSynchronize");
  }

  /// Milliseconds from one event to another.
  double milliseconds(long from, long to) {
    check(library.call("cuEventElapsedTime", out, from, to), "cuEventElapsedTime");
    return out.get(JAVA_FLOAT, 0);
  }

  private void check(int result, String function) {
    if (result != 0) {
      throw new CudaException("the GPU's driver refused " + function + ": " + error(result));
    }
  }

  /// Name and meaning of an error.
  private String error(int result) {
    MemorySegment text = Arena.global().allocate(ADDRESS);
    String name = library.call("cuGetErrorName", result, text) == 0 ? Library.text(text) : "error " + result;
    return library.call("cuGetErrorString", result, text) == 0 ? name + " (" + Library.text(text) + ")" : name;
  }
}

// Checks the emulated driver, NVRTC and cuBLAS.
#pragma once
#include "checks.h"
#include "interface.h"

static const char* const SOURCE = R"(#include "numbers.cuh"
#include "hardware.cuh"
extern "C" __global__ void __launch_bounds__(THREADS) affine(float* x, signed char sign, Line line, long long n) {
  for (long long i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    x[i] = x[i] * (float)line.factor * sign + line.shift;
  }
}
extern "C" __global__ void sums(const float* x, float* out) {
  __shared__ float part[128];
  part[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0) out[blockIdx.x] = part[0];
}
template <int N>
static __device__ void put(float* x) {
  x[N] = N;
}
extern "C" __global__ void put(float* x, long long i) {
  x[i] = 1;
}
)";

static const char* const HEADER = R"(#pragma once
const int THREADS = 2 * HALF;
struct Line {
  double factor;
  float shift;
};
)";

struct Compiled {
  int result;
  std::string log;
  std::vector<char> image;
};

static Compiled compile(const std::string& source, std::vector<const char*> options) {
  void* program;
  const char* headers[] = {HEADER, "what only PTX can do"};
  const char* names[] = {"numbers.cuh", "hardware.cuh"};
  Compiled all;
  nvrtcCreateProgram(&program, source.c_str(), "test.cu", 2, headers, names);
  all.result = nvrtcCompileProgram(program, (int)options.size(), options.data());
  size_t bytes;
  nvrtcGetProgramLogSize(program, &bytes);
  all.log.resize(bytes);
  nvrtcGetProgramLog(program, &all.log[0]);
  nvrtcGetCUBINSize(program, &bytes);
  all.image.resize(bytes);
  nvrtcGetCUBIN(program, all.image.data());
  CHECK(nvrtcDestroyProgram(&program) == 0 && !program, "a program can be destroyed");
  return all;
}

static void* context;
static void* stream;
static void* module_handle;
static void* affine;
static void* sums;
static void* put;

static uintptr_t array(size_t bytes) {
  uintptr_t at = 0;
  CHECK(cuMemAlloc_v2(&at, bytes) == 0, "an array can be allocated");
  return at;
}

static void set(uintptr_t to, const std::vector<float>& x) {
  CHECK(cuMemcpyHtoDAsync_v2(to, x.data(), x.size() * 4, stream) == 0, "numbers can be copied to the device");
}

static std::vector<float> get(uintptr_t from, size_t n) {
  std::vector<float> x(n);
  CHECK(cuMemcpyDtoHAsync_v2(x.data(), from, n * 4, stream) == 0, "numbers can be copied from the device");
  cuStreamSynchronize(stream);
  return x;
}

struct Line {
  double factor;
  float shift;
};

// affine's parameters: x = factor x + shift.
struct Affine {
  uintptr_t x;
  signed char sign;  // char has none on aarch64
  Line line;
  long long n;
  void* pointers[4] = {&x, &sign, &line, &n};

  Affine(uintptr_t x, double factor, float shift, long long n) : x(x), sign(-1), line{-factor, shift}, n(n) {}
  Affine(const Affine&) = delete;

  int launch(unsigned threads = 64, unsigned shared = 0) {
    return cuLaunchKernel(affine, 2, 1, 1, threads, 1, 1, shared, stream, pointers, nullptr);
  }

  KernelNodeParams node() {
    return {affine, 2, 1, 1, 64, 1, 1, 0, pointers, nullptr, nullptr, nullptr};
  }
};

static void before_a_context() {
  void* unused;
  uintptr_t at;
  int count;
  CHECK(cuDeviceGetCount(&count) == 3, "before cuInit nothing is initialized");
  setenv("NORMA_EMULATOR", "init=999", 1);
  CHECK(cuInit(0) == 999, "cuInit returns what the settings say");
  setenv("NORMA_EMULATOR", "driver=11040,devices=0", 1);
  CHECK(cuDriverGetVersion(&count) == 0 && count == 11040, "the driver's version is the settings'");
  CHECK(cuInit(0) == 0 && cuDeviceGetCount(&count) == 0 && count == 0, "a machine may have no device");
  CHECK(cuDevicePrimaryCtxRetain(&unused, 0) == 101, "what is not there gives no context");
  setenv("NORMA_EMULATOR", "context=46", 1);
  CHECK(cuInit(0) == 0 && cuDevicePrimaryCtxRetain(&unused, 0) == 46, "a device may be busy");
  setenv("NORMA_EMULATOR", "memory=1048576,capability=90", 1);
  CHECK(cuInit(0) == 0 && cuMemAlloc_v2(&at, 4) == 201, "without a current context there is no memory");
  CHECK(cuDevicePrimaryCtxRetain(&context, 0) == 0 && cuCtxSetCurrent(context) == 0, "a context becomes current");
  CHECK(cuDeviceGetAttribute(&count, 75, 0) == 0 && count == 9, "the capability is the settings'");
  CHECK(cuStreamCreate(&stream, 1) == 0, "a stream can be created");
  const char* name;
  CHECK(cuGetErrorName(201, &name) == 0 && name == std::string("CUDA_ERROR_INVALID_CONTEXT"), "errors have names");
  CHECK(cuGetErrorName(12345, &name) == 1 && !name, "other numbers have none");
}

static void compiler() {
  Compiled good = compile(SOURCE, {"--gpu-architecture=sm_90", "-DHALF=64", "--std=c++17"});
  CHECK(good.result == 0 && good.log.size() == 1, "kernels compile without a word");
  Compiled bad = compile(std::string(SOURCE) + "nonsense;\n", {"--gpu-architecture=sm_90", "-DHALF=64"});
  CHECK(bad.result == 6 && contains(bad.log, "test.cu:25:"), "an error has its line");
  CHECK(compile("#include <math.h>\n", {}).result == 6, "there are no headers but those given");
  CHECK(compile(SOURCE, {"--fast"}).result == 5 && compile(SOURCE, {"-arch=sm_35"}).result == 5, "options are checked");
  void* other;
  CHECK(cuModuleLoadData(&module_handle, good.image.data()) == 0, "an image can be loaded");
  CHECK(cuModuleLoadData(&other, "no image, but some words, as many as a header has at least, or more") == 200,
        "words cannot");
  Compiled older = compile(SOURCE, {"--gpu-architecture=sm_86", "-DHALF=64"});
  const int expected[][2] = {{90, 209}, {80, 209}, {89, 0}};
  for (auto [capability, result] : expected) {
    setenv("NORMA_EMULATOR", ("memory=1048576,capability=" + std::to_string(capability)).c_str(), 1);
    cuInit(0);
    CHECK(cuModuleLoadData(&other, older.image.data()) == result, "an image is for its major version, upwards");
  }
  CHECK(cuModuleUnload(other) == 0, "an image can be unloaded");
  setenv("NORMA_EMULATOR", "memory=1048576", 1);
  cuInit(0);
  auto find = [](void** kernel, const char* name) { return cuModuleGetFunction(kernel, module_handle, name); };
  CHECK(!find(&affine, "affine") && !find(&sums, "sums") && !find(&put, "put"), "an image has its kernels");
  CHECK(find(&other, "afine") == 500, "and no others");
}

static void launches() {
  uintptr_t x = array(4 * 300), out = array(4 * 2);
  bool fresh = true;
  for (float number : get(x, 300)) fresh &= std::isnan(number);
  CHECK(fresh, "fresh memory is NaN");
  set(x, std::vector<float>(300, 3));
  CHECK(Affine(x, 2, 1, 299).launch() == 0, "a kernel with parameters of several sizes runs");
  std::vector<float> y = get(x, 300);
  CHECK(y[0] == 7 && y[298] == 7 && y[299] == 3, "and does what it says");
  void* values[] = {&x, &out};
  CHECK(cuLaunchKernel(sums, 2, 1, 1, 128, 1, 1, 0, stream, values, nullptr) == 0 && get(out, 2)[1] == 128 * 7,
        "a block adds up in shared memory");
  CHECK(Affine(x, 2, 1, 0).launch(129) == 701 && Affine(x, 2, 1, 0).launch(1025) == 1, "too many threads do not run");
  CHECK(Affine(x, 2, 1, 0).launch(64, 4) == 1, "nor does dynamic shared memory, which no kernel has");
  CHECK(cuLaunchKernel(stream, 1, 1, 1, 1, 1, 1, 0, stream, values, nullptr) == 400, "a stream is no kernel");
  CHECK(cuLaunchKernel(put, 1, 1, 1, 1, 1, 1, 0, put, values, nullptr) == 400, "a kernel is no stream");
  CHECK(cuLaunchKernel(put, 0, 1, 1, 1, 1, 1, 0, stream, values, nullptr) == 1, "a grid has a block");
  for (uintptr_t each : {x, out}) cuMemFree_v2(each);
}

static int put_at(uintptr_t x, long long i) {
  void* values[] = {&x, &i};
  return cuLaunchKernel(put, 1, 1, 1, 1, 1, 1, 0, stream, values, nullptr);
}

static void memory() {
  uintptr_t x = array(1024);
  CHECK(x % 256 == 0, "arrays are aligned");
  CHECK(signal_of([=] { put_at(x, 255); }) == 0, "a kernel may write the last element");
  CHECK(signal_of([=] { put_at(x, 256); }) == SIGSEGV, "the one behind ends the process");
  CHECK(signal_of([=] { put_at(x, -1025); }) == SIGSEGV, "so does what is before the array");
  CHECK(signal_of([] {
          uintptr_t odd = array(100);
          put_at(odd, 25);
          cuMemFree_v2(odd);
        }) == SIGABRT,
        "a write into the rest of the last 256 bytes is noticed at last");
  float host[300] = {};
  CHECK(cuMemcpyHtoDAsync_v2(x, host, 1028, stream) == 1 && cuMemcpyDtoHAsync_v2(host, x - 4, 8, stream) == 1,
        "copies stay inside of an array");
  CHECK(cuMemsetD32Async(x + 4, 7, 256, stream) == 1 && cuMemsetD32Async(x + 2, 7, 1, stream) == 1, "so do fills");
  CHECK(cuMemsetD32Async(x, 0x3f800000, 256, stream) == 0 && get(x, 256)[255] == 1, "a fill fills");
  uintptr_t large;
  size_t left, total;
  CHECK(cuMemAlloc_v2(&large, 1 << 20) == 2, "memory has an end");
  CHECK(cuMemGetInfo_v2(&left, &total) == 0 && total == 1 << 20 && left == total - 1024, "what is left is known");
  CHECK(cuMemFree_v2(x + 256) == 1 && cuMemFree_v2(x) == 0 && cuMemFree_v2(x) == 1, "an array is freed once");
  CHECK(cuMemcpyDtoHAsync_v2(host, x, 4, stream) == 1, "and then gone");
  void* pinned;
  CHECK(cuMemHostAlloc(&pinned, 64, 0) == 0 && cuMemFreeHost(pinned) == 0 && cuMemFreeHost(pinned) == 1,
        "so is memory of the host");
}

static void gemm() {
  void* handle;
  CHECK(cublasCreate_v2(&handle) == 0 && cublasSetStream_v2(handle, stream) == 0, "cuBLAS can be had");
  const int m = 9, n = 5, k = 7, stride = 11, R_32F = 0, R_16BF = 14;
  uintptr_t a = array(stride * stride * 4), b = array(stride * stride * 4), c = array(stride * stride * 4);
  auto element = [](const std::vector<float>& x, int type, int i) {
    return type == R_32F ? x[i] : to_float(((const bf16*)x.data())[i]);
  };
  auto fill = [&](uintptr_t to, int type) {
    std::vector<float> x(stride * stride);
    for (int i = 0; i < stride * stride; i++) {
      if (type == R_32F) x[i] = random_number();
      if (type == R_16BF) ((bf16*)x.data())[i] = to_bf16(random_number());
    }
    set(to, x);
    return x;
  };
  const int types[3][2] = {{R_32F, R_32F}, {R_16BF, R_32F}, {R_16BF, R_16BF}};
  bool ok = true;
  for (int i = 0; i < 24; i++) {
    int ta = i & 1, tb = i >> 1 & 1, in = types[i / 8][0], out = types[i / 8][1];
    float alpha = 0.5f, beta = i & 4 ? 2.0f : 0.0f;
    std::vector<float> x = fill(a, in), y = fill(b, in), z = fill(c, out);
    if (beta == 0) cuMemsetD32Async(c, 0xffffffff, stride * stride, stream);
    ok &= cublasGemmEx(handle, ta, tb, m, n, k, &alpha, (void*)a, in, stride, (void*)b, in, stride, &beta, (void*)c,
                       out, stride, 68, -1) == 0;
    std::vector<float> got = get(c, stride * stride);
    for (int row = 0; row < m; row++) {
      for (int column = 0; column < n; column++) {
        double sum = 0;
        for (int j = 0; j < k; j++) {
          sum += (double)element(x, in, ta ? row * stride + j : j * stride + row) *
                 element(y, in, tb ? j * stride + column : column * stride + j);
        }
        int at = column * stride + row;
        double expected = alpha * sum + (beta == 0 ? 0 : beta * element(z, out, at));
        ok &= std::abs(element(got, out, at) - expected) < (out == R_32F ? 1e-5 : 2e-2);
      }
    }
  }
  CHECK(ok, "products are right for all transpositions, types and strides, and beta 0 does not read");
  // By rows, (m, n) = (m, k) (k, n): as columns, the transposed product with the operands exchanged.
  float one = 1, zero = 0;
  set(a, {1, 2, 3, 4, 5, 6});
  set(b, {1, 0, 2, 0, 1, 1});
  CHECK(cublasGemmEx(handle, 0, 0, 2, 2, 3, &one, (void*)b, 0, 2, (void*)a, 0, 3, &zero, (void*)c, 0, 2, 68, -1) == 0 &&
            get(c, 4) == std::vector<float>({8, 3, 20, 6}),
        "a product by rows is the exchanged product by columns");
  set(a, {1 + 1.0f / 2048});
  set(b, {1 + 3.0f / 2048});
  CHECK(cublasGemmEx(handle, 0, 0, 1, 1, 1, &one, (void*)a, 0, 1, (void*)b, 0, 1, &zero, (void*)c, 0, 1, 77, -1) == 0 &&
            get(c, 1)[0] == 1 + 2.0f / 1024,
        "TF32 has ten bits, halves to even");
  auto product = [&](int stride_a, void* to, int type, int compute) {
    return cublasGemmEx(handle, 0, 0, 3, 3, 3, &one, (void*)a, type, stride_a, (void*)b, 0, 3, &zero, to, 0, 3, compute,
                        -1);
  };
  CHECK(product(2, (void*)c, 0, 68) == 7, "a column is not shorter than the matrix is high");
  CHECK(product(3, (void*)(c + 460), 0, 68) == 13, "operands stay inside of their arrays");
  CHECK(product(3, (void*)c, 14, 68) == 15 && product(3, (void*)c, 0, 64) == 15, "other types are not known");
  CHECK(cublasDestroy_v2(handle) == 0 && product(3, (void*)c, 0, 68) == 1, "a destroyed handle is not initialized");
  for (uintptr_t x : {a, b, c}) cuMemFree_v2(x);
}

static void kernel_graphs() {
  uintptr_t x = array(4);
  void *graph, *other, *first, *second, *child, *ignored, *executable, *captured;
  Affine twice(x, 2, 0, 1), plus(x, 1, 1, 1), thrice(x, 3, 0, 1);
  KernelNodeParams twice_node = twice.node(), plus_node = plus.node();
  cuGraphCreate(&graph, 0);
  cuGraphCreate(&other, 0);
  CHECK(cuGraphAddKernelNode_v2(&first, graph, nullptr, 0, &twice_node) == 0 &&
            cuGraphAddKernelNode_v2(&second, graph, &first, 1, &plus_node) == 0,
        "a graph of two kernels");
  CHECK(cuGraphAddKernelNode_v2(&ignored, other, &first, 1, &twice_node) == 1, "depends on its own nodes alone");
  CHECK(cuStreamBeginCapture_v2(stream, 0) == 0 && thrice.launch() == 0 && plus.launch() == 0, "a stream captures");
  CHECK(cuMemcpyHtoDAsync_v2(x, &x, 4, stream) == 900 && plus.launch() == 901, "no copies of the host's memory");
  CHECK(cuStreamEndCapture(stream, &captured) == 901 && !captured, "which end the capture");
  cuStreamBeginCapture_v2(stream, 0);
  thrice.launch();
  plus.launch();
  CHECK(cuStreamEndCapture(stream, &captured) == 0 && captured, "but kernels");
  CHECK(cuGraphAddChildGraphNode(&child, graph, &second, 1, captured) == 0 && cuGraphDestroy(captured) == 0,
        "what was captured becomes a part of the graph");
  CHECK(cuGraphInstantiateWithFlags(&executable, graph, 0) == 0, "a graph becomes executable");
  twice.line.factor = 100;  // parameters were copied
  set(x, {5});
  CHECK(cuGraphLaunch(executable, stream) == 0 && get(x, 1)[0] == (5 * 2 + 1) * 3 + 1, "and runs in order");
  Affine changed(x, 1, 7, 1);
  KernelNodeParams changed_node = changed.node();
  CHECK(cuGraphExecKernelNodeSetParams_v2(executable, first, &changed_node) == 0, "a kernel can be changed");
  set(x, {5});
  CHECK(cuGraphLaunch(executable, stream) == 0 && get(x, 1)[0] == (5 + 7 + 1) * 3 + 1, "in the executable graph");
  CHECK(cuGraphExecKernelNodeSetParams_v2(executable, child, &changed_node) == 1, "no other node can");
  cuGraphAddKernelNode_v2(&ignored, other, nullptr, 0, &plus_node);
  CHECK(cuGraphExecKernelNodeSetParams_v2(executable, ignored, &changed_node) == 1, "nor another graph's");
  cuGraphAddKernelNode_v2(&ignored, other, nullptr, 0, &changed_node);
  cuGraphAddKernelNode_v2(&ignored, other, nullptr, 0, &twice_node);
  void* unordered;
  cuGraphInstantiateWithFlags(&unordered, other, 0);
  set(x, {1});
  CHECK(cuGraphLaunch(unordered, stream) == 0 && get(x, 1)[0] != (1 + 1 + 7) * -100, "order needs dependencies");
  CHECK(cuGraphDestroy(graph) == 0 && cuGraphExecKernelNodeSetParams_v2(executable, first, &changed_node) == 1,
        "nodes end with their graph");
  set(x, {5});
  CHECK(cuGraphLaunch(executable, stream) == 0 && get(x, 1)[0] == 40, "the executable graph does not");
  CHECK(cuGraphExecDestroy(executable) == 0 && cuGraphLaunch(executable, stream) == 400, "until it is destroyed");
  cuMemFree_v2(x);
}

static void capture_errors() {
  void* graph;
  uintptr_t at;
  auto ends = [&](const std::function<int()>& call) {
    cuStreamBeginCapture_v2(stream, 0);
    int error = call();
    return cuStreamEndCapture(stream, &graph) == 901 ? error : -1;
  };
  CHECK(ends([&] { return cuMemAlloc_v2(&at, 4); }) == 900, "no memory while capturing");
  CHECK(ends([&] { return cuStreamSynchronize(stream); }) == 900, "no waiting for the stream");
  CHECK(cuStreamEndCapture(stream, &graph) == 401, "a capture ends once");
  void *blocking, *event;
  cuStreamCreate(&blocking, 0);
  cuStreamBeginCapture_v2(blocking, 2);
  uintptr_t x = array(4);
  CHECK(cuMemsetD32Async(x, 0, 1, nullptr) == 906, "the default stream would wait for a capture");
  cuStreamEndCapture(blocking, &graph);
  cuEventCreate(&event, 0);
  cuStreamBeginCapture_v2(stream, 0);
  cuEventRecord(event, stream);
  CHECK(cuStreamEndCapture(stream, &graph) == 0 && cuEventSynchronize(event) == 907, "a captured event has no time");
  CHECK(cuStreamDestroy_v2(blocking) == 0 && cuStreamSynchronize(blocking) == 400, "a stream ends once");
  cuMemFree_v2(x);
}

static void late_streams() {
  setenv("NORMA_EMULATOR", "late=1", 1);
  cuInit(0);
  uintptr_t x = array(4);
  float *pinned, pageable;
  float millis;
  void *before, *after;
  cuMemHostAlloc((void**)&pinned, 4, 0);
  cuEventCreate(&before, 0);
  cuEventCreate(&after, 0);
  cuEventRecord(before, stream);
  *pinned = 3;
  cuMemcpyHtoDAsync_v2(x, pinned, 4, stream);
  *pinned = 4;
  cuMemcpyDtoHAsync_v2(&pageable, x, 4, stream);
  CHECK(pageable == 4, "a late stream reads the host's memory late, and hands out pageable memory at once");
  pageable = 5;
  cuMemcpyHtoDAsync_v2(x, &pageable, 4, stream);
  pageable = 6;
  cuMemcpyDtoHAsync_v2(pinned, x, 4, stream);
  cuEventRecord(after, stream);
  CHECK(*pinned == 4 && cuEventElapsedTime(&millis, before, after) == 600, "it writes only when someone waits");
  cuEventSynchronize(after);
  CHECK(*pinned == 5 && cuEventElapsedTime(&millis, before, after) == 0 && millis >= 0, "and then has done all");
  cuMemsetD32Async(x, 0, 1, stream);
  CHECK(cuMemFree_v2(x) == 0 && cuStreamSynchronize(stream) == 0, "an array is freed after all that uses it");
  setenv("NORMA_EMULATOR", "", 1);
  cuInit(0);
}

static void calls() {
  emulator_reset();
  uintptr_t x = array(4);
  cuMemFree_v2(x);
  cuMemFree_v2(x);
  CHECK(emulator_calls() == std::string("cuMemAlloc_v2 1\ncuMemFree_v2 2\n"), "calls are counted");
}

static void the_end() {
  uintptr_t x = array(4), y;
  CHECK(cuModuleUnload(module_handle) == 0 && put_at(x, 0) == 400, "a module takes its kernels along");
  CHECK(cuDevicePrimaryCtxRelease_v2(0) == 0 && cuMemAlloc_v2(&y, 4) == 709, "a released context is destroyed");
  CHECK(cuDevicePrimaryCtxRelease_v2(0) == 201, "and cannot be released again");
  CHECK(cuDevicePrimaryCtxRetain(&context, 0) == 0 && cuCtxSetCurrent(context) == 0 && cuMemFree_v2(x) == 1,
        "a new one has nothing of its");
}

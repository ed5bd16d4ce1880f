// A GPU without a GPU, for tests: the functions of CUDA's driver, NVRTC and cuBLAS that Norma calls, with their ABI and
// their error codes. Kernels are compiled by g++ and run on the CPU, see fibers.h. One library stands for all three,
// opened by links named libcuda.so.1, libnvrtc.so.13 and libcublas.so.13 (copies would not know each other):
//   g++ -std=c++17 -O2 -shared -fPIC $PWD/emulator.cpp -o libcuda.so.1
// device.h and fibers.h are found beside the library, or beside this file if it is named by an absolute path.
#include "compiler.h"
#include "graphs.h"
#include "products.h"
#include "state.h"
#include "work.h"

// --- tests' own -----------------------------------------------------------------------------------------------------

// "name count" a line, since the last reset; valid until the next call of this function.
extern "C" const char* emulator_calls() {
  std::lock_guard<std::recursive_mutex> alone(lock);
  static std::string text;
  text.clear();
  for (auto& [name, count] : calls) text += name + " " + std::to_string(count) + "\n";
  return text.c_str();
}

extern "C" void emulator_reset() {
  std::lock_guard<std::recursive_mutex> alone(lock);
  calls.clear();
}

// --- the driver and its devices -------------------------------------------------------------------------------------

extern "C" int cuInit(unsigned flags) {
  Call call(__func__);
  read_settings();
  if (flags) return ERROR_INVALID_VALUE;
  initialized |= settings.init == 0;
  return (int)settings.init;
}

extern "C" int cuDriverGetVersion(int* version) {
  Call call(__func__);
  if (!version) return ERROR_INVALID_VALUE;
  read_settings();
  *version = (int)settings.driver;
  return SUCCESS;
}

static int error_text(int code, const char** text, const char* Error::*part) {
  for (const Error& error : errors) {
    if (error.code != code) continue;
    *text = error.*part;
    return SUCCESS;
  }
  *text = nullptr;
  return ERROR_INVALID_VALUE;
}

extern "C" int cuGetErrorName(int code, const char** text) {
  Call call(__func__);
  return text ? error_text(code, text, &Error::name) : ERROR_INVALID_VALUE;
}

extern "C" int cuGetErrorString(int code, const char** text) {
  Call call(__func__);
  return text ? error_text(code, text, &Error::text) : ERROR_INVALID_VALUE;
}

static int device_state(int device) {
  if (int error = driver_state()) return error;
  return device >= 0 && (size_t)device < settings.devices ? SUCCESS : ERROR_INVALID_DEVICE;
}

extern "C" int cuDeviceGetCount(int* count) {
  Call call(__func__);
  if (int error = driver_state()) return error;
  if (!count) return ERROR_INVALID_VALUE;
  *count = (int)settings.devices;
  return SUCCESS;
}

extern "C" int cuDeviceGet(int* device, int ordinal) {
  Call call(__func__);
  if (int error = device_state(ordinal)) return error;
  if (!device) return ERROR_INVALID_VALUE;
  *device = ordinal;
  return SUCCESS;
}

extern "C" int cuDeviceGetName(char* name, int bytes, int device) {
  Call call(__func__);
  if (int error = device_state(device)) return error;
  if (!name || bytes < 1) return ERROR_INVALID_VALUE;
  snprintf(name, bytes, "Emulated GPU");
  return SUCCESS;
}

extern "C" int cuDeviceTotalMem_v2(size_t* bytes, int device) {
  Call call(__func__);
  if (int error = device_state(device)) return error;
  if (!bytes) return ERROR_INVALID_VALUE;
  *bytes = settings.memory;
  return SUCCESS;
}

extern "C" int cuDeviceGetAttribute(int* value, int attribute, int device) {
  Call call(__func__);
  if (int error = device_state(device)) return error;
  const std::map<int, int> attributes = {
      // CUdevice_attribute
      {16, 2},                              // multiprocessors
      {75, (int)settings.capability / 10},  // compute capability
      {76, (int)settings.capability % 10},  // its minor number
  };
  auto found = attributes.find(attribute);
  if (!value || found == attributes.end()) return ERROR_INVALID_VALUE;
  *value = found->second;
  return SUCCESS;
}

// --- contexts -------------------------------------------------------------------------------------------------------

extern "C" int cuDevicePrimaryCtxRetain(void** context, int device) {
  Call call(__func__);
  if (int error = device_state(device)) return error;
  if (!context) return ERROR_INVALID_VALUE;
  if (settings.context) return (int)settings.context;
  if (retained[device]++ == 0) primary[device] = contexts.add(std::make_unique<Context>(Context{device}));
  *context = primary[device];
  return SUCCESS;
}

// The last release ends all that the device has: the emulator keeps things of several devices together.
extern "C" int cuDevicePrimaryCtxRelease_v2(int device) {
  Call call(__func__);
  if (int error = driver_state()) return error;
  if (retained[device] == 0) return ERROR_INVALID_CONTEXT;
  if (--retained[device] > 0) return SUCCESS;
  contexts.remove(primary[device]);
  if (contexts.begin() != contexts.end()) return SUCCESS;
  settle_all();
  while (!device_memory.empty()) deallocate(device_memory.begin()->first);
  for (auto& [address, bytes] : host_memory) free((void*)address);
  host_memory.clear();
  streams.clear();
  events.clear();
  functions.clear();
  libraries.clear();
  products.clear();
  failed = SUCCESS;
  return SUCCESS;
}

extern "C" int cuCtxSetCurrent(void* context) {
  Call call(__func__);
  if (int error = driver_state()) return error;
  if (context && !contexts.find(context)) return ERROR_INVALID_CONTEXT;
  current = context;
  return SUCCESS;
}

// --- memory ---------------------------------------------------------------------------------------------------------

extern "C" int cuMemGetInfo_v2(size_t* unused, size_t* total) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (!unused || !total) return ERROR_INVALID_VALUE;
  *unused = settings.memory - used;
  *total = settings.memory;
  return SUCCESS;
}

extern "C" int cuMemAlloc_v2(uintptr_t* address, size_t bytes) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (!address || !bytes) return ERROR_INVALID_VALUE;
  if (int error = no_capture()) return error;
  return allocate(bytes, address);
}

extern "C" int cuMemFree_v2(uintptr_t address) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (int error = no_capture()) return error;
  settle_all();
  return deallocate(address);
}

extern "C" int cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (!address || !bytes || flags > 7) return ERROR_INVALID_VALUE;
  if (int error = no_capture()) return error;
  if (posix_memalign(address, sysconf(_SC_PAGESIZE), bytes)) return ERROR_OUT_OF_MEMORY;
  memset(*address, 0xFF, bytes);
  host_memory[(uintptr_t)*address] = bytes;
  return SUCCESS;
}

extern "C" int cuMemFreeHost(void* address) {
  Call call(__func__);
  if (int error = context_state()) return error;
  if (int error = no_capture()) return error;
  settle_all();
  if (!host_memory.erase((uintptr_t)address)) return ERROR_INVALID_VALUE;
  free(address);
  return SUCCESS;
}

// What copies to and from the device have in common. Host memory that is not from cuMemHostAlloc is read at once, and
// written before the call returns.
static int copy(void* stream_handle, uintptr_t device, const void* host, size_t bytes, Stream** stream) {
  if (int error = context_state()) return error;
  *stream = stream_of(stream_handle);
  if (!*stream) return ERROR_INVALID_HANDLE;
  if (int error = not_capturing(**stream)) return error;
  if (bytes && (!host || !in_device(device, bytes))) return ERROR_INVALID_VALUE;
  return SUCCESS;
}

extern "C" int cuMemcpyHtoDAsync_v2(uintptr_t to, const void* from, size_t bytes, void* stream_handle) {
  Call call(__func__);
  Stream* stream;
  if (int error = copy(stream_handle, to, from, bytes, &stream)) return error;
  Node node;
  if (in_host(from, bytes)) {
    node.work = [=] { return memcpy((void*)to, from, bytes), SUCCESS; };
  } else {
    std::string kept((const char*)from, bytes);
    node.work = [=] { return memcpy((void*)to, kept.data(), bytes), SUCCESS; };
  }
  return submit(*stream, node);
}

extern "C" int cuMemcpyDtoHAsync_v2(void* to, uintptr_t from, size_t bytes, void* stream_handle) {
  Call call(__func__);
  Stream* stream;
  if (int error = copy(stream_handle, from, to, bytes, &stream)) return error;
  Node node;
  node.work = [=] { return memcpy(to, (void*)from, bytes), SUCCESS; };
  if (int error = submit(*stream, node)) return error;
  if (!in_host(to, bytes)) settle(*stream);
  return failed;
}

extern "C" int cuMemsetD32Async(uintptr_t to, unsigned value, size_t count, void* stream_handle) {
  Call call(__func__);
  if (int error = context_state()) return error;
  Stream* stream = stream_of(stream_handle);
  if (!stream) return ERROR_INVALID_HANDLE;
  if (to % 4 || (count && !in_device(to, count * 4))) return ERROR_INVALID_VALUE;
  Node node;
  node.work = [=]() -> int {
    if (count && !in_device(to, count * 4)) return ERROR_ILLEGAL_ADDRESS;
    for (size_t i = 0; i < count; i++) ((unsigned*)to)[i] = value;
    return SUCCESS;
  };
  return submit(*stream, node);
}

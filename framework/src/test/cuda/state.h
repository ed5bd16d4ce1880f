// The emulated machine: its settings, the log of calls, error codes, handles and memory.
#pragma once
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>

namespace {

// --- settings -------------------------------------------------------------------------------------------------------

// NORMA_EMULATOR, or if that is not set the file emulator.conf beside the library, "name=number,...", as cuInit and
// cuDriverGetVersion find them.
struct Settings {
  size_t devices = 1;
  size_t driver = 13000;
  size_t memory = size_t(1) << 30;  // bytes of a device
  size_t init = 0;                  // what cuInit returns
  size_t context = 0;               // what cuDevicePrimaryCtxRetain returns
  size_t capability = 90;
  size_t late = 0;  // 1: streams work only when someone waits for them, which shows a missing wait

  void read(const std::string& text) {
    const std::map<std::string, size_t*> names = {
        {"devices", &devices}, {"driver", &driver},         {"memory", &memory}, {"init", &init},
        {"context", &context}, {"capability", &capability}, {"late", &late}};
    std::istringstream items(text);
    for (std::string item; std::getline(items, item, ',');) {
      item.erase(item.find_last_not_of(" \n") + 1);
      size_t equals = item.find('=');
      auto name = names.find(item.substr(0, equals));
      if (item.empty()) continue;
      if (name == names.end() || equals == std::string::npos) {
        fprintf(stderr, "emulator: no such setting: %s\n", item.c_str());
        abort();
      }
      *name->second = strtoull(item.c_str() + equals + 1, nullptr, 10);
    }
  }
};

Settings settings;

std::string library_folder() {
  Dl_info library;
  if (!dladdr((void*)&library_folder, &library)) abort();
  std::string path = library.dli_fname;
  return path.substr(0, path.find_last_of('/') + 1);
}

void read_settings() {
  settings = Settings();
  if (const char* text = getenv("NORMA_EMULATOR")) return settings.read(text);
  std::ifstream file(library_folder() + "emulator.conf");
  std::stringstream text;
  text << file.rdbuf();
  settings.read(text.str());
}

// --- errors ---------------------------------------------------------------------------------------------------------

struct Error {
  int code;
  const char* name;
  const char* text;
};

// clang-format off
#define CUDA_ERRORS(X) \
  X(SUCCESS, 0, "no error") \
  X(ERROR_INVALID_VALUE, 1, "invalid argument") \
  X(ERROR_OUT_OF_MEMORY, 2, "out of memory") \
  X(ERROR_NOT_INITIALIZED, 3, "initialization error") \
  X(ERROR_DEVICE_UNAVAILABLE, 46, "CUDA-capable device(s) is/are busy or unavailable") \
  X(ERROR_NO_DEVICE, 100, "no CUDA-capable device is detected") \
  X(ERROR_INVALID_DEVICE, 101, "invalid device ordinal") \
  X(ERROR_INVALID_IMAGE, 200, "device kernel image is invalid") \
  X(ERROR_INVALID_CONTEXT, 201, "invalid device context") \
  X(ERROR_NO_BINARY_FOR_GPU, 209, "no kernel image is available for execution on the device") \
  X(ERROR_INVALID_HANDLE, 400, "invalid resource handle") \
  X(ERROR_ILLEGAL_STATE, 401, "the operation cannot be performed in the present state") \
  X(ERROR_NOT_FOUND, 500, "named symbol not found") \
  X(ERROR_NOT_READY, 600, "device not ready") \
  X(ERROR_ILLEGAL_ADDRESS, 700, "an illegal memory access was encountered") \
  X(ERROR_LAUNCH_OUT_OF_RESOURCES, 701, "too many resources requested for launch") \
  X(ERROR_CONTEXT_IS_DESTROYED, 709, "context is destroyed") \
  X(ERROR_NOT_SUPPORTED, 801, "operation not supported") \
  X(ERROR_STREAM_CAPTURE_UNSUPPORTED, 900, "operation not permitted when stream is capturing") \
  X(ERROR_STREAM_CAPTURE_INVALIDATED, 901, "operation failed due to a previous error during capture") \
  X(ERROR_STREAM_CAPTURE_IMPLICIT, 906, \
    "operation would make the legacy stream depend on a capturing blocking stream") \
  X(ERROR_CAPTURED_EVENT, 907, "operation not permitted on an event last recorded in a capturing stream") \
  X(ERROR_STREAM_CAPTURE_WRONG_THREAD, 908, \
    "attempt to terminate a thread-local capture sequence from another thread") \
  X(ERROR_UNKNOWN, 999, "unknown error")
// clang-format on

enum Result : int {
#define X(name, code, text) name = code,
  CUDA_ERRORS(X)
#undef X
};

const Error errors[] = {
#define X(name, code, text) {code, "CUDA_" #name, text},
    CUDA_ERRORS(X)
#undef X
};

// --- calls and the state of the driver ------------------------------------------------------------------------------

std::recursive_mutex lock;
std::map<std::string, long> calls;

// One call of the interface: counted, and alone.
struct Call {
  std::lock_guard<std::recursive_mutex> alone;
  explicit Call(const char* name) : alone(lock) {
    calls[name]++;
  }
};

uintptr_t last_handle = 0x1000;

// Live objects by handle. A handle is no address, and is never used again.
template <typename T>
class Handles {
  std::map<uintptr_t, std::unique_ptr<T>> alive;

 public:
  void* add(std::unique_ptr<T> object) {
    last_handle += 0x10;
    alive[last_handle] = std::move(object);
    return (void*)last_handle;
  }

  T* find(const void* handle) const {
    auto found = alive.find((uintptr_t)handle);
    return found == alive.end() ? nullptr : found->second.get();
  }

  bool remove(const void* handle) {
    return alive.erase((uintptr_t)handle) > 0;
  }

  void clear() {
    alive.clear();
  }

  auto begin() const {
    return alive.begin();
  }

  auto end() const {
    return alive.end();
  }
};

// The primary context of a device.
struct Context {
  int device;
};

bool initialized;
std::map<int, void*> primary;  // by device
std::map<int, int> retained;   // how often, by device
Handles<Context> contexts;
thread_local void* current;
int failed;  // the error that has ended all work in this process

// What a call answers that needs the driver, or also a current context.
int driver_state() {
  return initialized ? SUCCESS : ERROR_NOT_INITIALIZED;
}

int context_state() {
  if (!initialized) return ERROR_NOT_INITIALIZED;
  if (!current) return ERROR_INVALID_CONTEXT;
  if (!contexts.find(current)) return ERROR_CONTEXT_IS_DESTROYED;
  return failed;
}

// --- memory ---------------------------------------------------------------------------------------------------------

size_t rounded_up(size_t bytes, size_t multiple) {
  return (bytes + multiple - 1) / multiple * multiple;
}

// An array of the device: unreadable pages before and behind it, NaN in it and in what a page leaves over.
struct Allocation {
  unsigned char* mapping;
  size_t mapped;
  unsigned char* from;
  size_t bytes;

  unsigned char* inner() const {
    return mapping + sysconf(_SC_PAGESIZE);
  }

  size_t inner_bytes() const {
    return mapped - 2 * sysconf(_SC_PAGESIZE);
  }

  // Whether no kernel has written between the array and its unreadable neighbours.
  bool whole() const {
    auto untouched = [](unsigned char byte) { return byte == 0xFF; };
    return std::all_of(inner(), from, untouched) && std::all_of(from + bytes, inner() + inner_bytes(), untouched);
  }
};

const size_t ALIGNMENT = 256;
std::map<uintptr_t, Allocation> device_memory;
std::map<uintptr_t, size_t> host_memory;
size_t used;

template <typename M, typename Size>
bool inside(const M& memory, uintptr_t from, size_t bytes, Size size) {
  auto next = memory.upper_bound(from);
  if (next == memory.begin()) return false;
  auto found = std::prev(next);
  size_t offset = from - found->first;
  return offset <= size(found->second) && bytes <= size(found->second) - offset;
}

bool in_device(uintptr_t from, size_t bytes) {
  return inside(device_memory, from, bytes, [](const Allocation& a) { return a.bytes; });
}

bool in_host(const void* from, size_t bytes) {
  return inside(host_memory, (uintptr_t)from, bytes, [](size_t size) { return size; });
}

int allocate(size_t bytes, uintptr_t* address) {
  size_t page = sysconf(_SC_PAGESIZE);
  size_t taken = rounded_up(bytes, ALIGNMENT);
  if (bytes > settings.memory || used + taken > settings.memory) return ERROR_OUT_OF_MEMORY;
  size_t inner = rounded_up(taken, page);
  void* mapping = mmap(nullptr, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) return ERROR_OUT_OF_MEMORY;
  unsigned char* first = (unsigned char*)mapping + page;
  mprotect(first, inner, PROT_READ | PROT_WRITE);
  memset(first, 0xFF, inner);
  *address = (uintptr_t)(first + inner - taken);
  device_memory[*address] = {(unsigned char*)mapping, inner + 2 * page, (unsigned char*)*address, bytes};
  used += taken;
  return SUCCESS;
}

int deallocate(uintptr_t address) {
  auto found = device_memory.find(address);
  if (found == device_memory.end()) return ERROR_INVALID_VALUE;
  const Allocation& array = found->second;
  if (!array.whole()) {
    fprintf(stderr, "emulator: a kernel wrote outside of the array of %zu bytes at %p\n", array.bytes, array.from);
    abort();
  }
  used -= rounded_up(array.bytes, ALIGNMENT);
  munmap(array.mapping, array.mapped);
  device_memory.erase(found);
  return SUCCESS;
}

}  // namespace

// Runs CUDA kernels on the CPU: each thread of a block is a fiber, blocks run one after another. Fibers change only
// where threads meet, so a kernel without barriers is a plain loop. Strict: shared memory starts as NaN in every block,
// and threads that wait for each other in different places end the process with a message.
//
// A test in C++ of one kernel file, with a folder of links in which device.h stands for hardware.cuh:
//   ln -s $kernels/*.cu $kernels/{common,rows}.cuh $folder/ && ln -s $tests/device.h $folder/hardware.cuh
//   g++ -std=c++17 -O2 -DBF16=0 -I $folder -I $tests main.cpp
// where main.cpp starts with #include "device.h" and #include "tokens.cu", has no thread_local variables and calls
//   emulated::launch(grid, block, layer_norm, a, b, ...);
#pragma once
#include <features.h>
#undef __USE_FORTIFY_LEVEL  // its longjmp refuses to change stacks
#define __USE_FORTIFY_LEVEL 0
#include <link.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <utility>

struct uint3 {
  unsigned x, y, z;
};

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

static uint3 threadIdx;
static uint3 blockIdx;
static dim3 blockDim;
static dim3 gridDim;

namespace emulated {

const int MAX_THREADS = 1024;
const size_t STACK_BYTES = 64 << 10;
const size_t GUARD_BYTES = 64 << 10;  // below a stack; the largest page of any system
const int NAN_BYTE = 0xFF;

// A kernel: its parameters' sizes and a call with pointers to their values.
struct Kernel {
  const char* name;
  void (*function)();
  void (*call)(void (*function)(), void** arguments);
  const unsigned* sizes;
  int parameters;
  int max_threads;  // of its __launch_bounds__
};

// What a compiled file of kernels exports as `emulated_module_2`. Tests keep such files: a new layout takes a new name.
struct Module {
  const Kernel* kernels;
  int count;
  int architecture;
  void (*run)(const Kernel& kernel, dim3 grid, dim3 block, void** arguments);
};

// What a thread waits in, on that thread's stack. `perform` computes the results of the warp's lanes that met.
struct Meeting {
  void (*perform)(Meeting* const* of, unsigned mask);
  const char* name;
  const char* file;
  int line;
  unsigned mask;  // lanes that meet; 0: the block
};

// A copy that a thread has begun; from null: zeros.
struct Copy {
  void* to;
  const void* from;
  size_t bytes;
};

struct Fiber {
  jmp_buf context;
  uint3 index;
  int thread;
  char* memory;
  Fiber* next;
  Copy* copies;
  int copy_count;
  int copy_room;
};

// All __shared__ variables are thread_local, so they lie together in this file's thread-local storage, with this one,
// by which it is found. All fibers run in one thread of the system.
static thread_local unsigned char shared_mark;

static const Kernel* kernel;
static void** arguments;
static int thread_count;
static int started;
static uint3 next;  // to start
static int alive;
static int at_barrier;
static size_t stack_count;
static Fiber* running;
static Fiber* idle;
static Fiber* fibers[MAX_THREADS];
static Meeting* meetings[MAX_THREADS];  // null: does not wait
static unsigned waiting[MAX_THREADS / 32];
static unsigned exited[MAX_THREADS / 32];
static int ready[MAX_THREADS];
static int ready_first;
static int ready_count;
static jmp_buf scheduler;

static inline bool same_place(const Meeting* a, const Meeting* b) {
  return a->mask == b->mask && a->line == b->line && a->name == b->name && a->file == b->file;
}

// Prints where the block's threads wait, and aborts.
[[noreturn]] static inline void fail(const char* message) {
  fprintf(stderr, "kernel %s, block (%u, %u, %u): %s\n", kernel->name, blockIdx.x, blockIdx.y, blockIdx.z, message);
  for (int from = 0, to; from < thread_count; from = to) {
    const Meeting* first = meetings[from];
    for (to = from + 1; to < thread_count; to++) {
      const Meeting* other = meetings[to];
      if (first && other ? !same_place(first, other) : first != other) break;
    }
    if (first) {
      fprintf(stderr, "  threads %d to %d wait in %s, %s:%d, lanes 0x%x\n", from, to - 1, first->name, first->file,
              first->line, first->mask);
    } else {
      fprintf(stderr, "  threads %d to %d do not wait\n", from, to - 1);
    }
  }
  abort();
}

static void fiber_main();

// Goes on with another thread of the block, or with the next block.
[[noreturn]] static inline void resume() {
  if (ready_count > 0) {
    running = fibers[ready[ready_first]];
    ready_first = (ready_first + 1) % MAX_THREADS;
    ready_count--;
    _longjmp(running->context, 1);
  }
  if (started == thread_count) _longjmp(scheduler, 1);
  if (idle) {
    running = idle;
    idle = idle->next;
    _longjmp(running->context, 1);
  }
  running = (Fiber*)calloc(1, sizeof(Fiber));
  running->memory = (char*)mmap(nullptr, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (running->memory == MAP_FAILED) fail("no memory for a thread's stack");
  mprotect(running->memory, GUARD_BYTES, PROT_NONE);
  static ucontext_t first;
  getcontext(&first);
  first.uc_stack.ss_sp = running->memory + GUARD_BYTES;
  first.uc_stack.ss_size = STACK_BYTES - stack_count++ * 448 % (8 << 10);  // else all tops share lines of the cache
  first.uc_link = nullptr;
  makecontext(&first, fiber_main, 0);
  setcontext(&first);
  abort();
}

static inline void release(int thread) {
  meetings[thread] = nullptr;
  if (thread == running->thread) return;
  ready[(ready_first + ready_count++) % MAX_THREADS] = thread;
}

// Ends the meeting of a warp's lanes in `mask`, seen from `lane` that is in it, if all of them are there.
static inline bool end_of_warp(int warp, int lane, unsigned mask) {
  unsigned group = mask & ~exited[warp];
  if (group & ~waiting[warp]) return false;
  Meeting** of = meetings + warp * 32;
  for (unsigned rest = group; rest; rest &= rest - 1) {
    const Meeting* other = of[__builtin_ctz(rest)];
    if (same_place(other, of[lane])) continue;
    if (other->mask >> lane & 1) fail("lanes of a warp wait for each other in different places");
    return false;
  }
  if (of[lane]->perform) of[lane]->perform(of, mask);
  waiting[warp] &= ~group;
  for (unsigned rest = group; rest; rest &= rest - 1) release(warp * 32 + __builtin_ctz(rest));
  return true;
}

static inline bool end_of_barrier() {
  if (at_barrier < alive) return false;
  Meeting* any = nullptr;
  for (int i = 0; i < thread_count; i++) {
    if (!meetings[i]) continue;
    if (any && !same_place(any, meetings[i])) fail("threads of a block wait in different barriers");
    any = meetings[i];
  }
  at_barrier = 0;
  for (int i = 0; i < thread_count; i++) {
    if (meetings[i]) release(i);
  }
  return true;
}

// The calling thread waits until all whom it meets are there.
static __attribute__((noinline, unused)) void meet(Meeting& meeting) {
  int thread = running->thread;
  meetings[thread] = &meeting;
  if (meeting.mask) {
    if (!(meeting.mask >> thread % 32 & 1)) fail("a lane is not in its own mask");
    waiting[thread / 32] |= 1u << thread % 32;
    if (end_of_warp(thread / 32, thread % 32, meeting.mask)) return;
  } else {
    at_barrier++;
    if (end_of_barrier()) return;
  }
  if (_setjmp(running->context) == 0) resume();
  threadIdx = running->index;
}

// Those who wait for a thread that returned need not wait for it any more.
static inline void leave(int thread) {
  int warp = thread / 32;
  exited[warp] |= 1u << thread % 32;
  alive--;
  for (int lane = 0; waiting[warp] && lane < 32; lane++) {
    const Meeting* meeting = meetings[warp * 32 + lane];
    if (meeting && meeting->mask >> thread % 32 & 1) end_of_warp(warp, lane, meeting->mask);
  }
  if (at_barrier > 0) end_of_barrier();
}

static void fiber_main() {
  for (;;) {
    while (started < thread_count) {
      int thread = started++;
      running->thread = thread;
      running->copy_count = 0;
      threadIdx = running->index = next;
      if (++next.x == blockDim.x) next.x = 0, next.y++;
      if (next.y == blockDim.y) next.y = 0, next.z++;
      fibers[thread] = running;
      kernel->call(kernel->function, arguments);
      leave(thread);
    }
    running->next = idle;
    idle = running;
    if (_setjmp(running->context) == 0) resume();
  }
}

struct Stacks {
  ~Stacks() {
    while (idle) {
      Fiber* fiber = idle;
      idle = fiber->next;
      munmap(fiber->memory, GUARD_BYTES + STACK_BYTES);
      free(fiber->copies);
      free(fiber);
    }
  }
};
static Stacks stacks;

struct Range {
  unsigned char* from;
  unsigned char* to;
};

// This file's thread-local storage, that is, its shared memory.
static inline Range shared_range() {
  Range range = {nullptr, nullptr};
  auto find = [](struct dl_phdr_info* info, size_t, void* found) {
    unsigned char* data = (unsigned char*)info->dlpi_tls_data;
    for (int i = 0; data && i < info->dlpi_phnum; i++) {
      if (info->dlpi_phdr[i].p_type != PT_TLS) continue;
      if (&shared_mark < data || &shared_mark >= data + info->dlpi_phdr[i].p_memsz) continue;
      *(Range*)found = {data, data + info->dlpi_phdr[i].p_memsz};
      return 1;
    }
    return 0;
  };
  *(volatile unsigned char*)&shared_mark = 0;  // exists from its first access
  if (!dl_iterate_phdr(find, &range)) abort();
  return range;
}

static Range shared_memory;

static inline void run_block() {
  memset(shared_memory.from, NAN_BYTE, shared_memory.to - shared_memory.from);
  started = 0;
  next = {0, 0, 0};
  alive = thread_count;
  at_barrier = ready_count = 0;
  memset(waiting, 0, sizeof(waiting));
  memset(exited, 0, sizeof(exited));
  if (thread_count % 32) exited[thread_count / 32] = ~0u << thread_count % 32;
  if (_setjmp(scheduler) == 0) resume();
  if (alive > 0) fail("threads wait for each other");
}

static __attribute__((unused)) void run(const Kernel& k, dim3 grid, dim3 block, void** values) {
  kernel = &k;
  arguments = values;
  gridDim = grid;
  blockDim = block;
  thread_count = block.x * block.y * block.z;
  if (thread_count < 1 || thread_count > MAX_THREADS) fail("no such block");
  shared_memory = shared_range();
  memset(meetings, 0, sizeof(meetings));
  for (unsigned z = 0; z < grid.z; z++) {
    for (unsigned y = 0; y < grid.y; y++) {
      for (unsigned x = 0; x < grid.x; x++) {
        blockIdx = {x, y, z};
        run_block();
      }
    }
  }
}

template <typename... P>
struct Signature {
  static constexpr unsigned sizes[] = {sizeof(P)..., 0};

  template <size_t... I>
  static void spread(void (*function)(P...), void** values, std::index_sequence<I...>) {
    function(*(P*)values[I]...);
  }

  static void call(void (*function)(), void** values) {
    spread((void (*)(P...))function, values, std::index_sequence_for<P...>());
  }
};

template <typename... P>
static inline Kernel describe(const char* name, void (*function)(P...), int max_threads = MAX_THREADS) {
  typedef Signature<P...> S;
  return {name, (void (*)())function, S::call, S::sizes, (int)sizeof...(P), max_threads};
}

template <typename T>
struct Same {
  typedef T type;
};

// function<<<grid, block>>>(values...), done when it returns.
template <typename... P>
static inline void launch(dim3 grid, dim3 block, void (*function)(P...), typename Same<P>::type... values) {
  void* pointers[] = {(void*)&values..., nullptr};
  run(describe("under test", function), grid, block, pointers);
}

}  // namespace emulated

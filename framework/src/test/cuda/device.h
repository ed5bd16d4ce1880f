// What an emulated kernel sees instead of CUDA's built-ins, and instead of hardware.cuh.
#pragma once
#include "fibers.h"
#define _GLIBCXX_INCLUDE_NEXT_C_HEADERS  // C's alone: the C++ one takes 0.2 s to compile
#include <math.h>
#undef _GLIBCXX_INCLUDE_NEXT_C_HEADERS

// The emulator keeps these three for its own reading of a file.
#ifndef EMULATED_KEEP
#define __global__
#define __launch_bounds__(...)
#define __shared__ thread_local
#endif
#define __device__
#define __host__
#define __constant__ static
#define __forceinline__ inline
#define __align__(n) __attribute__((aligned(n)))

static const int warpSize = 32;

// clang-format off
struct float2 { float x, y; } __attribute__((aligned(8)));
struct float3 { float x, y, z; };
struct float4 { float x, y, z, w; } __attribute__((aligned(16)));
struct double2 { double x, y; } __attribute__((aligned(16)));
struct int2 { int x, y; } __attribute__((aligned(8)));
struct int3 { int x, y, z; };
struct int4 { int x, y, z, w; } __attribute__((aligned(16)));
struct uint2 { unsigned x, y; } __attribute__((aligned(8)));
struct uint4 { unsigned x, y, z, w; } __attribute__((aligned(16)));
struct ushort2 { unsigned short x, y; } __attribute__((aligned(4)));
struct ushort4 { unsigned short x, y, z, w; } __attribute__((aligned(8)));
static inline float2 make_float2(float x, float y) { return {x, y}; }
static inline float3 make_float3(float x, float y, float z) { return {x, y, z}; }
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline double2 make_double2(double x, double y) { return {x, y}; }
static inline int2 make_int2(int x, int y) { return {x, y}; }
static inline int4 make_int4(int x, int y, int z, int w) { return {x, y, z, w}; }
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint3 make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
static inline unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
static inline unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
static inline long min(long a, long b) { return a < b ? a : b; }
static inline long max(long a, long b) { return a > b ? a : b; }
static inline long long min(long long a, long long b) { return a < b ? a : b; }
static inline long long max(long long a, long long b) { return a > b ? a : b; }
static inline unsigned long long min(unsigned long long a, unsigned long long b) { return a < b ? a : b; }
static inline unsigned long long max(unsigned long long a, unsigned long long b) { return a > b ? a : b; }
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
static inline double min(double a, double b) { return fmin(a, b); }
static inline double max(double a, double b) { return fmax(a, b); }

// Names that a C library has for itself.
#define rsqrtf emulated_rsqrtf
#define rsqrt emulated_rsqrt
#define __expf expf
#define __exp10f exp10f
#define __logf logf
#define __log2f log2f
#define __powf powf
#define __sinf sinf
#define __cosf cosf
static inline float rsqrtf(float x) { return (float)(1.0 / sqrt((double)x)); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __saturatef(float x) { return fminf(fmaxf(x, 0.0f), 1.0f); }
static inline float __fadd_rn(float x, float y) { return x + y; }
static inline float __fsub_rn(float x, float y) { return x - y; }
static inline float __fmul_rn(float x, float y) { return x * y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __frsqrt_rn(float x) { return rsqrtf(x); }
static inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
static inline double __dadd_rn(double x, double y) { return x + y; }
static inline double __dmul_rn(double x, double y) { return x * y; }
static inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
static inline int __float2int_rn(float x) { return (int)rintf(x); }
static inline int __float2int_rz(float x) { return (int)x; }
static inline float __int2float_rn(int x) { return (float)x; }
static inline float __double2float_rn(double x) { return (float)x; }

static inline unsigned __float_as_uint(float x) { unsigned y; memcpy(&y, &x, 4); return y; }
static inline int __float_as_int(float x) { int y; memcpy(&y, &x, 4); return y; }
static inline float __uint_as_float(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
static inline float __int_as_float(int x) { float y; memcpy(&y, &x, 4); return y; }
static inline long long __double_as_longlong(double x) { long long y; memcpy(&y, &x, 8); return y; }
static inline double __longlong_as_double(long long x) { double y; memcpy(&y, &x, 8); return y; }

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
static inline unsigned __umulhi(unsigned x, unsigned y) { return (unsigned)((unsigned long long)x * y >> 32); }
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
  return (unsigned)(((unsigned long long)high << 32 | low) << (by & 31) >> 32);
}

template <typename T> static inline T __ldg(const T* from) { return *from; }
template <typename T> static inline T __ldcs(const T* from) { return *from; }
template <typename T> static inline T __ldcg(const T* from) { return *from; }
template <typename T> static inline T __ldca(const T* from) { return *from; }
template <typename T> static inline T __ldlu(const T* from) { return *from; }
template <typename T> static inline void __stcs(T* to, T x) { *to = x; }
template <typename T> static inline void __stcg(T* to, T x) { *to = x; }
template <typename T> static inline void __stwt(T* to, T x) { *to = x; }

static inline void __threadfence() {}
static inline void __threadfence_block() {}
[[noreturn]] static inline void __trap() { emulated::fail("__trap"); }

// One thread of the system runs all: nothing comes between.
template <typename T> static inline T atomicAdd(T* at, T x) { T old = *at; *at += x; return old; }
template <typename T> static inline T atomicMax(T* at, T x) { T old = *at; *at = old > x ? old : x; return old; }
template <typename T> static inline T atomicMin(T* at, T x) { T old = *at; *at = old < x ? old : x; return old; }
template <typename T> static inline T atomicExch(T* at, T x) { T old = *at; *at = x; return old; }
template <typename T> static inline T atomicCAS(T* at, T is, T x) { T old = *at; if (old == is) *at = x; return old; }
// clang-format on

#define EMULATED_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

// --- barriers -------------------------------------------------------------------------------------------------------

namespace emulated {

struct Vote : Meeting {
  int value;
  int result;
};

static inline bool in_meeting(const Meeting* meeting, unsigned mask) {
  return meeting && meeting->mask == mask;
}

// Of all values: how many are not 0, and for a warp which.
static inline void count(Meeting* const* of, int count, unsigned mask) {
  int sum = 0;
  for (int i = 0; i < count; i++) sum += in_meeting(of[i], mask) && ((Vote*)of[i])->value != 0;
  for (int i = 0; i < count; i++) {
    if (in_meeting(of[i], mask)) ((Vote*)of[i])->result = sum;
  }
}

static inline void all_true(Meeting* const* of, int count, unsigned mask) {
  bool all = true;
  for (int i = 0; i < count; i++) all &= !in_meeting(of[i], mask) || ((Vote*)of[i])->value != 0;
  for (int i = 0; i < count; i++) {
    if (in_meeting(of[i], mask)) ((Vote*)of[i])->result = all;
  }
}

static inline void ballot(Meeting* const* of, int count, unsigned mask) {
  unsigned bits = 0;
  for (int i = 0; i < count; i++) bits |= (unsigned)(in_meeting(of[i], mask) && ((Vote*)of[i])->value != 0) << i;
  for (int i = 0; i < count; i++) {
    if (in_meeting(of[i], mask)) ((Vote*)of[i])->result = (int)bits;
  }
}

static inline int vote(decltype(Meeting::perform) perform, const char* name, unsigned mask, int value, const char* file,
                       int line) {
  Vote vote = {{perform, name, file, line, mask}, value, 0};
  meet(vote);
  return vote.result;
}

}  // namespace emulated

static inline void __syncthreads(EMULATED_PLACE) {
  emulated::Meeting meeting = {nullptr, "__syncthreads", file, line, 0};
  emulated::meet(meeting);
}

static inline int __syncthreads_count(int x, EMULATED_PLACE) {
  return emulated::vote(emulated::count, "__syncthreads_count", 0, x, file, line);
}

static inline int __syncthreads_or(int x, EMULATED_PLACE) {
  return emulated::vote(emulated::count, "__syncthreads_or", 0, x, file, line) > 0;
}

static inline int __syncthreads_and(int x, EMULATED_PLACE) {
  return emulated::vote(emulated::all_true, "__syncthreads_and", 0, x, file, line);
}

// --- what the lanes of a warp do together ---------------------------------------------------------------------------

static inline void __syncwarp(unsigned mask = 0xffffffff, EMULATED_PLACE) {
  emulated::Meeting meeting = {nullptr, "__syncwarp", file, line, mask};
  emulated::meet(meeting);
}

static inline unsigned __ballot_sync(unsigned mask, int x, EMULATED_PLACE) {
  return (unsigned)emulated::vote(emulated::ballot, "__ballot_sync", mask, x, file, line);
}

static inline int __any_sync(unsigned mask, int x, EMULATED_PLACE) {
  return emulated::vote(emulated::count, "__any_sync", mask, x, file, line) > 0;
}

static inline int __all_sync(unsigned mask, int x, EMULATED_PLACE) {
  return emulated::vote(emulated::all_true, "__all_sync", mask, x, file, line);
}

namespace emulated {

struct Shuffle : Meeting {
  uint64_t value;
  uint64_t result;
  int source;
};

// A lane that does not take part gives NaN.
static inline void shuffle(Meeting* const* of, int, unsigned mask) {
  for (int i = 0; i < 32; i++) {
    if (!in_meeting(of[i], mask)) continue;
    Shuffle* to = (Shuffle*)of[i];
    Meeting* from = of[to->source];
    to->result = in_meeting(from, mask) ? ((Shuffle*)from)->value : ~uint64_t(0);
  }
}

template <typename T>
static inline T shuffle(const char* name, unsigned mask, T x, int source, const char* file, int line) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8, "CUDA shuffles 4 or 8 bytes");
  Shuffle shuffle = {{emulated::shuffle, name, file, line, mask}, 0, 0, source};
  memcpy(&shuffle.value, &x, sizeof(T));
  meet(shuffle);
  memcpy(&x, &shuffle.result, sizeof(T));
  return x;
}

static inline int lane() {
  return running->thread % 32;
}

}  // namespace emulated

// A source outside of the lane's own `width` lanes is the lane itself.
template <typename T>
static inline T __shfl_sync(unsigned mask, T x, int source, int width = 32, EMULATED_PLACE) {
  int from = (emulated::lane() & -width) | (source & (width - 1));
  return emulated::shuffle("__shfl_sync", mask, x, from, file, line);
}

template <typename T>
static inline T __shfl_up_sync(unsigned mask, T x, unsigned by, int width = 32, EMULATED_PLACE) {
  int lane = emulated::lane();
  int from = lane - (int)by < (lane & -width) ? lane : lane - (int)by;
  return emulated::shuffle("__shfl_up_sync", mask, x, from, file, line);
}

template <typename T>
static inline T __shfl_down_sync(unsigned mask, T x, unsigned by, int width = 32, EMULATED_PLACE) {
  int lane = emulated::lane();
  int from = lane + (int)by > (lane | (width - 1)) ? lane : lane + (int)by;
  return emulated::shuffle("__shfl_down_sync", mask, x, from, file, line);
}

template <typename T>
static inline T __shfl_xor_sync(unsigned mask, T x, int by, int width = 32, EMULATED_PLACE) {
  int lane = emulated::lane();
  int from = (lane ^ by) > (lane | (width - 1)) ? lane : lane ^ by;
  return emulated::shuffle("__shfl_xor_sync", mask, x, from, file, line);
}

#include "hardware.h"

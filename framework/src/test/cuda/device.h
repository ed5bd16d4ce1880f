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
#define __forceinline__ inline
#define __align__(n) __attribute__((aligned(n)))

// clang-format off
struct float4 { float x, y, z, w; } __attribute__((aligned(16)));
struct uint2 { unsigned x, y; } __attribute__((aligned(8)));
struct uint4 { unsigned x, y, z, w; } __attribute__((aligned(16)));
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// Of CUDA's overloads the sources call these two; others would convert to int without a word.
static inline int min(int a, int b) { return a < b ? a : b; }
static inline int max(int a, int b) { return a > b ? a : b; }
template <typename A, typename B> int min(A, B) = delete;
template <typename A, typename B> int max(A, B) = delete;

static inline unsigned __float_as_uint(float x) { unsigned y; memcpy(&y, &x, 4); return y; }
static inline float __uint_as_float(unsigned x) { float y; memcpy(&y, &x, 4); return y; }
static inline float __int_as_float(int x) { float y; memcpy(&y, &x, 4); return y; }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
// clang-format on

#define EMULATED_PLACE const char *file = __builtin_FILE(), int line = __builtin_LINE()

static inline void __syncthreads(EMULATED_PLACE) {
  emulated::Meeting meeting = {nullptr, "__syncthreads", file, line, 0};
  emulated::meet(meeting);
}

// --- what the lanes of a warp do together ---------------------------------------------------------------------------

static inline void __syncwarp(unsigned mask = 0xffffffff, EMULATED_PLACE) {
  emulated::Meeting meeting = {nullptr, "__syncwarp", file, line, mask};
  emulated::meet(meeting);
}

namespace emulated {

struct Vote : Meeting {
  int value;
  unsigned result;
};

static inline bool in_meeting(const Meeting* meeting, unsigned mask) {
  return meeting && meeting->mask == mask;
}

static inline void ballot(Meeting* const* of, unsigned mask) {
  unsigned bits = 0;
  for (int i = 0; i < 32; i++) bits |= (unsigned)(in_meeting(of[i], mask) && ((Vote*)of[i])->value != 0) << i;
  for (int i = 0; i < 32; i++) {
    if (in_meeting(of[i], mask)) ((Vote*)of[i])->result = bits;
  }
}

struct Shuffle : Meeting {
  uint64_t value;
  uint64_t result;
  int source;
};

// A lane that does not take part gives NaN.
static inline void shuffle(Meeting* const* of, unsigned mask) {
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

static inline unsigned __ballot_sync(unsigned mask, int x, EMULATED_PLACE) {
  emulated::Vote vote = {{emulated::ballot, "__ballot_sync", file, line, mask}, x, 0};
  emulated::meet(vote);
  return vote.result;
}

template <typename T>
static inline T __shfl_sync(unsigned mask, T x, int source, EMULATED_PLACE) {
  return emulated::shuffle("__shfl_sync", mask, x, source & 31, file, line);
}

// The first `by` lanes get their own.
template <typename T>
static inline T __shfl_up_sync(unsigned mask, T x, unsigned by, EMULATED_PLACE) {
  int lane = emulated::lane();
  int from = lane < (int)by ? lane : lane - (int)by;
  return emulated::shuffle("__shfl_up_sync", mask, x, from, file, line);
}

template <typename T>
static inline T __shfl_xor_sync(unsigned mask, T x, int by, EMULATED_PLACE) {
  return emulated::shuffle("__shfl_xor_sync", mask, x, emulated::lane() ^ (by & 31), file, line);
}

#include "hardware.h"

// What hardware.cuh has for a kernel, on the CPU.
#pragma once
#include "device.h"

// --- bfloat16 and the tensor cores ----------------------------------------------------------------------------------

struct bf16 {
  unsigned short bits;
};

static inline float to_float(bf16 x) {
  return __uint_as_float((unsigned)x.bits << 16);
}

static inline float to_float(float x) {
  return x;
}

static inline bf16 to_bf16(float x) {
  unsigned bits = __float_as_uint(x);
  if (x != x) return {0x7fff};
  return {(unsigned short)((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

static inline unsigned to_bf16x2(float low, float high) {
  return (unsigned)to_bf16(high).bits << 16 | to_bf16(low).bits;
}

namespace emulated {

struct Product : Meeting {
  float* d;
  const unsigned* a;
  const unsigned* b;
};

static inline void unpack(unsigned pair, float& low, float& high) {
  low = __uint_as_float(pair << 16);
  high = __uint_as_float(pair & 0xffff0000);
}

static inline void whole_warp(Meeting* const* of) {
  for (int i = 0; i < 32; i++) {
    if (!of[i]) fail("a lane has returned before its warp's matrix instruction");
  }
}

static inline void multiply(Meeting* const* of, unsigned) {
  whole_warp(of);
  float a[16][16];
  float b[16][8];
  float d[16][8];
  for (int i = 0; i < 32; i++) {
    const Product& lane = *(Product*)of[i];
    int g = i / 4;
    int t = i % 4 * 2;
    unpack(lane.a[0], a[g][t], a[g][t + 1]);
    unpack(lane.a[1], a[g + 8][t], a[g + 8][t + 1]);
    unpack(lane.a[2], a[g][t + 8], a[g][t + 9]);
    unpack(lane.a[3], a[g + 8][t + 8], a[g + 8][t + 9]);
    unpack(lane.b[0], b[t][g], b[t + 1][g]);
    unpack(lane.b[1], b[t + 8][g], b[t + 9][g]);
    for (int j = 0; j < 4; j++) d[g + j / 2 * 8][t + j % 2] = lane.d[j];
  }
  for (int m = 0; m < 16; m++) {
    for (int k = 0; k < 16; k++) {
      for (int n = 0; n < 8; n++) d[m][n] += a[m][k] * b[k][n];
    }
  }
  for (int i = 0; i < 32; i++) {
    const Product& lane = *(Product*)of[i];
    for (int j = 0; j < 4; j++) lane.d[j] = d[i / 4 + j / 2 * 8][i % 4 * 2 + j % 2];
  }
}

struct Matrices : Meeting {
  const bf16* row;
  unsigned* r;
  bool transposed;
};

static inline void read_matrices(Meeting* const* of, unsigned) {
  whole_warp(of);
  for (int i = 0; i < 32; i++) {
    const unsigned char* row = (const unsigned char*)((Matrices*)of[i])->row;
    if (row < shared_memory.from || row + 16 > shared_memory.to) fail("load_matrices: a row is not in shared memory");
    if ((uintptr_t)row % 16) fail("load_matrices: a row is not at a multiple of 16 bytes");
  }
  for (int i = 0; i < 32; i++) {
    const Matrices& lane = *(Matrices*)of[i];
    int g = i / 4;
    int t = i % 4 * 2;
    for (int j = 0; j < 4; j++) {
      bf16 low = lane.transposed ? ((Matrices*)of[j * 8 + t])->row[g] : ((Matrices*)of[j * 8 + g])->row[t];
      bf16 high = lane.transposed ? ((Matrices*)of[j * 8 + t + 1])->row[g] : ((Matrices*)of[j * 8 + g])->row[t + 1];
      lane.r[j] = (unsigned)high.bits << 16 | low.bits;
    }
  }
}

}  // namespace emulated

static inline void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2], EMULATED_PLACE) {
  emulated::Product product = {{emulated::multiply, "mma", file, line, 0xffffffff}, d, a, b};
  emulated::meet(product);
}

static inline void load_matrices(unsigned (&r)[4], const bf16* row, EMULATED_PLACE) {
  emulated::Meeting meeting = {emulated::read_matrices, "load_matrices", file, line, 0xffffffff};
  emulated::Matrices rows = {meeting, row, r, false};
  emulated::meet(rows);
}

static inline void load_matrices_transposed(unsigned (&r)[4], const bf16* row, EMULATED_PLACE) {
  emulated::Meeting meeting = {emulated::read_matrices, "load_matrices_transposed", file, line, 0xffffffff};
  emulated::Matrices rows = {meeting, row, r, true};
  emulated::meet(rows);
}

// --- copies beside the thread ---------------------------------------------------------------------------------------

namespace emulated {

// Between its begin and copy_wait a copy may have happened or not: its target is NaN meanwhile, and written at last.
static inline void begin_copy(void* to, const void* from, size_t bytes) {
  if ((uintptr_t)to % bytes || (uintptr_t)from % bytes) fail("a copy is not at a multiple of its size");
  if (to < shared_memory.from || (unsigned char*)to + bytes > shared_memory.to) fail("a copy is not to shared memory");
  Fiber& fiber = *running;
  if (fiber.copy_count == fiber.copy_room) {
    fiber.copy_room = 2 * fiber.copy_room + 8;
    fiber.copies = (Copy*)realloc(fiber.copies, fiber.copy_room * sizeof(Copy));
  }
  fiber.copies[fiber.copy_count++] = {to, from, bytes};
  memset(to, NAN_BYTE, bytes);
}

}  // namespace emulated

static inline void copy_line(bf16* to, const bf16* from, bool there) {
  emulated::begin_copy(to, there ? from : nullptr, 16);
}

static inline void copy_float(float* to, const float* from, bool there) {
  emulated::begin_copy(to, there ? from : nullptr, 4);
}

static inline void copy_wait() {
  emulated::Fiber& fiber = *emulated::running;
  for (int i = 0; i < fiber.copy_count; i++) {
    const emulated::Copy& copy = fiber.copies[i];
    if (copy.from) {
      memcpy(copy.to, copy.from, copy.bytes);
    } else {
      memset(copy.to, 0, copy.bytes);
    }
  }
  fiber.copy_count = 0;
}

static inline float exp2_approximate(float x) {
  float y = exp2f(x);
  return y < 0x1p-126f ? 0.0f : y;
}

static inline unsigned opaque(unsigned x) {
  return x;
}

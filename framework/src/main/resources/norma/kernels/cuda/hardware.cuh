// What only the processor can do: conversions to bfloat16, products of small matrices by the tensor cores, copies that run
// beside the thread. Everything else in this folder is plain CUDA C++. NVRTC compiles these files without any include path.
#pragma once

// bfloat16: the upper half of a float32.
struct bf16 {
  unsigned short bits;
};

static __device__ __forceinline__ float to_float(bf16 x) {
  return __uint_as_float((unsigned)x.bits << 16);
}

static __device__ __forceinline__ float to_float(float x) {
  return x;
}

// To the nearest bfloat16, halves to even. Processors before 8.0 have no instruction for it.
static __device__ __forceinline__ bf16 to_bf16(float x) {
  bf16 y;
#if __CUDA_ARCH__ >= 800
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
#else
  unsigned bits = __float_as_uint(x);
  y.bits = x == x ? (bits + 0x7fff + (bits >> 16 & 1)) >> 16 : 0x7fff;
#endif
  return y;
}

// Two in one register, `low` in the lower half.
static __device__ __forceinline__ unsigned to_bf16x2(float low, float high) {
#if __CUDA_ARCH__ >= 800
  unsigned pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
  return pair;
#else
  return (unsigned)to_bf16(high).bits << 16 | to_bf16(low).bits;
#endif
}

// d += a b for a (16 x 16, by rows) and b (16 x 8, by columns), spread over the warp as PTX's mma.m16n8k16 wants them:
// lane 4 g + t holds of a the pairs at (g, 2t), (g + 8, 2t), (g, 2t + 8), (g + 8, 2t + 8), of b the pairs of rows 2t, 2t + 1
// and 2t + 8, 2t + 9 of column g, and of d the pairs at (g, 2t) and (g + 8, 2t).
static __device__ __forceinline__ void mma(float (&d)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

// Four 8 x 8 matrices of bfloat16 from shared memory: lane i gives the address of a row of eight (16 bytes) of matrix i / 8,
// and receives of each matrix the pair at (lane / 4, 2 (lane % 4)).
static __device__ __forceinline__ void load_matrices(unsigned (&r)[4], const bf16* row) {
  unsigned address = (unsigned)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

// The same, each matrix transposed.
static __device__ __forceinline__ void load_matrices_transposed(unsigned (&r)[4], const bf16* row) {
  unsigned address = (unsigned)__cvta_generic_to_shared(row);
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address)
               : "memory");
}

// Copies 16 bytes (at a multiple of 16 in both places) into shared memory while the thread goes on, or zeros if not `there`:
// `from` is then not read. Others see them after copy_wait and a barrier.
static __device__ __forceinline__ void copy_line(bf16* to, const bf16* from, bool there) {
  unsigned address = (unsigned)__cvta_generic_to_shared(to);
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(there ? 16 : 0) : "memory");
}

// The same for one float.
static __device__ __forceinline__ void copy_float(float* to, const float* from, bool there) {
  unsigned address = (unsigned)__cvta_generic_to_shared(to);
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(address), "l"(from), "r"(there ? 4 : 0) : "memory");
}

// Waits for all copies that the calling thread has begun.
static __device__ __forceinline__ void copy_wait() {
  asm volatile("cp.async.wait_all;" ::: "memory");
}

// 2^x with a relative error of 2^-22; 0 where the result is below 2^-126.
static __device__ __forceinline__ float exp2_approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

// x, of which the compiler knows nothing any more: it cannot compute what follows from x before a loop, where it would
// occupy registers all the while.
static __device__ __forceinline__ unsigned opaque(unsigned x) {
  asm volatile("" : "+r"(x));
  return x;
}

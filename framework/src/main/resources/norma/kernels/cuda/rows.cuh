// What the kernels share that work on rows.
#pragma once
#include "common.cuh"

static const int THREADS = 256;

// x[k] = N numbers at first + k step, for those that lie before `end`; the others are 0.
template <int K, int N>
static __device__ __forceinline__ void load_all(const real* from, long long first, long long step, long long end,
                                                float (&x)[K][N]) {
#pragma unroll
  for (int k = 0; k < K; k++) {
    if (first + k * step < end) {
      load(from + first + k * step, x[k]);
    } else {
#pragma unroll
      for (int i = 0; i < N; i++) x[k][i] = 0;
    }
  }
}

// Writes what load_all read, or adds it to what is there: all reads come before the first write, because the compiler
// may not move them over it.
template <int K, int N>
static __device__ __forceinline__ void put_all(float (&x)[K][N], real* to, long long first, long long step,
                                               long long end, int accumulate) {
  if (accumulate) {
    float old[K][N];
    load_all(to, first, step, end, old);
#pragma unroll
    for (int k = 0; k < K; k++) {
#pragma unroll
      for (int i = 0; i < N; i++) x[k][i] += old[k][i];
    }
  }
#pragma unroll
  for (int k = 0; k < K; k++) {
    if (first + k * step < end) store(x[k], to + first + k * step);
  }
}

// What a norm reads: a, or a + b as memory keeps it, which is then written to `sum`.
struct Input {
  const real* a;
  const real* b;
  real* sum;

  template <int K, int N>
  __device__ __forceinline__ void load_all(long long first, long long step, long long end, float (&x)[K][N]) const {
    ::load_all(a, first, step, end, x);
    if (b) {
      float other[K][N];
      ::load_all(b, first, step, end, other);
#pragma unroll
      for (int k = 0; k < K; k++) {
#pragma unroll
        for (int i = 0; i < N; i++) x[k][i] += other[k][i];
        if (first + k * step < end) store_rounded(x[k], sum + first + k * step);
      }
    }
  }

  // Where x is read again.
  __device__ __forceinline__ const real* x() const {
    return b ? sum : a;
  }
};

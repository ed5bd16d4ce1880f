// What the kernels share that work on rows.
#pragma once
#include "common.cuh"

static const int THREADS = 256;
static const int WARP = 32;
static const int WARPS = THREADS / WARP;

// The functions of formulas that have no instruction. Of bfloat16 with its 8 bits, 21 are enough: a fifth of the instructions.
#if BF16
static __device__ __forceinline__ float exp_of(float x) {
  return exp2_approximate(x * 1.4426950408889634f);
}

static __device__ __forceinline__ float tanh_of(float x) {
  const float s = x * x;
  const float large = copysignf(1 - 2 / (1 + exp_of(2 * fabsf(x))), x);
  return s < 0.0625f ? x * (1 + s * (-1 / 3.0f + s * (2 / 15.0f - s * (17 / 315.0f)))) : large;
}

// Abramowitz and Stegun, 7.1.26; the series where x is small.
static __device__ __forceinline__ float erf_of(float x) {
  const float s = x * x;
  const float t = 1 / (1 + 0.3275911f * fabsf(x));
  const float p = t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
  const float large = copysignf(1 - p * exp_of(-s), x);
  const float small = 1.1283791671f * x * (1 + s * (-1 / 3.0f + s * (0.1f - s * (1 / 42.0f))));
  return s < 0.0625f ? small : large;
}
#else
static __device__ __forceinline__ float exp_of(float x) {
  return expf(x);
}

static __device__ __forceinline__ float tanh_of(float x) {
  return tanhf(x);
}

static __device__ __forceinline__ float erf_of(float x) {
  return erff(x);
}
#endif

// A lane's part of a row: x[k] = N numbers at from + 32 k N, for those that lie before `left`.
template <int K, int N, typename T>
static __device__ __forceinline__ void load_row(const T* from, int left, float (&x)[K][N]) {
#pragma unroll
  for (int k = 0; k < K; k++) {
    if (k * WARP * N < left) load(from + k * WARP * N, x[k]);
  }
}

template <int K, int N>
static __device__ __forceinline__ void store_row(const float (&x)[K][N], real* to, int left) {
#pragma unroll
  for (int k = 0; k < K; k++) {
    if (k * WARP * N < left) store(x[k], to + k * WARP * N);
  }
}

// x += y
template <int N>
static __device__ __forceinline__ void add(const float (&y)[N], float (&x)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) x[i] += y[i];
}

template <int K, int N>
static __device__ __forceinline__ void add(const float (&y)[K][N], float (&x)[K][N]) {
#pragma unroll
  for (int k = 0; k < K; k++) add(y[k], x[k]);
}

// Writes x, and leaves in x what memory keeps of it.
template <int K, int N>
static __device__ __forceinline__ void store_row_rounded(float (&x)[K][N], real* to, int left) {
#pragma unroll
  for (int k = 0; k < K; k++) {
    if (k * WARP * N < left) store_rounded(x[k], to + k * WARP * N);
  }
}

// The sum of x over the block's warps, written by the first. `spare` holds x of half of them; all threads must call it.
template <int K, int N>
static __device__ __forceinline__ void sum_of_warps(float (&x)[K][N], float* spare, float* to, int left) {
  const int warp = threadIdx.x / WARP;
  const int lane = threadIdx.x % WARP;
#pragma unroll
  for (int half = WARPS / 2; half > 0; half /= 2) {
    float* mine = spare + warp % half * WARP * K * N + lane;
    __syncthreads();
    if (warp >= half && warp < 2 * half) {
#pragma unroll
      for (int i = 0; i < K * N; i++) mine[i * WARP] = x[i / N][i % N];
    }
    __syncthreads();
    if (warp < half) {
#pragma unroll
      for (int i = 0; i < K * N; i++) x[i / N][i % N] += mine[i * WARP];
    }
  }
#pragma unroll
  for (int k = 0; k < K; k++) {
    if (warp == 0 && k * WARP * N < left) store(x[k], to + k * WARP * N);
  }
}

// sums (vectors, parts, width) over their parts, a block for 32 columns, into `all` (vectors, width). Lane i of the first warp
// has written column i, i + 32, ...
static __device__ __forceinline__ void sum_parts(const float* sums, int vectors, int parts, int width, float* all) {
  __shared__ float spare[WARPS][WARP];
  const int warp = threadIdx.x / WARP;
  const int lane = threadIdx.x % WARP;
  for (int vector = 0; vector < vectors; vector++) {
    for (int from = blockIdx.x * WARP; from < width; from += gridDim.x * WARP) {
      const float* column = sums + (long long)vector * parts * width + from + lane;
      float sum = 0;
      if (from + lane < width) {
#pragma unroll 8
        for (int part = warp; part < parts; part += WARPS) sum += column[(long long)part * width];
      }
      __syncthreads();
      spare[warp][lane] = sum;
      __syncthreads();
      if (warp == 0 && from + lane < width) {
        for (int other = 1; other < WARPS; other++) sum += spare[other][lane];
        all[vector * width + from + lane] = sum;
      }
    }
  }
}

// The sum of so many numbers, in the threads of the first warp. All threads must call it.
static __device__ __forceinline__ float sum_totals(const float* totals, int count) {
  __shared__ double warps[WARPS];
  __shared__ float all;
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += THREADS) sum += totals[i];
  sum = block_sum(sum, warps);
  if (threadIdx.x == 0) all = (float)sum;
  __syncthreads();
  return all;
}

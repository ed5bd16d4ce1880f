// What the kernels share that work on rows.
#pragma once
#include "common.cuh"

static const int THREADS = 256;
static const int WARP = 32;
static const int WARPS = THREADS / WARP;

// The sum over the block, in thread 0. All threads must call it.
static __device__ __forceinline__ double block_sum(double x) {
  __shared__ double warps[WARPS];
  x = Warp::sum(x);
  __syncthreads();  // nobody reads the last call's any more
  if (threadIdx.x % WARP == 0) warps[threadIdx.x / WARP] = x;
  __syncthreads();
  double sum = 0;
  if (threadIdx.x == 0) {
    for (int warp = 0; warp < WARPS; warp++) sum += warps[warp];
  }
  return sum;
}

// An equal share of a matrix's rows, the next ones for each part.
struct Share {
  int begin;
  int end;
};

static __device__ __forceinline__ Share share_of(int rows, int part, int parts) {
  int each = rows / parts;
  int rest = rows % parts;
  int begin = part * each + min(part, rest);
  return Share{begin, begin + each + (part < rest ? 1 : 0)};
}

// How the threads of a block lie over a matrix: each has N neighbouring columns from `column` on, whose weights and
// sums stay in its registers, and the block covers `lines` rows at once. A wide matrix takes several tiles, one after
// the other, each from another column on.
template <int N>
struct Tile {
  static const int WIDTH = THREADS * N;
  int from;
  int across;  // threads side by side
  int column;
  int line;
  int lines;

  __device__ __forceinline__ Tile(int from, int width) : from(from) {
    across = min(THREADS, (width - from) / N);
    column = from + (int)threadIdx.x % across * N;
    line = (int)threadIdx.x / across;
    lines = THREADS / across;
  }

  // The thread's first row; none for the threads that are left over.
  __device__ __forceinline__ int first_row(Share share) const {
    return line < lines ? share.begin + line : share.end;
  }

  // Writes the lines' sums to `sums`, one for each column. `spare` holds WIDTH numbers; all threads must call it.
  __device__ __forceinline__ void add_lines(const float (&x)[N], float* spare, float* sums) const {
    __syncthreads();
    store(x, spare + threadIdx.x * N);
    __syncthreads();
#pragma unroll 1
    for (int i = threadIdx.x; i < across * N; i += THREADS) {
      float sum = 0;
      for (int k = 0; k < lines; k++) sum += spare[k * across * N + i];
      sums[from + i] = sum;
    }
  }
};

// f(row, column) for the first of every N neighbours of a matrix.
template <int N, typename F>
static __device__ __forceinline__ void for_lines(int rows, int width, const F& f) {
  const Share share = share_of(rows, blockIdx.x, gridDim.x);
  for (int from = 0; from < width; from += Tile<N>::WIDTH) {
    const Tile<N> tile(from, width);
    for (int row = tile.first_row(share); row < share.end; row += tile.lines) f(row, tile.column);
  }
}

// f(Count<N>()), where N are the elements of the widest access to memory that rows of this width allow.
template <typename T, typename F>
static __device__ __forceinline__ void by_lane(int width, const F& f) {
  if (width % Lane<T>::COUNT == 0) {
    f(Count<Lane<T>::COUNT>());
  } else {
    f(Count<1>());
  }
}

// out (+)= the columns' sums of x (rows, width). A thread adds few rows; many are added by several threads of a block
// and then together. `spare` holds THREADS N numbers.
template <int N, typename T>
static __device__ __forceinline__ void sum_columns(const T* __restrict__ x, int rows, int width, float* out,
                                                   int accumulate, float* spare) {
  const int NARROW = 128 / (N * sizeof(T));  // threads side by side that read 128 bytes of a row
  const long long ENOUGH = 65536;            // threads that fill a processor
  int chunks = width / N;
  int across = THREADS;
  while (across > 1 && 2 * (THREADS / across) <= rows &&
         (across > chunks || (across > NARROW && (long long)chunks * (THREADS / across) < ENOUGH))) {
    across /= 2;
  }
  int lines = THREADS / across;
  int line = threadIdx.x / across;
  for (int from = blockIdx.x * across; from < chunks; from += gridDim.x * across) {
    int chunk = from + threadIdx.x % across;
    float sum[N] = {};
    if (chunk < chunks) {
#pragma unroll 4
      for (int row = line; row < rows; row += lines) {
        float part[N];
        load(x + (long long)row * width + chunk * N, part);
        add(part, sum);
      }
    }
    for (int half = lines / 2; half > 0; half /= 2) {
      if (line < 2 * half) store(sum, spare + threadIdx.x * N);
      __syncthreads();
      if (line < half) {
        float other[N];
        load(spare + (threadIdx.x + half * across) * N, other);
        add(other, sum);
      }
      __syncthreads();
    }
    if (line == 0 && chunk < chunks) put(sum, out + (long long)chunk * N, accumulate);
  }
}

// The same, by the widest accesses that the rows allow.
template <typename T>
static __device__ __forceinline__ void sum_columns(const T* x, int rows, int width, float* out, int accumulate) {
  __shared__ __align__(16) float spare[THREADS * Lane<T>::COUNT];
  by_lane<T>(width, [&](auto count) { sum_columns<count.COUNT>(x, rows, width, out, accumulate, spare); });
}

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

// Writes x, and leaves in x what memory keeps of it.
template <int K, int N, typename T>
static __device__ __forceinline__ void store_row(float (&x)[K][N], T* to, int left) {
#pragma unroll
  for (int k = 0; k < K; k++) {
    if (k * WARP * N < left) store_rounded(x[k], to + k * WARP * N);
  }
}

// x += y
template <int K, int N>
static __device__ __forceinline__ void add(const float (&y)[K][N], float (&x)[K][N]) {
#pragma unroll
  for (int k = 0; k < K; k++) add(y[k], x[k]);
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
  if (warp == 0) store_row(x, to, left);
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
  __shared__ float all;
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += THREADS) sum += totals[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) all = (float)sum;
  __syncthreads();
  return all;
}

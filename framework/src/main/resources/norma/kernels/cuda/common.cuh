// What the kernels share: the element type of activations, 16-byte accesses, sums over a warp and a block, and the random
// numbers of dropout.
#pragma once
#include "hardware.cuh"

// Activations and their gradients are `real`; weights, their gradients, statistics and moments are float32. BF16 is 0 or 1.
#if BF16
typedef bf16 real;
#else
typedef float real;
#endif

static __device__ __forceinline__ void from_float(float x, float* to) {
  *to = x;
}

static __device__ __forceinline__ void from_float(float x, bf16* to) {
  *to = to_bf16(x);
}

// As it is kept in memory, and read again.
static __device__ __forceinline__ float rounded(float x) {
  real kept;
  from_float(x, &kept);
  return to_float(kept);
}

// Elements of one 16-byte access.
template <typename T>
struct Lane {
  static const int COUNT = 16 / sizeof(T);
};

// Reads N neighbours: 1, or as many as 16 bytes hold, at a multiple of 16 bytes.
template <int N, typename T>
static __device__ __forceinline__ void load(const T* from, float (&x)[N]) {
  if (N == Lane<T>::COUNT) {
    union {
      uint4 bytes;
      T elements[Lane<T>::COUNT];
    } line;
    line.bytes = *(const uint4*)from;
#pragma unroll
    for (int i = 0; i < N; i++) x[i] = to_float(line.elements[i]);
  } else {
#pragma unroll
    for (int i = 0; i < N; i++) x[i] = to_float(from[i]);
  }
}

template <int N, typename T>
static __device__ __forceinline__ void store(const float (&x)[N], T* to) {
  if (N == Lane<T>::COUNT) {
    union {
      uint4 bytes;
      T elements[Lane<T>::COUNT];
    } line;
#pragma unroll
    for (int i = 0; i < N; i++) from_float(x[i], &line.elements[i]);
    *(uint4*)to = line.bytes;
  } else {
#pragma unroll
    for (int i = 0; i < N; i++) from_float(x[i], to + i);
  }
}

// Writes, or adds to what is there.
template <int N, typename T>
static __device__ __forceinline__ void put(float (&x)[N], T* to, int accumulate) {
  if (accumulate) {
    float old[N];
    load<N>(to, old);
#pragma unroll
    for (int i = 0; i < N; i++) x[i] += old[i];
  }
  store<N>(x, to);
}

// The sum over the warp's 32 lanes, in all of them.
static __device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(0xffffffff, x, lanes);
  return x;
}

static __device__ __forceinline__ double warp_sum(double x) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) x += __shfl_xor_sync(0xffffffff, x, lanes);
  return x;
}

static __device__ __forceinline__ float warp_max(float x) {
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, lanes));
  return x;
}

// The sum over the block, in thread 0. `spare` holds one number for each warp; all threads must call it.
template <typename T>
static __device__ __forceinline__ T block_sum(T x, T* spare) {
  x = warp_sum(x);
  __syncthreads();
  if (threadIdx.x % 32 == 0) spare[threadIdx.x / 32] = x;
  __syncthreads();
  T sum = 0;
  if (threadIdx.x == 0) {
    for (int warp = 0; warp < (int)blockDim.x / 32; warp++) sum += spare[warp];
  }
  return sum;
}

// A dropout mask, see norma.kernels.DropMask: an element is dropped where its 32 random bits are below `threshold`
// (2^32 times the probability, rounded up), else multiplied by `factor`.
struct Drop {
  unsigned long long key;
  unsigned long long step;
  unsigned long long first;
  unsigned long long threshold;
  float factor;
};

// Block i of the stream: Philox4x32-10, see norma.kernels.Philox.
static __device__ __forceinline__ uint4 philox(unsigned long long key, unsigned long long step, unsigned long long i) {
  uint4 c = make_uint4((unsigned)i, (unsigned)(i >> 32), (unsigned)step, (unsigned)(step >> 32));
  unsigned k0 = (unsigned)key;
  unsigned k1 = (unsigned)(key >> 32);
#pragma unroll
  for (int round = 0; round < 10; round++) {
    unsigned long long p0 = 0xD2511F53ull * c.x;
    unsigned long long p1 = 0xCD9E8D57ull * c.z;
    c = make_uint4((unsigned)(p1 >> 32) ^ c.y ^ k0, (unsigned)p1, (unsigned)(p0 >> 32) ^ c.w ^ k1, (unsigned)p0);
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return c;
}

// What element i of the masked array is multiplied by.
static __device__ __forceinline__ float drop_factor(const Drop& drop, unsigned long long i) {
  unsigned long long index = drop.first + i;
  uint4 words = philox(drop.key, drop.step, index >> 2);
  unsigned bits = (index & 2) ? ((index & 1) ? words.w : words.z) : ((index & 1) ? words.y : words.x);
  return bits < drop.threshold ? 0.0f : drop.factor;
}

// Index of the first element of the calling thread's, where each takes N at a time, and the distance to its next ones.
template <int N>
static __device__ __forceinline__ long long first_of_thread() {
  return ((long long)blockIdx.x * blockDim.x + threadIdx.x) * N;
}

template <int N>
static __device__ __forceinline__ long long stride_of_grid() {
  return (long long)gridDim.x * blockDim.x * N;
}

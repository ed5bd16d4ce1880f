// What the kernels share: the element type of activations, 16-byte accesses, sums over lanes, and the random numbers of
// dropout.
#pragma once
#include "hardware.cuh"

// Activations and their gradients are `real`; weights, their gradients, statistics and moments are float32. BF16 is 0
// or 1.
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

// Elements of one 16-byte access.
template <typename T>
struct Lane {
  static const int COUNT = 16 / sizeof(T);
};

// The numbers of 4 bytes of memory.
static __device__ __forceinline__ void unpack(unsigned word, float* x, float) {
  x[0] = __uint_as_float(word);
}

static __device__ __forceinline__ void unpack(unsigned word, float* x, bf16) {
  x[0] = __uint_as_float(word << 16);
  x[1] = __uint_as_float(word & 0xffff0000);
}

static __device__ __forceinline__ unsigned pack(const float* x, float) {
  return __float_as_uint(x[0]);
}

static __device__ __forceinline__ unsigned pack(const float* x, bf16) {
  return to_bf16x2(x[0], x[1]);
}

// Reads N neighbours: 1, or as many as fill 4, 8 or a multiple of 16 bytes, at a multiple of as many bytes, 16 at most.
template <int N, typename T>
static __device__ __forceinline__ void load(const T* from, float (&x)[N]) {
  const int EACH = 4 / sizeof(T);  // numbers of a word
  const int WORDS = N / EACH;
  if constexpr (N % EACH != 0) {
#pragma unroll
    for (int i = 0; i < N; i++) x[i] = to_float(from[i]);
  } else if constexpr (WORDS % 4 == 0) {
#pragma unroll
    for (int i = 0; i < WORDS; i += 4) {
      const uint4 line = ((const uint4*)from)[i / 4];
      unpack(line.x, x + i * EACH, T());
      unpack(line.y, x + (i + 1) * EACH, T());
      unpack(line.z, x + (i + 2) * EACH, T());
      unpack(line.w, x + (i + 3) * EACH, T());
    }
  } else if constexpr (WORDS == 2) {
    const uint2 pair = *(const uint2*)from;
    unpack(pair.x, x, T());
    unpack(pair.y, x + EACH, T());
  } else {
#pragma unroll
    for (int i = 0; i < WORDS; i++) unpack(((const unsigned*)from)[i], x + i * EACH, T());
  }
}

template <int N, typename T>
static __device__ __forceinline__ void store(const float (&x)[N], T* to) {
  const int EACH = 4 / sizeof(T);
  const int WORDS = N / EACH;
  if constexpr (N % EACH != 0) {
#pragma unroll
    for (int i = 0; i < N; i++) from_float(x[i], to + i);
  } else if constexpr (WORDS % 4 == 0) {
#pragma unroll
    for (int i = 0; i < WORDS; i += 4) {
      ((uint4*)to)[i / 4] = make_uint4(pack(x + i * EACH, T()), pack(x + (i + 1) * EACH, T()),
                                       pack(x + (i + 2) * EACH, T()), pack(x + (i + 3) * EACH, T()));
    }
  } else if constexpr (WORDS == 2) {
    *(uint2*)to = make_uint2(pack(x, T()), pack(x + EACH, T()));
  } else {
#pragma unroll
    for (int i = 0; i < WORDS; i++) ((unsigned*)to)[i] = pack(x + i * EACH, T());
  }
}

// The same, and leaves in x what memory keeps of it.
template <int N, typename T>
static __device__ __forceinline__ void store_rounded(float (&x)[N], T* to) {
  store(x, to);
  if constexpr (sizeof(T) == 2) {
#pragma unroll
    for (int i = 0; i < N; i++) x[i] = to_float(to_bf16(x[i]));
  }
}

// x += y
template <int N>
static __device__ __forceinline__ void add(const float (&y)[N], float (&x)[N]) {
#pragma unroll
  for (int i = 0; i < N; i++) x[i] += y[i];
}

// Writes, or adds to what is there.
template <int N, typename T>
static __device__ __forceinline__ void put(float (&x)[N], T* to, int accumulate) {
  if (accumulate) {
    float old[N];
    load<N>(to, old);
    add(old, x);
  }
  store<N>(x, to);
}

// Sums and the like over the lanes whose numbers differ in these bits alone, one bit after the other: all of them get
// the result. The whole warp must call it.
template <int... BITS>
struct Butterfly {
  template <typename T>
  static __device__ __forceinline__ T sum(T x) {
    ((x += __shfl_xor_sync(0xffffffff, x, BITS)), ...);
    return x;
  }

  static __device__ __forceinline__ float max(float x) {
    ((x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, BITS))), ...);
    return x;
  }

  static __device__ __forceinline__ unsigned any(unsigned x) {
    ((x |= __shfl_xor_sync(0xffffffff, x, BITS)), ...);
    return x;
  }
};

typedef Butterfly<16, 8, 4, 2, 1> Warp;  // all 32 lanes

// A dropout mask, see norma.kernels.DropMask: an element is dropped where its 32 random bits are below `threshold`
// (2^32 times the probability, rounded up), else multiplied by `factor`.
struct Drop {
  unsigned long long key;
  unsigned long long step;
  unsigned long long first;
  unsigned long long threshold;
  float factor;
};

// Block i of the stream: Philox4x32-10, see norma.random.RandomStream.
static __device__ __forceinline__ uint4 philox(unsigned long long key, unsigned long long step, unsigned long long i) {
  uint4 c = make_uint4((unsigned)i, (unsigned)(i >> 32), (unsigned)step, (unsigned)(step >> 32));
  unsigned k0 = opaque((unsigned)key);
  unsigned k1 = opaque((unsigned)(key >> 32));
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

// Bit k tells whether element i + k of the masked array is dropped, for k from 0 to 3. Four neighbours lie in one block
// of the stream or in two.
static __device__ __forceinline__ unsigned dropped_of_four(const Drop& drop, unsigned long long i) {
  unsigned long long index = drop.first + i;
  unsigned skipped = (unsigned)index & 3;
  unsigned dropped = 0;
#pragma unroll 1
  for (unsigned block = 0; block <= (skipped != 0); block++) {
    uint4 words = philox(drop.key, drop.step, (index >> 2) + block);
    dropped |= ((words.x < drop.threshold) | (words.y < drop.threshold) << 1 | (words.z < drop.threshold) << 2 |
                (words.w < drop.threshold) << 3)
               << 4 * block;
  }
  return dropped >> skipped & 15;
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

// A number of neighbours, as an argument.
template <int N>
struct Count {
  static const int COUNT = N;
};

// f(i, Count<N>()) for every N of n elements, from i on, then f(i, Count<1>()) for those that are left over.
template <int N, typename F>
static __device__ __forceinline__ void for_each(long long n, const F& f) {
  for (long long i = first_of_thread<N>(); i + N <= n; i += stride_of_grid<N>()) f(i, Count<N>());
  if constexpr (N > 1) {
    for (long long i = n / N * N + first_of_thread<1>(); i < n; i += stride_of_grid<1>()) f(i, Count<1>());
  }
}

// N neighbours of an array.
template <int N>
struct Line {
  float at[N];

  template <typename T>
  __device__ __forceinline__ explicit Line(const T* from) {
    load(from, at);
  }
};

template <int N, typename F, typename Y, typename... Lines>
static __device__ __forceinline__ void map_line(F f, Y* y, int accumulate, const Lines&... x) {
  float values[N];
#pragma unroll
  for (int k = 0; k < N; k++) values[k] = f(x.at[k]...);
  put(values, y, accumulate);
}

// y[i] (+)= f(x[i], ...) for the n elements of some arrays.
template <int N, typename F, typename Y, typename... X>
static __device__ __forceinline__ void map(long long n, F f, Y* y, int accumulate, const X*... x) {
  for_each<N>(n, [&](long long i, auto count) {
    map_line<count.COUNT>(f, y + i, accumulate, Line<count.COUNT>(x + i)...);
  });
}

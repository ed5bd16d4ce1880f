// Kernels that treat every element alike, and copies, see norma.kernels.Kernels. All are bound by memory: a
// thread has a line of 16 bytes of each array on its way, and the processor is full of threads.
#include "common.cuh"

static const int THREADS = 256;
static const int LANE = Lane<real>::COUNT;

// Calls f.at<N>(i) for every N elements from i on, then f.at<1>(i) for what n leaves over.
template <int N, typename F>
static __device__ __forceinline__ void for_each(long long n, F& f) {
  for (long long i = first_of_thread<N>(); i + N <= n; i += stride_of_grid<N>()) f.template at<N>(i);
  if constexpr (N > 1) {
    for (long long i = n / N * N + first_of_thread<1>(); i < n; i += stride_of_grid<1>()) f.template at<1>(i);
  }
}

// y = a + b; y may be a.
extern "C" __global__ void __launch_bounds__(THREADS) add(const real* a, const real* b, real* y, long long n) {
  map<LANE>(n, [](float a, float b) { return a + b; }, y, 0, a, b);
}

// y (+)= factor x
extern "C" __global__ void __launch_bounds__(THREADS)
    multiply(const real* x, float factor, real* y, int accumulate, long long n) {
  map<LANE>(n, [=](float x) { return x * factor; }, y, accumulate, x);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    multiply_to_float(const real* x, float factor, float* y, int accumulate, long long n) {
  map<LANE>(n, [=](float x) { return x * factor; }, y, accumulate, x);
}

// The factor is a number s in memory: a float of 4 bytes, a double of 8 or a bf16 of 2.
extern "C" __global__ void __launch_bounds__(THREADS)
    scale(const void* s, int s_bytes, const real* x, real* y, int accumulate, long long n) {
  const float factor = s_bytes == 4   ? *(const float*)s
                       : s_bytes == 8 ? (float)*(const double*)s
                                      : to_float(*(const bf16*)s);
  map<LANE>(n, [=](float x) { return x * factor; }, y, accumulate, x);
}

// y (+)= a b
extern "C" __global__ void __launch_bounds__(THREADS)
    multiply_arrays(const real* a, const real* b, real* y, int accumulate, long long n) {
  map<LANE>(n, [](float a, float b) { return a * b; }, y, accumulate, a, b);
}

extern "C" __global__ void __launch_bounds__(THREADS) fill_real(real* x, float value, long long n) {
  map<LANE>(n, [=]() { return value; }, x, 0);
}

extern "C" __global__ void __launch_bounds__(THREADS) fill_float(float* x, float value, long long n) {
  map<Lane<float>::COUNT>(n, [=]() { return value; }, x, 0);
}

extern "C" __global__ void __launch_bounds__(THREADS) fill_double(double* x, double value, long long n) {
  for (long long i = first_of_thread<1>(); i < n; i += stride_of_grid<1>()) x[i] = value;
}

template <int N>
static __device__ __forceinline__ void add_bias(real* y, const float* __restrict__ bias, int rows, int width) {
  const Share share = share_of(rows, blockIdx.x, gridDim.x);
  for (int from = 0; from < width; from += Tile<N>::WIDTH) {
    const Tile<N> tile(from, width);
    float b[N];
    load(bias + tile.column, b);
    for (int row = tile.first_row(share); row < share.end; row += tile.lines) {
      real* at = y + (long long)row * width + tile.column;
      float x[N];
      load(at, x);
#pragma unroll
      for (int k = 0; k < N; k++) x[k] += b[k];
      store(x, at);
    }
  }
}

// Adds bias (C) to every row of y (R, C).
extern "C" __global__ void __launch_bounds__(THREADS) add_bias(real* y, const float* bias, int rows, int width) {
  if (width % Lane<real>::COUNT == 0) {
    add_bias<Lane<real>::COUNT>(y, bias, rows, width);
  } else {
    add_bias<1>(y, bias, rows, width);
  }
}

// ---------------------------------------------------------------------------------------------------------------- sums

// sum(a b): N products in float, their sums in double.
struct Dot {
  const real* a;
  const real* b;
  double sum;

  template <int N>
  __device__ __forceinline__ void at(long long i) {
    float left[N];
    float right[N];
    load(a + i, left);
    load(b + i, right);
    float products = 0;
#pragma unroll
    for (int k = 0; k < N; k++) products += left[k] * right[k];
    sum += products;
  }
};

// partial[block] = sum(a b) over the block's elements.
extern "C" __global__ void __launch_bounds__(THREADS)
    dot_partials(const real* a, const real* b, double* partial, long long n) {
  __shared__ double warps[THREADS / 32];
  Dot f{a, b, 0};
  for_each<Lane<real>::COUNT>(n, f);
  const double sum = block_sum(f.sum, warps);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// The sum over what one block's threads read, in thread 0.
static __device__ __forceinline__ double sum_of(const double* partial, int count) {
  __shared__ double warps[THREADS / 32];
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += THREADS) sum += partial[i];
  return block_sum(sum, warps);
}

// For a grid of one block.
extern "C" __global__ void __launch_bounds__(THREADS) sum_doubles(const double* partial, int count, double* out) {
  const double sum = sum_of(partial, count);
  if (threadIdx.x == 0) *out = sum;
}

// For a grid of one block.
extern "C" __global__ void __launch_bounds__(THREADS)
    sum_doubles_to_float(const double* partial, int count, float* out, int accumulate) {
  const double sum = sum_of(partial, count);
  if (threadIdx.x == 0) *out = (float)(accumulate ? *out + sum : sum);
}

// ------------------------------------------------------------------------------------------------------------- dropout

// y (+)= x factor(i)
struct Dropout {
  const real* x;
  Drop drop;
  real* y;
  int accumulate;

  template <int N>
  __device__ __forceinline__ void at(long long i) {
    float kept[N];
    load(x + i, kept);
    if constexpr (N == 1) {
      kept[0] *= drop_factor(drop, i);
    } else {
#pragma unroll
      for (int k = 0; k < N; k += 4) {
        const uint4 words = philox(drop.key, drop.step, (drop.first + i + k) / 4);
        kept[k] *= words.x < drop.threshold ? 0 : drop.factor;
        kept[k + 1] *= words.y < drop.threshold ? 0 : drop.factor;
        kept[k + 2] *= words.z < drop.threshold ? 0 : drop.factor;
        kept[k + 3] *= words.w < drop.threshold ? 0 : drop.factor;
      }
    }
    put(kept, y + i, accumulate);
  }
};

// A block of random numbers serves four neighbours, where these begin at a multiple of four in the stream.
extern "C" __global__ void __launch_bounds__(THREADS)
    dropout(const real* x, Drop drop, real* y, int accumulate, long long n) {
  Dropout f{x, drop, y, accumulate};
  if (drop.first % 4 == 0) {
    for_each<Lane<real>::COUNT>(n, f);
  } else {
    for_each<1>(n, f);
  }
}

// -------------------------------------------------------------------------------------------------------------- copies

// y[r][y_from + c] (+)= x[r][x_from + c] for the rows r and c < width of x (R, x_width) and y (R, y_width).
template <int N>
static __device__ __forceinline__ void copy_columns(const real* x, int x_width, int x_from, real* y, int y_width,
                                                    int y_from, int width, int accumulate, int rows) {
  const Share share = share_of(rows, blockIdx.x, gridDim.x);
  for (int from = 0; from < width; from += Tile<N>::WIDTH) {
    const Tile<N> tile(from, width);
    for (int row = tile.first_row(share); row < share.end; row += tile.lines) {
      float copy[N];
      load(x + (long long)row * x_width + x_from + tile.column, copy);
      put(copy, y + (long long)row * y_width + y_from + tile.column, accumulate);
    }
  }
}

static __device__ __forceinline__ void copy_columns(const real* x, int x_width, int x_from, real* y, int y_width,
                                                    int y_from, int width, int accumulate, int rows) {
  const int N = Lane<real>::COUNT;
  if (x_width % N == 0 && x_from % N == 0 && y_width % N == 0 && y_from % N == 0 && width % N == 0) {
    copy_columns<N>(x, x_width, x_from, y, y_width, y_from, width, accumulate, rows);
  } else {
    copy_columns<1>(x, x_width, x_from, y, y_width, y_from, width, accumulate, rows);
  }
}

// y (R, y_width) = columns [from, from + y_width) of x (R, x_width)
extern "C" __global__ void __launch_bounds__(THREADS)
    take_columns(const real* x, int x_width, int from, real* y, int y_width, int rows) {
  copy_columns(x, x_width, from, y, y_width, 0, y_width, 0, rows);
}

// Columns [from, from + x_width) of y (R, y_width) (+)= x (R, x_width)
extern "C" __global__ void __launch_bounds__(THREADS)
    put_columns(const real* x, int x_width, real* y, int y_width, int from, int accumulate, int rows) {
  copy_columns(x, x_width, 0, y, y_width, from, x_width, accumulate, rows);
}

// ---------------------------------------------------------------------------------------------------------- int8 rows

template <int N, typename T>
static __device__ __forceinline__ void round_rows_by(const T* x, T* y, int rows, int width) {
  const int lane = threadIdx.x % 32;
  const int warps = gridDim.x * (THREADS / 32);
  for (int row = (blockIdx.x * THREADS + threadIdx.x) / 32; row < rows; row += warps) {
    const T* from = x + (long long)row * width;
    T* to = y + (long long)row * width;
    float largest = 0;
#pragma unroll 4
    for (int i = lane * N; i < width; i += 32 * N) {
      float part[N];
      load(from + i, part);
#pragma unroll
      for (int k = 0; k < N; k++) largest = fmaxf(largest, fabsf(part[k]));
    }
    const float s = fmaxf(warp_max(largest) / 127, 1.17549435e-38f);  // the least normal number, for rows of 0
    for (int i = lane * N; i < width; i += 32 * N) {
      float part[N];
      load(from + i, part);
#pragma unroll
      for (int k = 0; k < N; k++) part[k] = rintf(part[k] / s) * s;
      store(part, to + i);
    }
  }
}

// y = s round(x / s), s = max|x| / 127 over a row, halves to even numbers. A warp takes a row, reads it twice, the
// second time from a cache.
template <typename T>
static __device__ __forceinline__ void round_rows_of(const T* x, T* y, int rows, int width) {
  if (width % Lane<T>::COUNT == 0) {
    round_rows_by<Lane<T>::COUNT>(x, y, rows, width);
  } else {
    round_rows_by<1>(x, y, rows, width);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) round_rows(const real* x, real* y, int rows, int width) {
  round_rows_of(x, y, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    round_rows_of_weight(const float* x, float* y, int rows, int width) {
  round_rows_of(x, y, rows, width);
}

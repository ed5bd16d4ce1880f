// Kernels that treat every element alike, sums, and copies, see norma.kernels.Kernels. All are bound by memory: a
// thread has a line of 16 bytes of each array on its way, and the processor is full of threads.
#include "rows.cuh"

static const int LANE = Lane<real>::COUNT;
static const int FLOATS = Lane<float>::COUNT;

// y = a + b; y may be a.
extern "C" __global__ void __launch_bounds__(THREADS) add(const real* a, const real* b, real* y, long long n) {
  map<LANE>(n, [](float a, float b) { return a + b; }, y, 0, a, b);
}

// y (+)= factor x
extern "C" __global__ void __launch_bounds__(THREADS)
    multiply(const real* x, float factor, real* y, int accumulate, long long n) {
  map<LANE>(n, [=](float x) { return x * factor; }, y, accumulate, x);
}

extern "C" __global__ void __launch_bounds__(THREADS) fill_real(real* x, float value, long long n) {
  map<LANE>(n, [=]() { return value; }, x, 0);
}

extern "C" __global__ void __launch_bounds__(THREADS) fill_float(float* x, float value, long long n) {
  map<FLOATS>(n, [=]() { return value; }, x, 0);
}

extern "C" __global__ void __launch_bounds__(THREADS) fill_double(double* x, double value, long long n) {
  for (long long i = first_of_thread<1>(); i < n; i += stride_of_grid<1>()) x[i] = value;
}

// y = x, rounded: weights for the tensor cores.
extern "C" __global__ void __launch_bounds__(THREADS) to_bf16_array(const float* x, bf16* y, long long n) {
  map<Lane<bf16>::COUNT>(n, [](float x) { return x; }, y, 0, x);
}

// See norma.kernels.AdamW: keep = 1 - lr weightDecay, rate = lr / correction1, root = 1 / sqrt(correction2).
extern "C" __global__ void __launch_bounds__(THREADS)
    adamw(float* w, const float* g, float* m, float* v, float keep, float beta1, float beta2, float rate, float root,
          float eps, float grad_scale, long long n) {
  for_each<FLOATS>(n, [&](long long i, auto count) {
    const int N = count.COUNT;
    const Line<N> gs(g + i);
    Line<N> ws(w + i);
    Line<N> ms(m + i);
    Line<N> vs(v + i);
#pragma unroll
    for (int k = 0; k < N; k++) {
      const float grad = gs.at[k] * grad_scale;
      ms.at[k] = fmaf(beta1, ms.at[k] - grad, grad);
      vs.at[k] = fmaf(beta2, vs.at[k] - grad * grad, grad * grad);
      ws.at[k] = keep * ws.at[k] - rate * ms.at[k] / fmaf(sqrtf(vs.at[k]), root, eps);
    }
    store(ws.at, w + i);
    store(ms.at, m + i);
    store(vs.at, v + i);
  });
}

// z = a x + b y; z may be x or y.
extern "C" __global__ void __launch_bounds__(THREADS)
    mix(float a, const float* x, float b, const float* y, float* z, long long n) {
  map<FLOATS>(n, [=](float x, float y) { return a * x + b * y; }, z, 0, x, y);
}

// y = x / max(root of the sum of its squares, least); y may be x.
extern "C" __global__ void __launch_bounds__(THREADS)
    normalize(const float* x, const double* squares, float least, float* y, long long n) {
  const float factor = 1 / fmaxf((float)sqrt(*squares), least);
  map<FLOATS>(n, [=](float x) { return factor * x; }, y, 0, x);
}

// Adds bias (C) to every row of y (R, C).
extern "C" __global__ void __launch_bounds__(THREADS)
    add_bias(real* y, const float* __restrict__ bias, int rows, int width) {
  by_lane<real>(width, [&](auto count) {
    for_lines<count.COUNT>(rows, width, [&](int row, int column) {
      float b[count.COUNT];
      load(bias + column, b);
      put(b, y + (long long)row * width + column, 1);
    });
  });
}

// ---------------------------------------------------------------------------------------------------------------- sums

// partial[block] = the sum of x^2 over the block's elements: those of an access in float, these sums in double.
extern "C" __global__ void __launch_bounds__(THREADS) square_partials(const float* x, double* partial, long long n) {
  double sum = 0;
  for_each<FLOATS>(n, [&](long long i, auto count) {
    const Line<count.COUNT> xs(x + i);
    float squares = 0;
#pragma unroll
    for (int k = 0; k < count.COUNT; k++) squares += xs.at[k] * xs.at[k];
    sum += squares;
  });
  sum = block_sum(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// out = the sum of some numbers. For a grid of one block.
extern "C" __global__ void __launch_bounds__(THREADS) sum_doubles(const double* partial, int count, double* out) {
  double sum = 0;
  for (int i = threadIdx.x; i < count; i += THREADS) sum += partial[i];
  sum = block_sum(sum);
  if (threadIdx.x == 0) *out = sum;
}

// Columns' sums: gradients of weights and biases, first those of each block's rows, then of all.

extern "C" __global__ void __launch_bounds__(THREADS)
    sum_columns(const real* x, int rows, int width, float* out, int accumulate) {
  sum_columns<real>(x, rows, width, out, accumulate);
}

extern "C" __global__ void __launch_bounds__(THREADS)
    sum_columns_of_floats(const float* x, int rows, int width, float* out, int accumulate) {
  sum_columns<float>(x, rows, width, out, accumulate);
}

template <int N>
static __device__ __forceinline__ void column_partials(const real* dy, float* partial, int rows, int width,
                                                       float* spare) {
  const int LINES = 4;
  const Share share = share_of(rows, blockIdx.x, gridDim.x);
  for (int from = 0; from < width; from += Tile<N>::WIDTH) {
    const Tile<N> tile(from, width);
    float sum[N] = {};
    const long long step = (long long)tile.lines * width;
    const long long end = (long long)share.end * width;
#pragma unroll 1
    for (int row = tile.first_row(share); row < share.end; row += LINES * tile.lines) {
      const long long first = (long long)row * width + tile.column;
      float x[LINES][N] = {};
#pragma unroll
      for (int k = 0; k < LINES; k++) {
        if (first + k * step < end) load(dy + first + k * step, x[k]);
      }
#pragma unroll
      for (int k = 0; k < LINES; k++) add(x[k], sum);
    }
    tile.add_lines(sum, spare, partial + (long long)blockIdx.x * width);
  }
}

// Row `blockIdx.x` of partial (gridDim.x, C) receives the sums of the columns of this block's rows of dy (R, C).
extern "C" __global__ void __launch_bounds__(THREADS)
    column_partials(const real* dy, float* partial, int rows, int width) {
  __shared__ __align__(16) float spare[THREADS * LANE];
  by_lane<real>(width, [&](auto count) { column_partials<count.COUNT>(dy, partial, rows, width, spare); });
}

// ------------------------------------------------------------------------------------------------------------- dropout

// x times the factors of N elements from i on. A block of random numbers serves four neighbours, where these begin at a
// multiple of four in the stream.
template <int N>
static __device__ __forceinline__ void drop(const Drop& drop, long long i, float (&x)[N]) {
  if constexpr (N == 1) {
    x[0] *= drop_factor(drop, i);
  } else {
#pragma unroll
    for (int k = 0; k < N; k += 4) {
      const uint4 words = philox(drop.key, drop.step, (drop.first + i + k) / 4);
      x[k] *= words.x < drop.threshold ? 0 : drop.factor;
      x[k + 1] *= words.y < drop.threshold ? 0 : drop.factor;
      x[k + 2] *= words.z < drop.threshold ? 0 : drop.factor;
      x[k + 3] *= words.w < drop.threshold ? 0 : drop.factor;
    }
  }
}

// y (+)= x factor(i)
extern "C" __global__ void __launch_bounds__(THREADS)
    dropout(const real* x, Drop mask, real* y, int accumulate, long long n) {
  auto line = [&](long long i, auto count) {
    Line<count.COUNT> kept(x + i);
    drop(mask, i, kept.at);
    put(kept.at, y + i, accumulate);
  };
  if (mask.first % 4 == 0) {
    for_each<LANE>(n, line);
  } else {
    for_each<1>(n, line);
  }
}

// -------------------------------------------------------------------------------------------------------------- copies

// y[r][y_from + c] (+)= x[r][x_from + c] for the rows r and c < width of x (R, x_width) and y (R, y_width).
extern "C" __global__ void __launch_bounds__(THREADS)
    copy_columns(const real* x, int x_width, int x_from, real* y, int accumulate, int y_width, int y_from, int width,
                 int rows) {
  by_lane<real>(x_width | x_from | y_width | y_from | width, [&](auto count) {
    for_lines<count.COUNT>(rows, width, [&](int row, int column) {
      Line<count.COUNT> copy(x + (long long)row * x_width + x_from + column);
      put(copy.at, y + (long long)row * y_width + y_from + column, accumulate);
    });
  });
}

// ------------------------------------------------------------------------------------------------------------ rotary

// y (+)= x (rows, width), whose channels i and i + D/2 of the first heads are turned as one complex number by the angles
// of position first + row % time; the other channels are copied. angles: (2, positions, D/2), cosines and sines.
extern "C" __global__ void __launch_bounds__(THREADS)
    rotate(const real* x, const float* __restrict__ angles, int positions, int first, real* y, int accumulate, int rows,
           int time, int width, int heads, int head_width, int back) {
  const int half = head_width / 2;
  const int pairs = heads * half;
  by_lane<real>(half | width, [&](auto count) {
    const int N = count.COUNT;
    for_lines<N>(rows, width - pairs, [&](int row, int column) {
      const long long start = (long long)row * width;
      if (column >= pairs) {
        Line<N> copy(x + start + pairs + column);
        put(copy.at, y + start + pairs + column, accumulate);
        return;
      }
      const int i = column % half;
      const long long pair = start + column / half * head_width + i;
      const float* angle = angles + (first + row % time) * half + i;
      const Line<N> cosines(angle);
      const Line<N> sines(angle + (long long)positions * half);
      Line<N> real_parts(x + pair);
      Line<N> imaginary_parts(x + pair + half);
#pragma unroll
      for (int k = 0; k < N; k++) {
        const float sine = back ? -sines.at[k] : sines.at[k];
        const float u = real_parts.at[k];
        const float v = imaginary_parts.at[k];
        real_parts.at[k] = u * cosines.at[k] - v * sine;
        imaginary_parts.at[k] = v * cosines.at[k] + u * sine;
      }
      put(real_parts.at, y + pair, accumulate);
      put(imaginary_parts.at, y + pair + half, accumulate);
    });
  });
}

// ---------------------------------------------------------------------------------------------------------- int8 rows

// y = s round(x / s), s = max|x| / 127 over a row, halves to even numbers. A warp takes a row, reads it twice, the
// second time from a cache.
template <int N, typename T>
static __device__ __forceinline__ void round_rows(const T* x, T* y, int rows, int width) {
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
    const float s = fmaxf(Warp::max(largest) / 127, 1.17549435e-38f);  // the least normal number, for rows of 0
    for (int i = lane * N; i < width; i += 32 * N) {
      float part[N];
      load(from + i, part);
#pragma unroll
      for (int k = 0; k < N; k++) part[k] = rintf(part[k] / s) * s;
      store(part, to + i);
    }
  }
}

extern "C" __global__ void __launch_bounds__(THREADS) round_rows(const real* x, real* y, int rows, int width) {
  by_lane<real>(width, [&](auto count) { round_rows<count.COUNT>(x, y, rows, width); });
}

extern "C" __global__ void __launch_bounds__(THREADS)
    round_rows_of_weight(const float* x, float* y, int rows, int width) {
  by_lane<float>(width, [&](auto count) { round_rows<count.COUNT>(x, y, rows, width); });
}

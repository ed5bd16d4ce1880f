// DyT, DyISRU and Derf, see norma.kernels.NormKernels. (R, C) is (rows, width).
//
// y = weight f(x) + bias, an element at a time: a thread keeps its columns' weights in registers and takes LINES rows
// at once. The bound is memory, for bfloat16 not by far: functions are precise, an element takes about 20 instructions
// forward and 30 backward for DyT, 15 and 30 for DyISRU, 27 and 45 for Derf.
//
// backward(g, x, f, sums) returns g times the slope at x, gives f(x), and adds to `sums` g times the derivatives by the
// function's scalars, each up to a constant.
#include "rows.cuh"

// f = tanh(alpha x).
struct Tanh {
  static const int LINES = 2;
  float alpha;

  __device__ __forceinline__ float of(float x) const {
    return tanhf(alpha * x);
  }

  __device__ __forceinline__ float backward(float g, float x, float& f, float (&sums)[2]) const {
    f = tanhf(alpha * x);
    const float slope = g * (1 - f * f);
    sums[0] += slope * x;
    return alpha * slope;
  }
};

// f = scale x / sqrt(b + x^2); where x^2 would overflow, the limit: scale with x's sign.
struct Isru {
  static const int LINES = 2;
  float b;
  float scale;

  __device__ __forceinline__ static float limited(float x) {
    return fabsf(x) > 1e18f ? copysignf(1e18f, x) : x;
  }

  __device__ __forceinline__ float of(float any) const {
    const float x = limited(any);
    return scale * (x * rsqrtf(fmaf(x, x, b)));
  }

  // The sum lacks the factor -scale / 2. No product of three inverses: it would overflow where b is small.
  __device__ __forceinline__ float backward(float g, float any, float& f, float (&sums)[2]) const {
    const float x = limited(any);
    const float inverse = rsqrtf(fmaf(x, x, b));
    const float slope = g * (inverse * inverse);
    const float n = x * inverse;
    f = scale * n;
    sums[0] += slope * n;
    return slope * b * (scale * inverse);
  }
};

// f = erf(alpha x + shift).
struct Erf {
  static const int LINES = 1;  // its constants take registers
  float alpha;
  float shift;

  __device__ __forceinline__ float of(float x) const {
    return erff(fmaf(alpha, x, shift));
  }

  __device__ __forceinline__ float backward(float g, float x, float& f, float (&sums)[2]) const {
    const float u = fmaf(alpha, x, shift);
    f = erff(u);
    const float slope = g * (1.12837917f * expf(-u * u));  // 2/sqrt(pi)
    sums[0] += slope * x;
    sums[1] += slope;
    return alpha * slope;
  }
};

// DyISRU's b: beta, or log(1 + exp(beta)) without overflow.
static __device__ __forceinline__ float positive(float beta, int softplus) {
  return softplus ? fmaxf(beta, 0) + log1pf(expf(-fabsf(beta))) : beta;
}

template <int N, typename F>
static __device__ __forceinline__ void map_columns(const F& f, const Input& in, const float* __restrict__ weight,
                                                   const float* __restrict__ bias, real* y, int rows, int width) {
  const Share share = share_of(rows, blockIdx.x, gridDim.x);
  for (int from = 0; from < width; from += Tile<N>::WIDTH) {
    const Tile<N> tile(from, width);
    float w[N];
    float shift[N] = {};
    load(weight + tile.column, w);
    if (bias) load(bias + tile.column, shift);
    const long long step = (long long)tile.lines * width;
    const long long end = (long long)share.end * width;
#pragma unroll 1
    for (int row = tile.first_row(share); row < share.end; row += F::LINES * tile.lines) {
      const long long first = (long long)row * width + tile.column;
      float x[F::LINES][N];
      in.load_all(first, step, end, x);
#pragma unroll
      for (int k = 0; k < F::LINES; k++) {
#pragma unroll
        for (int i = 0; i < N; i++) x[k][i] = fmaf(f.of(x[k][i]), w[i], shift[i]);
        if (first + k * step < end) store(x[k], y + first + k * step);
      }
    }
  }
}

template <typename F>
static __device__ __forceinline__ void map(const F& f, const Input& in, const float* weight, const float* bias, real* y,
                                           int rows, int width) {
  if (width % Lane<real>::COUNT == 0) {
    map_columns<Lane<real>::COUNT>(f, in, weight, bias, y, rows, width);
  } else {
    map_columns<1>(f, in, weight, bias, y, rows, width);
  }
}

// Arguments of a backward kernel; row `blockIdx.x` of the partial sums is the calling block's. All results may be null.
struct Gradients {
  const real* dy;       // (R, C)
  const real* x;        // (R, C)
  const float* weight;  // (C)
  real* dx;             // (R, C)
  int accumulate;
  float* first;    // (gridDim.x), by the function's first scalar
  float* second;   // (gridDim.x), by the second
  float* weights;  // (gridDim.x, C)
  float* biases;   // (gridDim.x, C)
  int rows;
  int width;
};

template <int N, typename F>
static __device__ __forceinline__ void map_backward(const F& f, const Gradients& p, float factor, float* spare) {
  const Share share = share_of(p.rows, blockIdx.x, gridDim.x);
  double first_sum = 0;  // of sums in float over a thread's elements of LINES rows
  double second_sum = 0;
  for (int from = 0; from < p.width; from += Tile<N>::WIDTH) {
    const Tile<N> tile(from, p.width);
    float w[N];
    load(p.weight + tile.column, w);
    float dweight[N] = {};
    float dbias[N] = {};
    const long long step = (long long)tile.lines * p.width;
    const long long end = (long long)share.end * p.width;
#pragma unroll 1
    for (int row = tile.first_row(share); row < share.end; row += F::LINES * tile.lines) {
      const long long first = (long long)row * p.width + tile.column;
      float dy[F::LINES][N];
      float x[F::LINES][N];
      load_all(p.dy, first, step, end, dy);
      load_all(p.x, first, step, end, x);
      float sums[2] = {0, 0};
#pragma unroll
      for (int k = 0; k < F::LINES; k++) {
#pragma unroll
        for (int i = 0; i < N; i++) {
          float value;
          x[k][i] = f.backward(dy[k][i] * w[i], x[k][i], value, sums);
          dweight[i] += dy[k][i] * value;
          dbias[i] += dy[k][i];
        }
      }
      first_sum += sums[0];
      second_sum += sums[1];
      if (p.dx) put_all(x, p.dx, first, step, end, p.accumulate);
    }
    if (p.weights) tile.add_lines(dweight, spare, p.weights + (long long)blockIdx.x * p.width);
    if (p.biases) tile.add_lines(dbias, spare, p.biases + (long long)blockIdx.x * p.width);
  }
  __shared__ double warps[THREADS / 32];
  if (p.first) {
    first_sum = block_sum(first_sum, warps);
    if (threadIdx.x == 0) p.first[blockIdx.x] = first_sum * factor;
  }
  if (p.second) {
    second_sum = block_sum(second_sum, warps);
    if (threadIdx.x == 0) p.second[blockIdx.x] = second_sum;
  }
}

// `factor` is the constant of the first scalar's derivative.
template <typename F>
static __device__ __forceinline__ void map_backward(const F& f, const Gradients& p, float factor) {
  const int N = Lane<real>::COUNT;
  __shared__ __align__(16) float spare[THREADS * N];
  if (p.width % N == 0) {
    map_backward<N>(f, p, factor, spare);
  } else {
    map_backward<1>(f, p, factor, spare);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    dyt(const real* a, const real* b, real* sum, const float* alpha, const float* weight, const float* bias, real* y,
        int rows, int width) {
  map(Tanh{*alpha}, {a, b, sum}, weight, bias, y, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    dyt_backward(const real* dy, const real* x, const float* alpha, const float* weight, real* dx, int accumulate,
                 float* partial_alpha, float* partial_weight, float* partial_bias, int rows, int width) {
  map_backward(
      Tanh{*alpha},
      Gradients{dy, x, weight, dx, accumulate, partial_alpha, nullptr, partial_weight, partial_bias, rows, width}, 1);
}

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    dyisru(const real* a, const real* b, real* sum, const float* beta, int softplus, float scale, const float* weight,
           const float* bias, real* y, int rows, int width) {
  map(Isru{positive(*beta, softplus), scale}, {a, b, sum}, weight, bias, y, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    dyisru_backward(const real* dy, const real* x, const float* beta, int softplus, float scale, const float* weight,
                    real* dx, int accumulate, float* partial_beta, float* partial_weight, float* partial_bias, int rows,
                    int width) {
  map_backward(
      Isru{positive(*beta, softplus), scale},
      Gradients{dy, x, weight, dx, accumulate, partial_beta, nullptr, partial_weight, partial_bias, rows, width},
      -0.5f * scale * (softplus ? 1 / (1 + expf(-*beta)) : 1));
}

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    derf(const real* a, const real* b, real* sum, const float* alpha, const float* shift, const float* weight,
         const float* bias, real* y, int rows, int width) {
  map(Erf{*alpha, *shift}, {a, b, sum}, weight, bias, y, rows, width);
}

extern "C" __global__ void __launch_bounds__(THREADS, 3)
    derf_backward(const real* dy, const real* x, const float* alpha, const float* shift, const float* weight, real* dx,
                  int accumulate, float* partial_alpha, float* partial_shift, float* partial_weight,
                  float* partial_bias, int rows, int width) {
  map_backward(
      Erf{*alpha, *shift},
      Gradients{dy, x, weight, dx, accumulate, partial_alpha, partial_shift, partial_weight, partial_bias, rows, width},
      1);
}

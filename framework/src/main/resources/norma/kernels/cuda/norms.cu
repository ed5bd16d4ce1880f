// LayerNorm, RMSNorm, DyT, DyISRU and Derf, see norma.kernels.NormKernels. (R, C) is (rows, width).
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

// ---------------------------------------------------------------------------------------------- LayerNorm and RMSNorm
// A row is read once: a team of TEAM threads takes it, K times N neighbours each, which stay in registers from the
// first pass over the row to the last. Only a row that is LONGer than a team can hold is read again by each pass. The
// bound is memory: forward takes about 16 instructions for an element, backward 25.

// One number of each of K kinds for every warp, two sets used in turn.
struct Spare {
  float warps[2][2][THREADS / 32];
};

// Sums over a team, in all of its threads. All threads of the block must call it, each time with the other `set`.
template <int TEAM, int K>
static __device__ __forceinline__ void team_sums(float (&x)[K], Spare& spare, int set) {
#pragma unroll
  for (int lanes = (TEAM < 32 ? TEAM : 32) / 2; lanes > 0; lanes /= 2) {
#pragma unroll
    for (int k = 0; k < K; k++) x[k] += __shfl_xor_sync(0xffffffff, x[k], lanes);
  }
  if (TEAM > 32) {
    if (threadIdx.x % 32 == 0) {
#pragma unroll
      for (int k = 0; k < K; k++) spare.warps[set][k][threadIdx.x / 32] = x[k];
    }
    __syncthreads();
#pragma unroll
    for (int k = 0; k < K; k++) {
      x[k] = 0;
#pragma unroll
      for (int warp = 0; warp < TEAM / 32; warp++) {
        x[k] += spare.warps[set][k][threadIdx.x / TEAM * (TEAM / 32) + warp];
      }
    }
  }
}

// Calls run<N, TEAM, K, LONG> with what suits the width: many bytes of a row on their way at once, in few enough
// registers for many rows. A width that is no multiple of a line's elements is served, but not fast.
template <typename Rows>
static __device__ __forceinline__ void run(const Rows& rows, int width) {
  const int N = Lane<real>::COUNT;
  const int chunks = width / N;
  if (width % N != 0) {
    rows.template run<1, 32, 4, true>();
  } else if (chunks <= 16) {
    rows.template run<N, 8, 2, false>();
  } else if (chunks <= 48) {
    rows.template run<N, 16, 3, false>();
  } else if (chunks <= 96) {
    rows.template run<N, 32, 3, false>();
  } else if (chunks <= 128) {
    rows.template run<N, 64, 2, false>();
  } else if (chunks <= 256) {
    rows.template run<N, 128, 2, false>();
  } else if (chunks <= 512) {
    rows.template run<N, 256, 2, false>();
  } else if (N == 4 && chunks <= 1024) {
    rows.template run<N, 256, 16 / N, false>();
  } else {
    rows.template run<N, 256, 2, true>();
  }
}

// mean = sum(x) / C, 0 if not CENTERED; rstd = 1/sqrt(sum((x - mean)^2) / C + eps); y = weight (x - mean) rstd + bias.
template <bool CENTERED>
struct Forward {
  Spare& spare;
  Input in;             // (R, C)
  const float* weight;  // (C)
  const float* bias;    // (C) or null
  float eps;
  real* y;      // (R, C)
  float* mean;  // (R)
  float* rstd;  // (R)
  int rows;
  int width;

  template <int N, int TEAM, int K, bool LONG>
  __device__ __forceinline__ void run() const {
    const int PIECE = TEAM * K * N;
    const int own = threadIdx.x % TEAM * N;
    const Share share = share_of(rows, blockIdx.x, gridDim.x);
#pragma unroll 1
    for (int next = share.begin; next < share.end; next += THREADS / TEAM) {
      const int row = next + threadIdx.x / TEAM;
      const long long at = (long long)row * width;
      const long long end = row < share.end ? at + width : 0;
      float x[K][N];
      float sum[1] = {0};
      for (int from = own; from < own + width; from += PIECE) {
        in.load_all(at + from, TEAM * N, end, x);
#pragma unroll
        for (int k = 0; k < K; k++) {
#pragma unroll
          for (int i = 0; i < N; i++) sum[0] += x[k][i];
        }
        if (!LONG) break;
      }
      float m = 0;
      if (CENTERED) {
        team_sums<TEAM>(sum, spare, 0);
        m = sum[0] / width;
      }
      sum[0] = 0;
      for (int from = own; from < own + width; from += PIECE) {
        if (LONG) load_all(in.x(), at + from, TEAM * N, end, x);
#pragma unroll
        for (int k = 0; k < K; k++) {
          if (at + from + k * TEAM * N < end) {
#pragma unroll
            for (int i = 0; i < N; i++) sum[0] += (x[k][i] - m) * (x[k][i] - m);
          }
        }
        if (!LONG) break;
      }
      team_sums<TEAM>(sum, spare, CENTERED ? 1 : (next - share.begin) / (THREADS / TEAM) % 2);
      const float r = 1 / sqrtf(sum[0] / width + eps);
      if (own == 0 && row < share.end) {
        if (CENTERED) mean[row] = m;
        rstd[row] = r;
      }
      for (int from = own; from < own + width; from += PIECE) {
        if (LONG) load_all(in.x(), at + from, TEAM * N, end, x);
#pragma unroll
        for (int k = 0; k < K; k++) {
          const int column = from + k * TEAM * N;
          if (at + column < end) {
            float w[N];
            load(weight + column, w);
#pragma unroll
            for (int i = 0; i < N; i++) x[k][i] = (x[k][i] - m) * r * w[i];
            if (bias) {
              load(bias + column, w);
#pragma unroll
              for (int i = 0; i < N; i++) x[k][i] += w[i];
            }
            store(x[k], y + at + column);
          }
        }
        if (!LONG) break;
      }
    }
  }
};

extern "C" __global__ void __launch_bounds__(THREADS, 4)
    layer_norm(const real* a, const real* b, real* sum, const float* weight, const float* bias, float eps, real* y,
               float* mean, float* rstd, int rows, int width) {
  __shared__ Spare spare;
  run(Forward<true>{spare, {a, b, sum}, weight, bias, eps, y, mean, rstd, rows, width}, width);
}

extern "C" __global__ void __launch_bounds__(THREADS, 4)
    rms_norm(const real* a, const real* b, real* sum, const float* weight, const float* bias, float eps, real* y,
             float* rstd, int rows, int width) {
  __shared__ Spare spare;
  run(Forward<false>{spare, {a, b, sum}, weight, bias, eps, y, nullptr, rstd, rows, width}, width);
}

// n = (x - mean) rstd, g = dy weight: dx = rstd (g - sum(g) / C - n sum(g n) / C), where RMSNorm lacks the term sum(g);
// dweight and dbias are the columns' sums of dy n and dy. A thread adds up its columns over the rows of its team in
// registers, in the end a block adds its teams and writes row `blockIdx.x` of the partial sums.
template <bool CENTERED>
struct Backward {
  Spare& spare;
  float* buffer;        // 24 numbers for each thread
  const real* dy;       // (R, C)
  const real* x;        // (R, C)
  const float* weight;  // (C)
  const float* mean;    // (R)
  const float* rstd;    // (R)
  real* dx;             // (R, C) or null
  int accumulate;
  float* partial_weight;  // (gridDim.x, C) or null
  float* partial_bias;    // (gridDim.x, C) or null
  int rows;
  int width;

  template <int N, int TEAM, int K, bool LONG>
  __device__ __forceinline__ void run() const {
    const int PIECE = TEAM * K * N;
    const int own = threadIdx.x % TEAM * N;
    const Share share = share_of(rows, blockIdx.x, gridDim.x);
    const bool EARLY = !LONG && K * N <= 16;  // registers allow to read dx before its gradient is known
    float dweight[K][N] = {};
    float dbias[K][N] = {};
#pragma unroll 1
    for (int next = share.begin; next < share.end; next += THREADS / TEAM) {
      const int row = next + threadIdx.x / TEAM;
      const long long at = (long long)row * width;
      const long long end = row < share.end ? at + width : 0;
      const float m = CENTERED && row < share.end ? mean[row] : 0;
      const float r = row < share.end ? rstd[row] : 0;
      float g[K][N];  // dy weight
      float n[K][N];
      float sums[2] = {0, 0};  // of g n and of g
      for (int from = own; from < own + width; from += PIECE) {
        load_all(dy, at + from, TEAM * N, end, g);
        load_all(x, at + from, TEAM * N, end, n);
#pragma unroll
        for (int k = 0; k < K; k++) {
          const int column = from + k * TEAM * N;
          if (at + column < end) {
            float w[N];
            load(weight + column, w);
#pragma unroll
            for (int i = 0; i < N; i++) {
              n[k][i] = (n[k][i] - m) * r;
              dweight[k][i] += g[k][i] * n[k][i];
              dbias[k][i] += g[k][i];
              g[k][i] *= w[i];
              sums[0] += g[k][i] * n[k][i];
              sums[1] += g[k][i];
            }
          }
        }
        if (!LONG) break;
      }
      if (!dx) continue;
      float old[K][N];
      if (EARLY && accumulate) load_all(dx, at + own, TEAM * N, end, old);
      team_sums<TEAM>(sums, spare, (next - share.begin) / (THREADS / TEAM) % 2);
      const float along = sums[0] / width;
      const float level = CENTERED ? sums[1] / width : 0;
      for (int from = own; from < own + width; from += PIECE) {
        if (LONG) {
          load_all(dy, at + from, TEAM * N, end, g);
          load_all(x, at + from, TEAM * N, end, n);
        }
#pragma unroll
        for (int k = 0; k < K; k++) {
          const int column = from + k * TEAM * N;
          if (LONG && at + column < end) {
            float w[N];
            load(weight + column, w);
#pragma unroll
            for (int i = 0; i < N; i++) {
              n[k][i] = (n[k][i] - m) * r;
              g[k][i] *= w[i];
            }
          }
#pragma unroll
          for (int i = 0; i < N; i++) {
            g[k][i] = (g[k][i] - level - n[k][i] * along) * r;
            if (EARLY && accumulate) g[k][i] += old[k][i];
          }
        }
        put_all(g, dx, at + from, TEAM * N, end, EARLY ? 0 : accumulate);
        if (!LONG) break;
      }
    }
    if (LONG) {
      columns<N>(share);
    } else {
      add_teams<N, TEAM, K>(dweight, partial_weight);
      add_teams<N, TEAM, K>(dbias, partial_bias);
    }
  }

  // What the teams have for each column, added up in order.
  template <int N, int TEAM, int K>
  __device__ __forceinline__ void add_teams(const float (&x)[K][N], float* partial) const {
    if (!partial) return;
    float* sums = partial + (long long)blockIdx.x * width;
    float* own = TEAM < THREADS ? buffer + threadIdx.x / TEAM * width : sums;
    __syncthreads();
#pragma unroll
    for (int k = 0; k < K; k++) {
      const int column = (threadIdx.x % TEAM + k * TEAM) * N;
      if (column < width) store(x[k], own + column);
    }
    if (TEAM == THREADS) return;
    __syncthreads();
#pragma unroll 1
    for (int column = threadIdx.x; column < width; column += THREADS) {
      float sum = 0;
      for (int team = 0; team < THREADS / TEAM; team++) sum += buffer[team * width + column];
      sums[column] = sum;
    }
  }

  // The sums for the weight and the bias by another pass over dy and x.
  template <int N>
  __device__ __forceinline__ void columns(Share share) const {
    if (!partial_weight && !partial_bias) return;
    for (int from = 0; from < width; from += Tile<N>::WIDTH) {
      const Tile<N> tile(from, width);
      float dweight[N] = {};
      float dbias[N] = {};
#pragma unroll 2
      for (int row = tile.first_row(share); row < share.end; row += tile.lines) {
        const float m = CENTERED ? mean[row] : 0;
        const float r = rstd[row];
        float d[N];
        float n[N];
        load(dy + (long long)row * width + tile.column, d);
        load(x + (long long)row * width + tile.column, n);
#pragma unroll
        for (int i = 0; i < N; i++) {
          dweight[i] += d[i] * ((n[i] - m) * r);
          dbias[i] += d[i];
        }
      }
      if (partial_weight) tile.add_lines(dweight, buffer, partial_weight + (long long)blockIdx.x * width);
      if (partial_bias) tile.add_lines(dbias, buffer, partial_bias + (long long)blockIdx.x * width);
    }
  }
};

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    layer_norm_backward(const real* dy, const real* x, const float* weight, const float* mean, const float* rstd,
                        real* dx, int accumulate, float* partial_weight, float* partial_bias, int rows, int width) {
  __shared__ Spare spare;
  __shared__ __align__(16) float buffer[THREADS * 24];
  run(Backward<true>{spare, buffer, dy, x, weight, mean, rstd, dx, accumulate, partial_weight, partial_bias, rows,
                     width},
      width);
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
    rms_norm_backward(const real* dy, const real* x, const float* weight, const float* rstd, real* dx, int accumulate,
                      float* partial_weight, float* partial_bias, int rows, int width) {
  __shared__ Spare spare;
  __shared__ __align__(16) float buffer[THREADS * 24];
  run(Backward<false>{spare, buffer, dy, x, weight, nullptr, rstd, dx, accumulate, partial_weight, partial_bias, rows,
                      width},
      width);
}

// ------------------------------------------------------------------------------------------------ DyT, DyISRU and Derf
// y = weight f(x) + bias, an element at a time: a thread keeps its columns' weights in registers and takes LINES rows
// at once. The bound is memory, for bfloat16 not by far: functions are precise, an element takes about 20 instructions
// forward and 30 backward for DyT, 15 and 30 for DyISRU, 27 and 45 for Derf.
//
// backward(g, x, f, sums) returns g times the slope at x, gives f(x), and adds to `sums` g times the derivatives by the
// function's scalars, each up to a constant.

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

// ------------------------------------------------------------------------------------------------------- column sums

// out (+)= the sums of the columns of partial (parts, C).
extern "C" __global__ void __launch_bounds__(THREADS)
    column_sums(const float* partial, int parts, int width, float* out, int accumulate) {
  __shared__ __align__(16) float spare[THREADS * 4];
  if (width % 4 == 0) {
    sum_columns<4>(partial, parts, width, out, accumulate, spare);
  } else {
    sum_columns<1>(partial, parts, width, out, accumulate, spare);
  }
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
      float x[LINES][N];
      load_all(dy, (long long)row * width + tile.column, step, end, x);
#pragma unroll
      for (int k = 0; k < LINES; k++) {
#pragma unroll
        for (int i = 0; i < N; i++) sum[i] += x[k][i];
      }
    }
    tile.add_lines(sum, spare, partial + (long long)blockIdx.x * width);
  }
}

// Row `blockIdx.x` of partial (gridDim.x, C) receives the sums of the columns of this block's rows of dy (R, C).
extern "C" __global__ void __launch_bounds__(THREADS)
    column_partials(const real* dy, float* partial, int rows, int width) {
  const int N = Lane<real>::COUNT;
  __shared__ __align__(16) float spare[THREADS * N];
  if (width % N == 0) {
    column_partials<N>(dy, partial, rows, width, spare);
  } else {
    column_partials<1>(dy, partial, rows, width, spare);
  }
}

// LayerNorm and RMSNorm, see norma.kernels.NormKernels. (R, C) is (rows, width).
//
// A row is read once: a team of TEAM threads takes it, K times N neighbours each, which stay in registers from the
// first pass over the row to the last. Only a row that is LONGer than a team can hold is read again by each pass. The
// bound is memory: forward takes about 16 instructions for an element, backward 25.
#include "rows.cuh"

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

// Sums of columns: gradients of weights and biases, first those of each block's rows, then of all.
// (R, C) is (rows, width).
#include "rows.cuh"

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

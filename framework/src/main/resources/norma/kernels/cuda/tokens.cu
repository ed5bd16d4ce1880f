// The two ends of the model, where tokens come in and losses go out, see norma.kernels.Kernels.
#include "rows.cuh"

// ----------------------------------------------------------------------------------------------------------- embedding

// y[r] = tok[ids[r]] + pos[first + r % time] for y (R, C), tok (V, C), pos (at least first + T, C) or null.
extern "C" __global__ void __launch_bounds__(THREADS)
    embedding(const int* ids, const float* __restrict__ tok, const float* __restrict__ pos, int first, real* y,
              int rows, int time, int width) {
  by_lane<real>(width, [&](auto count) {
    for_lines<count.COUNT>(rows, width, [&](int row, int column) {
      Line<count.COUNT> sum(tok + (long long)ids[row] * width + column);
      if (pos) add(Line<count.COUNT>(pos + (long long)(first + row % time) * width + column).at, sum.at);
      store(sum.at, y + (long long)row * width + column);
    });
  });
}

// Rows in which a block looks for its token at once: four for each thread, which makes a count for each lane of a warp.
static const int SLICE = 4 * THREADS;

// The rows of a slice in which the token stands, in order, to `found`; returns how many. All threads must call it.
static __device__ __forceinline__ int find(const int* ids, int token, int from, int end, int (&found)[SLICE],
                                           int (&counts)[32]) {
  const int lane = threadIdx.x % 32;
  const int warp = threadIdx.x / 32;
  bool here[4];
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const int row = from + k * THREADS + threadIdx.x;
    here[k] = row < end && ids[row] == token;
  }
  unsigned votes[4];
  __syncthreads();
#pragma unroll
  for (int k = 0; k < 4; k++) {
    votes[k] = __ballot_sync(0xffffffff, here[k]);
    if (lane == 0) counts[k * (THREADS / 32) + warp] = __popc(votes[k]);
  }
  __syncthreads();
  int upto = counts[lane];  // of this group of 32 rows and all before it
#pragma unroll
  for (int lanes = 1; lanes < 32; lanes *= 2) {
    const int before = __shfl_up_sync(0xffffffff, upto, lanes);
    if (lane >= lanes) upto += before;
  }
#pragma unroll
  for (int k = 0; k < 4; k++) {
    const int after = __shfl_sync(0xffffffff, upto, k * (THREADS / 32) + warp);
    if (here[k]) found[after - __popc(votes[k] >> lane)] = from + k * THREADS + threadIdx.x;
  }
  __syncthreads();
  return __shfl_sync(0xffffffff, upto, 31);
}

template <int N>
static __device__ __forceinline__ void token_partials(const real* __restrict__ dy, const int* __restrict__ ids,
                                                      float* to, Share share, int token, int width, float* spare) {
  __shared__ int found[SLICE];
  __shared__ int counts[32];
  for (int from = 0; from < width; from += Tile<N>::WIDTH) {
    const Tile<N> tile(from, width);
    float sum[N] = {};
    for (int slice = share.begin; slice < share.end; slice += SLICE) {
      const int count = find(ids, token, slice, share.end, found, counts);
#pragma unroll 4
      for (int i = tile.first_row(Share{0, count}); i < count; i += tile.lines) {
        float x[N];
        load(dy + (long long)found[i] * width + tile.column, x);
        add(x, sum);
      }
    }
    tile.add_lines(sum, spare, to);
  }
}

// partial[part][token] (parts, V, C) = the sum of dy's rows of that token among the part's rows. The grid is (V, parts)
// or smaller: a block takes a token and a part, finds the rows in order and adds them.
extern "C" __global__ void __launch_bounds__(THREADS)
    token_partials(const real* dy, const int* ids, float* partial, int rows, int vocabulary, int width, int parts) {
  __shared__ __align__(16) float spare[THREADS * Lane<real>::COUNT];
  for (int part = blockIdx.y; part < parts; part += gridDim.y) {
    for (int token = blockIdx.x; token < vocabulary; token += gridDim.x) {
      float* to = partial + ((long long)part * vocabulary + token) * width;
      const Share share = share_of(rows, part, parts);
      by_lane<real>(width,
                    [&](auto count) { token_partials<count.COUNT>(dy, ids, to, share, token, width, spare); });
    }
  }
}

// ------------------------------------------------------------------------------------------------------- cross-entropy

// exp(NOTHING - x) = 0
static const float NOTHING = -3.40282347e38f;

// The loss of a row is log(sum(exp(x - max))) + max - x[target], its gradient softmax(x), less 1 at the target.
struct CrossEntropy {
  const real* logits;
  const int* targets;
  float scale;
  real* dlogits;
  int rows;
  int width;

  // A warp takes a row and keeps it in registers: K times N logits for a thread. Returns its rows' losses, in lane 0.
  template <int N, int K>
  __device__ __forceinline__ double short_rows() const {
    const int lane = threadIdx.x % 32;
    const int warps = gridDim.x * (THREADS / 32);
    double loss = 0;
    for (int row = (blockIdx.x * THREADS + threadIdx.x) / 32; row < rows; row += warps) {
      const long long at = (long long)row * width;
      const int target = targets[row];
      const float right = to_float(logits[at + target]);
      float x[K][N];
      float max = NOTHING;
#pragma unroll
      for (int k = 0; k < K; k++) {
        const int column = (lane + 32 * k) * N;
        if (column < width) {
          load(logits + at + column, x[k]);
        } else {
#pragma unroll
          for (int i = 0; i < N; i++) x[k][i] = NOTHING;
        }
#pragma unroll
        for (int i = 0; i < N; i++) max = fmaxf(max, x[k][i]);
      }
      max = Warp::max(max);
      float sum = 0;
#pragma unroll
      for (int k = 0; k < K; k++) {
#pragma unroll
        for (int i = 0; i < N; i++) {
          x[k][i] = expf(x[k][i] - max);
          sum += x[k][i];
        }
      }
      sum = Warp::sum(sum);
      loss += (double)logf(sum) + ((double)max - right);
      if (!dlogits) continue;
      const float factor = scale / sum;
#pragma unroll
      for (int k = 0; k < K; k++) {
        const int column = (lane + 32 * k) * N;
        if (column < width) {
#pragma unroll
          for (int i = 0; i < N; i++) x[k][i] = x[k][i] * factor - (column + i == target ? scale : 0);
          store(x[k], dlogits + at + column);
        }
      }
    }
    return lane == 0 ? loss : 0;
  }

  // A block takes a row and reads it twice: for the maximum and, kept up to date with it, the sum; then for the
  // gradient. Returns its rows' losses, in thread 0.
  template <int N>
  __device__ __forceinline__ double long_rows() const {
    __shared__ float maxima[THREADS / 32];
    __shared__ float sums[THREADS / 32];
    double loss = 0;
    for (int row = blockIdx.x; row < rows; row += gridDim.x) {
      const long long at = (long long)row * width;
      const int target = targets[row];
      const float right = to_float(logits[at + target]);
      float max = NOTHING;  // finite: exp(max - max) is 1
      float sum = 0;
#pragma unroll 4
      for (int column = threadIdx.x * N; column < width; column += THREADS * N) {
        float x[N];
        load(logits + at + column, x);
        float above = max;
#pragma unroll
        for (int i = 0; i < N; i++) above = fmaxf(above, x[i]);
        sum *= expf(max - above);
        max = above;
#pragma unroll
        for (int i = 0; i < N; i++) sum += expf(x[i] - max);
      }
      const float warp = Warp::max(max);
      sum = Warp::sum(sum * expf(max - warp));
      __syncthreads();
      if (threadIdx.x % 32 == 0) {
        maxima[threadIdx.x / 32] = warp;
        sums[threadIdx.x / 32] = sum;
      }
      __syncthreads();
      max = maxima[0];
#pragma unroll
      for (int i = 1; i < THREADS / 32; i++) max = fmaxf(max, maxima[i]);
      sum = 0;
#pragma unroll
      for (int i = 0; i < THREADS / 32; i++) sum += sums[i] * expf(maxima[i] - max);
      loss += (double)logf(sum) + ((double)max - right);
      if (!dlogits) continue;
      const float factor = scale / sum;
      for (int column = threadIdx.x * N; column < width; column += THREADS * N) {
        float x[N];
        load(logits + at + column, x);
#pragma unroll
        for (int i = 0; i < N; i++) x[i] = expf(x[i] - max) * factor - (column + i == target ? scale : 0);
        store(x, dlogits + at + column);
      }
    }
    return threadIdx.x == 0 ? loss : 0;
  }
};

// partial[block] = scale times the sum of the losses of the block's rows of logits (R, V), targets (R); dlogits (R, V)
// receives the gradient of scale times the loss, where it is not null.
extern "C" __global__ void __launch_bounds__(THREADS)
    cross_entropy(const real* logits, const int* targets, float scale, real* dlogits, double* partial, int rows,
                  int width) {
  const int N = Lane<real>::COUNT;
  const CrossEntropy rows_of{logits, targets, scale, dlogits, rows, width};
  double loss;
  if (width % N == 0 && width <= 32 * 4 * N) {
    loss = rows_of.short_rows<N, 4>();
  } else if (width % N == 0) {
    loss = rows_of.long_rows<N>();
  } else if (width <= 32 * 4) {
    loss = rows_of.short_rows<1, 4>();
  } else {
    loss = rows_of.long_rows<1>();
  }
  loss = block_sum(loss);
  if (threadIdx.x == 0) partial[blockIdx.x] = scale * loss;
}

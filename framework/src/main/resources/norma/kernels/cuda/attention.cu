// Causal attention in float32 arithmetic for any head width up to 256, see attention.cuh: a tile's weights pass through shared
// memory to the next product.
//
// HEAD_WIDTH is 64, 128 or 256: the head's or the next one above. Blocks have 64 rows, 32 for 256.
#include "common.cuh"

static const int THREADS = 128;
static const int CHUNK = 64;        // columns of a head's rows that are in shared memory at a time
static const int STREAMED = 32;     // rows of the other side in a tile of scores
static const float LEAST = -3e38f;  // below any score
static const float LOG2_E = 1.4426950408889634f;

// Rows are of LENGTH floats. Four neighbours keep together, and change places in a row with others so that the same
// columns of eight rows below each other lie in different banks.
template <int LENGTH>
static __device__ __forceinline__ float* at(float* tile, int row, int column) {
  return tile + row * LENGTH + (column ^ (row & 7) * 4);
}

// A thread has of each tile of scores the rows y + 16 i and the columns x + 8 j, and of the results these rows and the
// columns 4 x + 32 j + (0 to 3). Lanes of even and odd numbers are in different rows: reads of 16 bytes in which
// neighbours agree take half the time (CUTLASS, RowMajorInterleaved<2> of its SIMT products).
struct Place {
  int x = threadIdx.x / 2 % 8;
  int y = threadIdx.x / 32 * 4 + threadIdx.x / 16 % 2 * 2 + threadIdx.x % 2;
};

typedef Butterfly<2, 4, 8> Row;  // the eight lanes of a row

// A thread reads N neighbours of some rows, in the same columns.
template <int ROWS, int N>
static __device__ __forceinline__ void fill_by(const real* from, long long stride, int count, int columns,
                                               float* tile) {
  int row = threadIdx.x / (CHUNK / N);
  int column = threadIdx.x % (CHUNK / N) * N;
  from += row * stride + column;
  count -= row;
#pragma unroll 4
  for (int first = 0; first < ROWS; first += THREADS * N / CHUNK) {
    float line[N] = {};
    if (first < count && column < columns) load<N>(from + first * stride, line);
    if (N == 1) {
      *at<CHUNK>(tile, row + first, column) = line[0];
    } else {
#pragma unroll
      for (int k = 0; k + 3 < N; k += 4) {
        *(float4*)at<CHUNK>(tile, row + first, column + k) =
            make_float4(line[k], line[k + 1], line[k + 2], line[k + 3]);
      }
    }
  }
}

// Rows of one head of one sequence in an array of (B, T, heads D), from row `first` of the sequence on.
struct Rows {
  long long start;  // index of their first element
  long long stride;
  int count;
  int width;  // D

  __device__ __forceinline__ Rows(int sequence, int head, int first, int time, int heads, int width)
      : stride((long long)heads * width), count(time - first), width(width) {
    start = ((long long)sequence * time + first) * stride + head * width;
  }

  // Into shared memory: N rows, those that do not exist as zeros.
  template <int N>
  __device__ __forceinline__ void fill(const real* array, int chunk, float* tile) const {
    const real* from = array + start + chunk * CHUNK;
    int columns = width - chunk * CHUNK;
    if (width % Lane<real>::COUNT == 0) {
      fill_by<N, Lane<real>::COUNT>(from, stride, count, columns, tile);
    } else {
      fill_by<N, 1>(from, stride, count, columns, tile);
    }
  }

  // Rows y + 16 i of the calling thread, times a factor each.
  template <int I>
  __device__ __forceinline__ void put(const float (&sum)[I][8], const float (&factor)[I], int chunk, real* array,
                                      int accumulate) const {
    Place place;
#pragma unroll
    for (int i = 0; i < I; i++) {
      int row = place.y + 16 * i;
#pragma unroll
      for (int e = 0; e < 8; e += 4) {
        int column = chunk * CHUNK + 4 * place.x + 8 * e;
        real* to = array + start + row * stride + column;
        float line[4] = {sum[i][e] * factor[i], sum[i][e + 1] * factor[i], sum[i][e + 2] * factor[i],
                         sum[i][e + 3] * factor[i]};
        if (row < count && column < width && width % 4 == 0) ::put<4>(line, to, accumulate);
#pragma unroll
        for (int k = 0; k < 4; k++) {
          float one[1] = {line[k]};
          if (row < count && column + k < width && width % 4 != 0) ::put<1>(one, to + k, accumulate);
        }
      }
    }
  }
};

// s += own times the transpose of others, over some columns.
template <int I>
static __device__ __forceinline__ void multiply_transposed(float* own, float* others, int columns, float (&s)[I][4]) {
  Place place;
#pragma unroll 1
  for (int c = 0; c < columns; c += 4) {
    float4 b[4];
#pragma unroll
    for (int j = 0; j < 4; j++) b[j] = *(const float4*)at<CHUNK>(others, place.x + 8 * j, c);
#pragma unroll
    for (int i = 0; i < I; i++) {
      float4 a = *(const float4*)at<CHUNK>(own, place.y + 16 * i, c);
#pragma unroll
      for (int j = 0; j < 4; j++) {
        s[i][j] = fmaf(a.x, b[j].x, s[i][j]);
        s[i][j] = fmaf(a.y, b[j].y, s[i][j]);
        s[i][j] = fmaf(a.z, b[j].z, s[i][j]);
        s[i][j] = fmaf(a.w, b[j].w, s[i][j]);
      }
    }
  }
}

// s += rows of own times the transpose of rows of others, a chunk of their columns after the other. Where there is one chunk, it
// is in shared memory already.
template <int CHUNKS, int I>
static __device__ __forceinline__ void add_scores(const Rows& rows, const real* x, float* own, const Rows& other_rows,
                                                  const real* other_x, float* others, float (&s)[I][4]) {
#pragma unroll
  for (int chunk = 0; chunk < CHUNKS; chunk++) {
    __syncthreads();
    if (CHUNKS > 1) rows.fill<16 * I>(x, chunk, own);
    other_rows.fill<STREAMED>(other_x, chunk, others);
    __syncthreads();
    multiply_transposed<I>(own, others, min(CHUNK, rows.width - chunk * CHUNK), s);
  }
}

// sum += weights times others.
template <int I>
static __device__ __forceinline__ void multiply(float* weights, float* others, float (&sum)[I][8]) {
  Place place;
#pragma unroll 2
  for (int k = 0; k < STREAMED; k += 4) {
    float w[I][4];
#pragma unroll
    for (int i = 0; i < I; i++) load<4>(at<STREAMED>(weights, place.y + 16 * i, k), w[i]);
#pragma unroll
    for (int n = 0; n < 4; n++) {
      float left[4];
      float right[4];
      const float* line = at<CHUNK>(others, k + n, 4 * place.x);
      load<4>(line, left);
      load<4>(line + 32, right);
#pragma unroll
      for (int i = 0; i < I; i++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
          sum[i][e] = fmaf(w[i][n], left[e], sum[i][e]);
          sum[i][e + 4] = fmaf(w[i][n], right[e], sum[i][e + 4]);
        }
      }
    }
  }
}

// sum += s, by way of shared memory, times rows of others, a chunk of their columns after the other.
//
// there: whether others hold the last chunk that add_scores has read, of the same rows
template <int CHUNKS, int I>
static __device__ __forceinline__ void add_weighted(const float (&s)[I][4], float* weights, const Rows& rows,
                                                    const real* x, float* others, bool there,
                                                    float (&sum)[CHUNKS][I][8]) {
  Place place;
  if (!there) __syncthreads();  // nobody reads weights and others any more
#pragma unroll
  for (int i = 0; i < I; i++) {
#pragma unroll
    for (int j = 0; j < 4; j++) *at<STREAMED>(weights, place.y + 16 * i, place.x + 8 * j) = s[i][j];
  }
#pragma unroll
  for (int chunk = 0; chunk < CHUNKS; chunk++) {
    if (CHUNKS > 1 || !there) {
      if (chunk > 0 || there) __syncthreads();
      rows.fill<STREAMED>(x, chunk, others);
    }
    __syncthreads();
    multiply<I>(weights, others, sum[chunk]);
  }
}

// Which of a query's weights are dropped, for 32 keys from element `first` on: bit k is that of key k. Each lane of the
// row draws the numbers of four.
static __device__ __forceinline__ unsigned dropped_by_query(const Drop& drop, unsigned long long first) {
  Place place;
  return Row::any(dropped_of_four(drop, first + 4 * place.x) << 4 * place.x);
}

// Which weights of the queries x + 8 j are dropped for key y: bit 4 j. Lanes in four keys below each other share
// numbers. first: index of the weight of the tile's first query and key
static __device__ __forceinline__ unsigned dropped_by_key(const Drop& drop, unsigned long long first, int time) {
  Place place;
  int part = place.y % 4;
  unsigned long long query = place.x + 8 * part;
  unsigned dropped = dropped_of_four(drop, first + query * time + place.y / 4 * 4) << 4 * part;
  return Butterfly<1, 16>::any(dropped) >> part;
}

static __device__ __forceinline__ unsigned long long weight(int index, int query, int key, int time) {
  return ((unsigned long long)index * time + query) * time + key;
}

// Bound by float32 arithmetic. Later queries see more keys: their blocks start first.
template <int CHUNKS, int I>
static __device__ __forceinline__ void forward(const real* qkv, real* y, float* lse, int index, int time, int heads,
                                               int kv_heads, int width, const Drop& drop) {
  alignas(16) __shared__ float own[16 * I * CHUNK];
  alignas(16) __shared__ float others[STREAMED * CHUNK];
  alignas(16) __shared__ float weights[16 * I * STREAMED];
  Place place;
  const float scale = 1 / sqrtf((float)width);
  const real* k = qkv + heads * width;
  const real* v = k + kv_heads * width;
  const int all = heads + 2 * kv_heads;
  const int sequence = index / heads;
  const int head = index % heads;
  const int kv_head = head / (heads / kv_heads);
  int start = (gridDim.x - 1 - blockIdx.x) * 16 * I;
  int end = min(start + 16 * I, time);
  Rows queries(sequence, head, start, time, all, width);
  float most[I];
  float sum[I] = {};  // over the calling thread's columns
  float out[CHUNKS][I][8] = {};
#pragma unroll
  for (int i = 0; i < I; i++) most[i] = LEAST;
  if (CHUNKS == 1) queries.fill<16 * I>(qkv, 0, own);
  for (int first = 0; first < end; first += STREAMED) {
    Rows keys(sequence, kv_head, first, time, all, width);
    float s[I][4] = {};
    add_scores<CHUNKS>(queries, qkv, own, keys, k, others, s);
#pragma unroll
    for (int i = 0; i < I; i++) {
      int query = start + place.y + 16 * i;
      float top = most[i];
#pragma unroll
      for (int j = 0; j < 4; j++) {
        if (first + place.x + 8 * j > query) s[i][j] = LEAST;
        top = fmaxf(top, s[i][j]);
      }
      top = Row::max(top);
      float fade = exp2f((most[i] - top) * (scale * LOG2_E));
      most[i] = top;
      sum[i] *= fade;
#pragma unroll
      for (int chunk = 0; chunk < CHUNKS; chunk++) {
#pragma unroll
        for (int e = 0; e < 8; e++) out[chunk][i][e] *= fade;
      }
      unsigned dropped = drop.threshold ? dropped_by_query(drop, weight(index, query, first, time)) : 0;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        float p = exp2f((s[i][j] - top) * (scale * LOG2_E));
        sum[i] += p;
        s[i][j] = dropped >> (place.x + 8 * j) & 1 ? 0 : p;
      }
    }
    add_weighted<CHUNKS>(s, weights, keys, v, others, false, out);
  }
  float factor[I];
#pragma unroll
  for (int i = 0; i < I; i++) {
    int query = start + place.y + 16 * i;
    sum[i] = Row::sum(sum[i]);
    factor[i] = (drop.threshold ? drop.factor : 1) / sum[i];
    if (place.x == 0 && query < time) lse[(long long)index * time + query] = most[i] * scale + logf(sum[i]);
  }
  Rows results(sequence, head, start, time, heads, width);
#pragma unroll
  for (int chunk = 0; chunk < CHUNKS; chunk++) results.put<I>(out[chunk], factor, chunk, y, 0);
}

// Bound by float32 arithmetic: three products for each tile of scores. Leaves delta for backward_keys.
template <int CHUNKS, int I>
static __device__ __forceinline__ void backward_queries(const real* dy, const real* qkv, const real* y,
                                                        const float* lse, float* delta, real* dqkv, int accumulate,
                                                        int index, int time, int heads, int kv_heads, int width,
                                                        const Drop& drop) {
  // Where there is one chunk, q and dy stay in shared memory.
  const int KEPT = CHUNKS == 1 ? 2 : 1;
  alignas(16) __shared__ float own[KEPT][16 * I * CHUNK];
  alignas(16) __shared__ float others[STREAMED * CHUNK];
  alignas(16) __shared__ float weights[16 * I * STREAMED];
  Place place;
  const float scale = 1 / sqrtf((float)width);
  const real* k = qkv + heads * width;
  const real* v = k + kv_heads * width;
  const int all = heads + 2 * kv_heads;
  const int sequence = index / heads;
  const int head = index % heads;
  const int kv_head = head / (heads / kv_heads);
  int start = (gridDim.x - 1 - blockIdx.x) * 16 * I;
  int end = min(start + 16 * I, time);
  Rows queries(sequence, head, start, time, all, width);
  Rows slopes(sequence, head, start, time, heads, width);
  float shift[I];
  float level[I];
#pragma unroll
  for (int i = 0; i < I; i++) {
    int query = start + place.y + 16 * i;
    shift[i] = query < time ? lse[(long long)index * time + query] : 0;
    level[i] = 0;
    const long long row = (((long long)(index / heads) * time + query) * heads + index % heads) * width;
    for (int c = place.x; query < time && c < width; c += 8) {
      level[i] = fmaf(to_float(dy[row + c]), to_float(y[row + c]), level[i]);
    }
    level[i] = Row::sum(level[i]);
    if (place.x == 0 && query < time) delta[(long long)index * time + query] = level[i];
  }
  float kept = drop.threshold ? drop.factor : 1;
  float dq[CHUNKS][I][8] = {};
  if (CHUNKS == 1) {
    slopes.fill<16 * I>(dy, 0, own[0]);
    queries.fill<16 * I>(qkv, 0, own[KEPT - 1]);
  }
  for (int first = 0; first < end; first += STREAMED) {
    Rows keys(sequence, kv_head, first, time, all, width);
    float s[I][4] = {};
    float dp[I][4] = {};
    add_scores<CHUNKS>(slopes, dy, own[0], keys, v, others, dp);
    add_scores<CHUNKS>(queries, qkv, own[KEPT - 1], keys, k, others, s);
#pragma unroll
    for (int i = 0; i < I; i++) {
      int query = start + place.y + 16 * i;
      unsigned dropped = drop.threshold ? dropped_by_query(drop, weight(index, query, first, time)) : 0;
#pragma unroll
      for (int j = 0; j < 4; j++) {
        float p = first + place.x + 8 * j > query ? 0 : exp2f((s[i][j] * scale - shift[i]) * LOG2_E);
        s[i][j] = p * fmaf(dp[i][j], dropped >> (place.x + 8 * j) & 1 ? 0 : kept, -level[i]);
      }
    }
    add_weighted<CHUNKS>(s, weights, keys, k, others, true, dq);
  }
  float factor[I];
#pragma unroll
  for (int i = 0; i < I; i++) factor[i] = scale;
#pragma unroll
  for (int chunk = 0; chunk < CHUNKS; chunk++) queries.put<I>(dq[chunk], factor, chunk, dqkv, accumulate);
}

// Bound by float32 arithmetic: four products for each tile of scores, here transposed: rows are keys.
template <int CHUNKS, int I>
static __device__ __forceinline__ void backward_keys(const real* dy, const real* qkv, const float* lse,
                                                     const float* delta, real* dqkv, int accumulate, int index,
                                                     int time, int heads, int kv_heads, int width, const Drop& drop) {
  // Where there is one chunk, k and v stay in shared memory.
  const int KEPT = CHUNKS == 1 ? 2 : 1;
  alignas(16) __shared__ float own[KEPT][16 * I * CHUNK];
  alignas(16) __shared__ float others[STREAMED * CHUNK];
  alignas(16) __shared__ float weights[16 * I * STREAMED];
  Place place;
  const float scale = 1 / sqrtf((float)width);
  const real* k = qkv + heads * width;
  const real* v = k + kv_heads * width;
  const int all = heads + 2 * kv_heads;
  const int group = heads / kv_heads;
  const int sequence = index / kv_heads;
  const int kv_head = index % kv_heads;
  int start = blockIdx.x * 16 * I;
  Rows keys(sequence, kv_head, start, time, all, width);
  float kept = drop.threshold ? drop.factor : 1;
  float dk[CHUNKS][I][8] = {};
  float dv[CHUNKS][I][8] = {};
  if (CHUNKS == 1) {
    keys.fill<16 * I>(k, 0, own[0]);
    keys.fill<16 * I>(v, 0, own[KEPT - 1]);
  }
  for (int head = kv_head * group; head < (kv_head + 1) * group; head++) {
    const int row = sequence * heads + head;  // of lse and delta
    for (int first = start; first < time; first += STREAMED) {
      Rows queries(sequence, head, first, time, all, width);
      Rows slopes(sequence, head, first, time, heads, width);
      float s[I][4] = {};
      float dp[I][4] = {};
      add_scores<CHUNKS>(keys, k, own[0], queries, qkv, others, s);
      add_scores<CHUNKS>(keys, v, own[KEPT - 1], slopes, dy, others, dp);
      unsigned dropped[I] = {};
      if (drop.threshold) {
#pragma unroll
        for (int i = 0; i < I; i++) dropped[i] = dropped_by_key(drop, weight(row, first, start + 16 * i, time), time);
      }
#pragma unroll
      for (int j = 0; j < 4; j++) {
        int query = first + place.x + 8 * j;
        float shift = query < time ? lse[(long long)row * time + query] : -LEAST;
        float level = query < time ? delta[(long long)row * time + query] : 0;
#pragma unroll
        for (int i = 0; i < I; i++) {
          float p = start + place.y + 16 * i > query ? 0 : exp2f((s[i][j] * scale - shift) * LOG2_E);
          bool gone = dropped[i] >> 4 * j & 1;
          s[i][j] = gone ? 0 : p;
          dp[i][j] = p * fmaf(dp[i][j], gone ? 0 : kept, -level);
        }
      }
      add_weighted<CHUNKS>(s, weights, slopes, dy, others, true, dv);
      add_weighted<CHUNKS>(dp, weights, queries, qkv, others, false, dk);
    }
  }
  float key_factor[I];
  float value_factor[I];
#pragma unroll
  for (int i = 0; i < I; i++) {
    key_factor[i] = scale;
    value_factor[i] = kept;
  }
#pragma unroll
  for (int chunk = 0; chunk < CHUNKS; chunk++) {
    keys.put<I>(dk[chunk], key_factor, chunk, dqkv + heads * width, accumulate);
    keys.put<I>(dv[chunk], value_factor, chunk, dqkv + (heads + kv_heads) * width, accumulate);
  }
}

static const int LINES = HEAD_WIDTH > 128 ? 2 : 4;  // 16 rows each, of a block
// Blocks of a processor at a time: as many as registers allow with 8 spilled bytes at most (ptxas of CUDA 13.0).
static const int BLOCKS = HEAD_WIDTH > 64 ? 2 : 3;
static const int BLOCKS_OF_KEYS = BLOCKS;

#define TILES HEAD_WIDTH / CHUNK, LINES
#include "attention.cuh"

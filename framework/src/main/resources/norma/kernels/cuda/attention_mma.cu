// Causal attention by the tensor cores in bfloat16, see attention.cuh, after FlashAttention-2 (Dao, arXiv:2307.08691): scores exist
// only in registers; the weights of a tile are the left operand of the next product as they lie.
//
// HEAD_WIDTH is the head's: 16 to 128 in steps of 16. Blocks have 64 rows.
#include "common.cuh"

static const int THREADS = 128;
static const int ROWS = 64;         // 16 a warp
static const float LEAST = -3e38f;  // below any score
static const float LOG2_E = 1.4426950408889634f;

// Rows of a tile in shared memory are 8 elements further apart than they are long: eight rows below each other then lie
// in eight different groups of banks, for any width.
template <int D>
struct RowTile {
  static const int STRIDE = D + 8;
  // Rows of the other side that backward works on at a time: two tiles for two stages must fit into 48 KiB.
  static const int STREAMED = D <= 80 ? 64 : 32;
};

// Where lane 4 g + t of a warp stands in the matrices of an mma: rows g and g + 8, columns 2t, 2t + 1.
struct Place {
  int warp = threadIdx.x / 32;
  int lane = threadIdx.x % 32;
  int g = lane / 4;
  int t = lane % 4;
};

typedef Butterfly<1, 2> Quad;  // the four lanes of a row

// Begins to copy the first `count` of N rows into a tile; zeros for the others.
template <int D, int N>
static __device__ __forceinline__ void copy_rows(const bf16* from, long long stride, int count, bf16* tile) {
  const unsigned LINES = D / 8;  // 16 bytes each, of a row
  const int AT_ONCE = THREADS / LINES;
  int row = threadIdx.x / LINES;
  int column = threadIdx.x % LINES * 8;
  from += row * stride + column;
  tile += row * RowTile<D>::STRIDE + column;
#pragma unroll
  for (int first = 0; first < N; first += AT_ONCE) {
    bool mine = THREADS % LINES == 0 && N % AT_ONCE == 0 || row < min(AT_ONCE, N - first);
    if (mine) copy_line(tile + first * RowTile<D>::STRIDE, from + first * stride, first + row < count);
  }
}

// Rows g and g + 8 of 16 as left operands; zeros from row `count` on.
template <int D>
static __device__ __forceinline__ void load_operand(const bf16* rows, long long stride, int count,
                                                    unsigned (&a)[D / 16][4]) {
  Place at;
#pragma unroll
  for (int half = 0; half < 2; half++) {
    int row = at.g + 8 * half;
    const bf16* from = rows + row * stride + 2 * at.t;
#pragma unroll
    for (int k = 0; k < D / 16; k++) {
      a[k][half] = row < count ? *(const unsigned*)(from + 16 * k) : 0;
      a[k][half + 2] = row < count ? *(const unsigned*)(from + 16 * k + 8) : 0;
    }
  }
}

// s (16, 16) += a (16, D) times the transpose of 16 rows of a tile.
template <int D>
static __device__ __forceinline__ void multiply_transposed(const unsigned (&a)[D / 16][4], const bf16* rows,
                                                           float (&left)[4], float (&right)[4]) {
  Place at;
  rows += (at.lane / 16 * 8 + at.lane % 8) * RowTile<D>::STRIDE + at.lane / 8 % 2 * 8;
#pragma unroll
  for (int k = 0; k < D / 16; k++) {
    unsigned b[4];
    load_matrices(b, rows + 16 * k);
    mma(left, a[k], {b[0], b[1]});
    mma(right, a[k], {b[2], b[3]});
  }
}

// sum (16, D) += p (16, 16) times 16 rows of a tile. `left` and `right` are p's columns 0 to 7 and 8 to 15.
template <int D>
static __device__ __forceinline__ void multiply(const float (&left)[4], const float (&right)[4], const bf16* rows,
                                                float (&sum)[D / 8][4]) {
  Place at;
  const unsigned p[4] = {to_bf16x2(left[0], left[1]), to_bf16x2(left[2], left[3]), to_bf16x2(right[0], right[1]),
                         to_bf16x2(right[2], right[3])};
  rows += at.lane % 16 * RowTile<D>::STRIDE + at.lane / 16 * 8;
#pragma unroll
  for (int n = 0; n < D / 16; n++) {
    unsigned b[4];
    load_matrices_transposed(b, rows + 16 * n);
    mma(sum[2 * n], p, {b[0], b[1]});
    mma(sum[2 * n + 1], p, {b[2], b[3]});
  }
}

// Which of the weights of 16 x 16 (query, key) are dropped. Four lanes share the numbers of 2 x 4 blocks of the stream:
// lane `part` of them computes those of the keys from element i on and of the keys 8 further on, as bits 8 part + (0 to
// 7).
template <typename Lanes>
static __device__ __forceinline__ unsigned dropped_weights(const Drop& drop, unsigned long long i, int part) {
  return Lanes::any((dropped_of_four(drop, i) | dropped_of_four(drop, i + 8) << 4) << 8 * part);
}

// Bit 16 r + 4 n + e is that of row g + 8 r (a query) and column 8 n + 2 t + e (a key).
// first: index of the weight of the 16 queries and keys that comes first
static __device__ __forceinline__ unsigned dropped_by_query(const Drop& drop, unsigned long long first, int time) {
  Place at;
  int query = at.g + at.t / 2 * 8;
  int key = at.t % 2 * 4;
  unsigned dropped = dropped_weights<Quad>(drop, first + (long long)query * time + key, at.t);
  return dropped >> (at.t / 2 * 8 + at.t % 2 * 2);
}

// Bit 16 n + 8 e + 4 r is that of row g + 8 r (a key) and column 8 n + 2 t + e (a query).
static __device__ __forceinline__ unsigned dropped_by_key(const Drop& drop, unsigned long long first, int time) {
  Place at;
  int part = at.g % 4;
  int query = part / 2 * 8 + 2 * at.t + part % 2;
  int key = at.g / 4 * 4;
  return dropped_weights<Butterfly<4, 8>>(drop, first + (long long)query * time + key, part) >> part;
}

// Writes 16 rows times a factor, or adds them, in 16-byte accesses: a warp's own part of shared memory turns them
// round.
template <int D>
static __device__ __forceinline__ void put_rows(const float (&x)[D / 8][4], float upper, float lower, bf16* shared,
                                                bf16* to, long long stride, int count, int accumulate) {
  Place at;
  shared += at.warp * 16 * RowTile<D>::STRIDE;
  bf16* pair = shared + at.g * RowTile<D>::STRIDE + 2 * at.t;
  __syncwarp();
#pragma unroll
  for (int n = 0; n < D / 8; n++) {
    *(unsigned*)(pair + 8 * n) = to_bf16x2(x[n][0] * upper, x[n][1] * upper);
    *(unsigned*)(pair + 8 * n + 8 * RowTile<D>::STRIDE) = to_bf16x2(x[n][2] * lower, x[n][3] * lower);
  }
  __syncwarp();
#pragma unroll
  for (int first = 0; first < 2 * D; first += 32) {
    int i = first + at.lane;
    int row = i / (D / 8);
    int column = i % (D / 8) * 8;
    if (i < 2 * D && row < count) {
      bf16* line = shared + row * RowTile<D>::STRIDE + column;
      bf16* there = to + row * stride + column;
      if (accumulate) {
        float old[8];
        load<8>(there, old);
        put<8>(old, line, 1);
      }
      // A sum that is stored as it is computed becomes four accesses (nvcc 13.0).
      *(uint4*)there = *(const uint4*)line;
    }
  }
}

// One head of one sequence: its first query, key and value, and the distance to the next. Neighbouring heads share keys
// and values.
template <int D>
struct Head {
  const bf16* q;
  const bf16* k;
  const bf16* v;
  long long stride;  // (H + 2K) D
  long long narrow;  // of y and dy: C
  long long start;   // of its rows in them

  __device__ __forceinline__ Head(const bf16* qkv, int head, int time, int heads, int kv_heads) {
    narrow = (long long)heads * D;
    stride = narrow + 2 * kv_heads * D;
    int h = head % heads;
    long long first_row = (long long)(head / heads) * time;
    start = first_row * narrow + h * D;
    q = qkv + first_row * stride + h * D;
    k = qkv + first_row * stride + (heads + h / (heads / kv_heads)) * D;
    v = k + kv_heads * D;
  }
};

// What a warp keeps of its 16 queries while the keys pass by.
template <int D>
struct Queries {
  unsigned q[D / 16][4];
  float y[D / 8][4];
  float most[2];  // largest score so far of rows g and g + 8
  float sum[2];   // of the weights in the calling lane's columns
};

// One tile of keys and values. On the diagonal, the keys after a query are left out; after it, no tile follows.
// PLAIN: not on the diagonal, and nothing is dropped.
template <int D, bool PLAIN>
static __device__ __forceinline__ void attend(const Head<D>& head, int first, int time, bool diagonal,
                                              unsigned long long weights, const Drop& drop, bf16* keys, bf16* values,
                                              Queries<D>& x) {
  Place at;
  const float scale = LOG2_E / sqrtf((float)D);
  copy_wait();
  __syncthreads();  // the keys are there, and nobody reads the values of the last tile any more
  copy_rows<D, ROWS>(head.v + first * head.stride, head.stride, time - first, values);
  float s[8][4] = {};
#pragma unroll
  for (int j = 0; j < 4; j++) {
    if (!PLAIN && diagonal && j > at.warp) continue;
    multiply_transposed<D>(x.q, keys + 16 * j * RowTile<D>::STRIDE, s[2 * j], s[2 * j + 1]);
  }
  copy_wait();
  __syncthreads();  // the values are there, and nobody reads the keys any more
  if (PLAIN || !diagonal) {
    int next = first + ROWS;
    copy_rows<D, ROWS>(head.k + next * head.stride, head.stride, time - next, keys);
  }
#pragma unroll
  for (int r = 0; r < 2; r++) {
    float most = x.most[r];
#pragma unroll
    for (int n = 0; n < 8; n++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        if (!PLAIN && diagonal && 8 * n + 2 * at.t + e > 16 * at.warp + at.g + 8 * r) s[n][2 * r + e] = LEAST;
        most = fmaxf(most, s[n][2 * r + e]);
      }
    }
    most = Quad::max(most);
    float fade = exp2_approximate((x.most[r] - most) * scale);
    x.most[r] = most;
    x.sum[r] *= fade;
#pragma unroll
    for (int n = 0; n < D / 8; n++) {
      x.y[n][2 * r] *= fade;
      x.y[n][2 * r + 1] *= fade;
    }
#pragma unroll
    for (int n = 0; n < 8; n++) {
#pragma unroll
      for (int e = 0; e < 2; e++) {
        s[n][2 * r + e] = exp2_approximate(fmaf(s[n][2 * r + e], scale, -most * scale));
        x.sum[r] += s[n][2 * r + e];
      }
    }
  }
#pragma unroll
  for (int j = 0; j < 4; j++) {
    if (!PLAIN && diagonal && j > at.warp) continue;
    if (!PLAIN && drop.threshold) {
      unsigned dropped = dropped_by_query(drop, weights + 16 * j, time);
#pragma unroll
      for (int e = 0; e < 8; e++) {
        if (dropped >> (e / 2 % 2 * 16 + e / 4 * 4 + e % 2) & 1) s[2 * j + e / 4][e % 4] = 0;
      }
    }
    multiply<D>(s[2 * j], s[2 * j + 1], values + 16 * j * RowTile<D>::STRIDE, x.y);
  }
}

// Bound by the tensor cores and, for narrow heads, by exponentials. Later queries see more keys: their blocks start
// first.
template <int D>
static __device__ __forceinline__ void forward(const bf16* qkv, bf16* y, float* lse, int index, int time, int heads,
                                               int kv_heads, int, const Drop& drop) {
  alignas(16) __shared__ bf16 keys[ROWS * RowTile<D>::STRIDE];
  alignas(16) __shared__ bf16 values[ROWS * RowTile<D>::STRIDE];
  Place at;
  Head<D> head(qkv, index, time, heads, kv_heads);
  int last = (gridDim.x - 1 - blockIdx.x) * ROWS;
  int row = last + 16 * at.warp;
  unsigned long long weights = ((unsigned long long)index * time + row) * time;
  copy_rows<D, ROWS>(head.k, head.stride, time, keys);
  Queries<D> x = {};
  load_operand<D>(head.q + row * head.stride, head.stride, time - row, x.q);
  x.most[0] = x.most[1] = LEAST;
  int first = 0;
  if (!drop.threshold) {
    for (; first < last; first += ROWS) attend<D, true>(head, first, time, false, 0, drop, keys, values, x);
  }
#pragma unroll 1
  for (; first <= last; first += ROWS) {
    attend<D, false>(head, first, time, first == last, weights + first, drop, keys, values, x);
  }
  float sum[2] = {Quad::sum(x.sum[0]), Quad::sum(x.sum[1])};
#pragma unroll
  for (int r = 0; r < 2; r++) {
    int query = row + at.g + 8 * r;
    if (at.t == 0 && query < time) {
      lse[(long long)index * time + query] = x.most[r] / sqrtf((float)D) + logf(sum[r]);
    }
  }
  float factor = drop.threshold ? drop.factor : 1;
  __syncthreads();
  put_rows<D>(x.y, factor / sum[0], factor / sum[1], values, y + head.start + row * head.narrow, head.narrow,
              time - row, 0);
}

// What a warp keeps of its 16 queries while the keys pass by once more.
template <int D>
struct QueryGradients {
  unsigned q[D / 16][4];
  unsigned dy[D / 16][4];
  float dq[D / 8][4];
  float shift[2];  // lse of rows g and g + 8, to base 2
  float level[2];  // delta
};

// 16 keys. On the diagonal, the keys after a query are left out. PLAIN: not on the diagonal, and nothing is dropped.
template <int D, bool PLAIN>
static __device__ __forceinline__ void add_keys(const bf16* keys, const bf16* values, bool diagonal,
                                                unsigned long long weights, int time, const Drop& drop,
                                                QueryGradients<D>& x) {
  Place at;
  const float scale = LOG2_E / sqrtf((float)D);
  float s[2][4] = {};
  float dp[2][4] = {};
  multiply_transposed<D>(x.q, keys, s[0], s[1]);
  multiply_transposed<D>(x.dy, values, dp[0], dp[1]);
  unsigned dropped = !PLAIN && drop.threshold ? dropped_by_query(drop, weights, time) : 0;
  float kept = PLAIN || !drop.threshold ? 1 : drop.factor;
#pragma unroll
  for (int n = 0; n < 2; n++) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      int r = e / 2;
      float p = exp2_approximate(fmaf(s[n][e], scale, -x.shift[r]));
      if (!PLAIN && diagonal && 8 * n + 2 * at.t + e % 2 > at.g + 8 * r) p = 0;
      bool gone = !PLAIN && (dropped >> (16 * r + 4 * n + e % 2) & 1);
      s[n][e] = p * fmaf(dp[n][e], gone ? 0 : kept, -x.level[r]);
    }
  }
  multiply<D>(s[0], s[1], keys, x.dq);
}

// sum[r] += the calling lane's part of the products of rows g + 8 r of a left operand and of 16 others, from memory.
template <int D>
static __device__ __forceinline__ void add_products(const unsigned (&a)[D / 16][4], const bf16* rows, long long stride,
                                                    int count, float (&sum)[2]) {
  unsigned b[D / 16][4];
  load_operand<D>(rows, stride, count, b);
#pragma unroll
  for (int k = 0; k < D / 16; k++) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
      sum[i % 2] = fmaf(__uint_as_float(a[k][i] << 16), __uint_as_float(b[k][i] << 16), sum[i % 2]);
      sum[i % 2] = fmaf(__uint_as_float(a[k][i] & 0xffff0000), __uint_as_float(b[k][i] & 0xffff0000), sum[i % 2]);
    }
  }
}

// Bound by the tensor cores: three products for each tile of scores. Leaves delta for backward_keys.
template <int D>
static __device__ __forceinline__ void backward_queries(const bf16* dy, const bf16* qkv, const bf16* y,
                                                        const float* lse, float* delta, bf16* dqkv, int accumulate,
                                                        int index, int time, int heads, int kv_heads, int,
                                                        const Drop& drop) {
  const int N = RowTile<D>::STREAMED;
  alignas(16) __shared__ bf16 keys[2][N * RowTile<D>::STRIDE];
  alignas(16) __shared__ bf16 values[2][N * RowTile<D>::STRIDE];
  Place at;
  Head<D> head(qkv, index, time, heads, kv_heads);
  int start = (gridDim.x - 1 - blockIdx.x) * ROWS;
  int end = min(start + ROWS, time);
  int row = start + 16 * at.warp;
  unsigned long long weights = ((unsigned long long)index * time + row) * time;
  copy_rows<D, N>(head.k, head.stride, time, keys[0]);
  copy_rows<D, N>(head.v, head.stride, time, values[0]);
  QueryGradients<D> x = {};
  load_operand<D>(head.q + row * head.stride, head.stride, time - row, x.q);
  load_operand<D>(dy + head.start + row * head.narrow, head.narrow, time - row, x.dy);
  add_products<D>(x.dy, y + head.start + row * head.narrow, head.narrow, time - row, x.level);
#pragma unroll
  for (int r = 0; r < 2; r++) {
    int query = row + at.g + 8 * r;
    x.level[r] = Quad::sum(x.level[r]);
    if (query < time) {
      x.shift[r] = lse[(long long)index * time + query] * LOG2_E;
      if (at.t == 0) delta[(long long)index * time + query] = x.level[r];
    }
  }
  for (int first = 0; first < end; first += N) {
    int stage = first / N % 2;
    copy_wait();
    __syncthreads();  // this tile is there, and nobody reads the last one any more
    int next = first + N;
    if (next < end) {
      copy_rows<D, N>(head.k + next * head.stride, head.stride, time - next, keys[1 - stage]);
      copy_rows<D, N>(head.v + next * head.stride, head.stride, time - next, values[1 - stage]);
    }
#pragma unroll 1
    for (int j = 0; j < N && first + j <= row; j += 16) {
      const bf16* k = keys[stage] + j * RowTile<D>::STRIDE;
      const bf16* v = values[stage] + j * RowTile<D>::STRIDE;
      bool diagonal = first + j == row;
      if (diagonal || drop.threshold) {
        add_keys<D, false>(k, v, diagonal, weights + first + j, time, drop, x);
      } else {
        add_keys<D, true>(k, v, false, 0, time, drop, x);
      }
    }
  }
  const float slope = 1 / sqrtf((float)D);
  __syncthreads();
  put_rows<D>(x.dq, slope, slope, keys[0], dqkv + (head.q - qkv) + row * head.stride, head.stride, time - row,
              accumulate);
  __syncthreads();
}

// What a warp keeps of its 16 keys while the queries pass by.
template <int D>
struct KeyGradients {
  unsigned k[D / 16][4];
  unsigned v[D / 16][4];
  float dk[D / 8][4];
  float dv[D / 8][4];
};

// 16 queries, the scores transposed. On the diagonal, the queries before a key are left out. PLAIN as above.
template <int D, bool PLAIN>
static __device__ __forceinline__ void add_queries(const bf16* queries, const bf16* dy, const float* lse,
                                                   const float* delta, bool diagonal, unsigned long long weights,
                                                   int time, const Drop& drop, KeyGradients<D>& x) {
  Place at;
  const float scale = LOG2_E / sqrtf((float)D);
  float s[2][4] = {};
  float dp[2][4] = {};
  multiply_transposed<D>(x.k, queries, s[0], s[1]);
  multiply_transposed<D>(x.v, dy, dp[0], dp[1]);
  unsigned dropped = !PLAIN && drop.threshold ? dropped_by_key(drop, weights, time) : 0;
  float kept = PLAIN || !drop.threshold ? 1 : drop.factor;
#pragma unroll
  for (int n = 0; n < 2; n++) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      int query = 8 * n + 2 * at.t + e % 2;
      float p = exp2_approximate(fmaf(s[n][e], scale, -LOG2_E * lse[query]));
      if (!PLAIN && diagonal && at.g + e / 2 * 8 > query) p = 0;
      bool gone = !PLAIN && (dropped >> (16 * n + e % 2 * 8 + e / 2 * 4) & 1);
      s[n][e] = gone ? 0 : p;
      dp[n][e] = p * fmaf(dp[n][e], gone ? 0 : kept, -delta[query]);
    }
  }
  multiply<D>(s[0], s[1], dy, x.dv);
  multiply<D>(dp[0], dp[1], queries, x.dk);
}

// Bound by the tensor cores: four products for each tile of scores.
template <int D>
static __device__ __forceinline__ void backward_keys(const bf16* dy, const bf16* qkv, const float* lse,
                                                     const float* delta, bf16* dqkv, int accumulate, int index,
                                                     int time, int heads, int kv_heads, int, const Drop& drop) {
  const int N = RowTile<D>::STREAMED;
  alignas(16) __shared__ bf16 queries[2][N * RowTile<D>::STRIDE];
  alignas(16) __shared__ bf16 slopes[2][N * RowTile<D>::STRIDE];  // dy
  alignas(16) __shared__ float shift[2][N];                       // lse
  alignas(16) __shared__ float level[2][N];                       // delta
  Place at;
  const int group = heads / kv_heads;
  int query_head = index * group;  // the first of those that share these keys, as index counts kv heads
  Head<D> head(qkv, query_head, time, heads, kv_heads);
  int start = blockIdx.x * ROWS;
  int row = start + 16 * at.warp;
  auto copy = [&](int first, int stage) {
    copy_rows<D, N>(head.q + first * head.stride, head.stride, time - first, queries[stage]);
    copy_rows<D, N>(dy + head.start + first * head.narrow, head.narrow, time - first, slopes[stage]);
    if (threadIdx.x < 2 * N) {
      int i = threadIdx.x % N;
      const float* from = (threadIdx.x < N ? lse : delta) + (long long)query_head * time + first + i;
      copy_float((threadIdx.x < N ? shift[stage] : level[stage]) + i, from, first + i < time);
    }
  };
  KeyGradients<D> x = {};
  load_operand<D>(head.k + row * head.stride, head.stride, time - row, x.k);
  load_operand<D>(head.v + row * head.stride, head.stride, time - row, x.v);
#pragma unroll 1
  for (int last = query_head + group; query_head < last; query_head++) {
    unsigned long long weights = (unsigned long long)query_head * time * time + row;
    __syncthreads();  // nobody reads the last head's tiles any more
    copy(start, 0);
    for (int first = start; first < time; first += N) {
      int stage = (first - start) / N % 2;
      copy_wait();
      __syncthreads();  // this tile is there, and nobody reads the last one any more
      if (first + N < time) copy(first + N, 1 - stage);
#pragma unroll 1
      for (int j = max(0, row - first); j < N && first + j < time; j += 16) {
        const bf16* q = queries[stage] + j * RowTile<D>::STRIDE;
        const bf16* d = slopes[stage] + j * RowTile<D>::STRIDE;
        const float* shifts = shift[stage] + j;
        const float* levels = level[stage] + j;
        bool diagonal = first + j == row;
        if (diagonal || drop.threshold) {
          unsigned long long from = weights + (unsigned long long)(first + j) * time;
          add_queries<D, false>(q, d, shifts, levels, diagonal, from, time, drop, x);
        } else {
          add_queries<D, true>(q, d, shifts, levels, false, 0, time, drop, x);
        }
      }
    }
    head.q += D;
    head.start += D;
  }
  const float slope = 1 / sqrtf((float)D);
  const float factor = drop.threshold ? drop.factor : 1;
  __syncthreads();
  put_rows<D>(x.dk, slope, slope, queries[0], dqkv + (head.k - qkv) + row * head.stride, head.stride, time - row,
              accumulate);
  put_rows<D>(x.dv, factor, factor, queries[0], dqkv + (head.v - qkv) + row * head.stride, head.stride, time - row,
              accumulate);
  __syncthreads();
}

// Blocks of a processor at a time: as many as registers allow with 32 spilled bytes at most (ptxas of CUDA 13.0).
static const int BLOCKS = HEAD_WIDTH > 80 ? 2 : HEAD_WIDTH > 64 ? 3 : 4;
static const int BLOCKS_OF_KEYS = HEAD_WIDTH > 64 ? 2 : 3;

#define TILES HEAD_WIDTH
#include "attention.cuh"

// The kernels of attention, for the two files that compute it, each in its way: `attention.cu` in float32 arithmetic for any head,
// `attention_mma.cu` by the tensor cores. They are FlashAttention's (arXiv:2205.14135): scores exist a tile at a time. Backward
// computes them again from the saved logarithm of the softmax denominators, once over the queries (dq) and once over the keys
// (dk, dv), so that each result has one writer.
//
//     forward    S = q K^T    P = exp(S / sqrt(D) - lse)    y = dropped(P) V
//     backward   dP = dropped(dy V^T)    dS = P (dP - delta), delta = rowsum(dy y)
//                dq = dS K / sqrt(D)    dk = dS^T q / sqrt(D)    dv = dropped(P)^T dy
//
// Arrays are qkv (B, T, (H + 2K) D) and y (B, T, H D): H / K neighbouring heads share keys and values.
//
// Blocks have 128 threads and some rows (queries, or keys in backward_keys) of one head: grid (ceil(T / rows), B H). All
// shared memory is static. The file that includes this one says how many blocks a processor has at a time, BLOCKS and
// BLOCKS_OF_KEYS, and the arguments of its templates, TILES.

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
    attention(const real* qkv, real* y, float* lse, int batch, int time, int heads, int kv_heads, int head_width, Drop drop) {
  for (int index = blockIdx.y; index < batch * heads; index += gridDim.y) {
    forward<TILES>(qkv, y, lse, index, time, heads, kv_heads, head_width, drop);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
    attention_backward_queries(const real* dy, const real* qkv, const real* y, const float* lse, float* delta,
                               real* dqkv, int accumulate, int batch, int time, int heads, int kv_heads, int head_width, Drop drop) {
  for (int index = blockIdx.y; index < batch * heads; index += gridDim.y) {
    backward_queries<TILES>(dy, qkv, y, lse, delta, dqkv, accumulate, index, time, heads, kv_heads, head_width, drop);
  }
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS_OF_KEYS)
    attention_backward_keys(const real* dy, const real* qkv, const real*, const float* lse, const float* delta,
                            real* dqkv, int accumulate, int batch, int time, int heads, int kv_heads, int head_width, Drop drop) {
  for (int index = blockIdx.y; index < batch * kv_heads; index += gridDim.y) {
    backward_keys<TILES>(dy, qkv, lse, delta, dqkv, accumulate, index, time, heads, kv_heads, head_width, drop);
  }
}

// Gradients and weights, all float: bound by memory.
#include "common.cuh"

static const int THREADS = 256;
static const int N = Lane<float>::COUNT;

// total += part
extern "C" __global__ void __launch_bounds__(THREADS) add_in_place(float* total, const float* part, long long n) {
  map<N>(n, [](float x) { return x; }, total, 1, part);
}

// partial[block] = sum(x^2) over the block's elements: four in float, their sums in double.
extern "C" __global__ void __launch_bounds__(THREADS) square_partials(const float* x, double* partial, long long n) {
  __shared__ double warps[THREADS / 32];
  double sum = 0;
  for (long long i = first_of_thread<N>(); i + N <= n; i += stride_of_grid<N>()) {
    float four[N];
    load(x + i, four);
    sum += (four[0] * four[0] + four[1] * four[1]) + (four[2] * four[2] + four[3] * four[3]);
  }
  for (long long i = n / N * N + first_of_thread<1>(); i < n; i += stride_of_grid<1>()) sum += (double)x[i] * x[i];
  sum = block_sum(sum, warps);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// See norma.kernels.AdamW: keep = 1 - lr weightDecay, rate = lr / correction1, root = 1 / sqrt(correction2).
struct AdamW {
  float keep;
  float beta1;
  float beta2;
  float rate;
  float root;
  float eps;
  float grad_scale;

  __device__ __forceinline__ void update(float& w, float g, float& m, float& v) const {
    const float grad = g * grad_scale;
    m = fmaf(beta1, m - grad, grad);
    v = fmaf(beta2, v - grad * grad, grad * grad);
    w = keep * w - rate * m / fmaf(sqrtf(v), root, eps);
  }
};

extern "C" __global__ void __launch_bounds__(THREADS)
    adamw(float* w, const float* g, float* m, float* v, float keep, float beta1, float beta2, float rate, float root,
          float eps, float grad_scale, long long n) {
  const AdamW step{keep, beta1, beta2, rate, root, eps, grad_scale};
  for (long long i = first_of_thread<N>(); i + N <= n; i += stride_of_grid<N>()) {
    float ws[N];
    float gs[N];
    float ms[N];
    float vs[N];
    load(w + i, ws);
    load(g + i, gs);
    load(m + i, ms);
    load(v + i, vs);
#pragma unroll
    for (int k = 0; k < N; k++) step.update(ws[k], gs[k], ms[k], vs[k]);
    store(ws, w + i);
    store(ms, m + i);
    store(vs, v + i);
  }
  for (long long i = n / N * N + first_of_thread<1>(); i < n; i += stride_of_grid<1>()) {
    step.update(w[i], g[i], m[i], v[i]);
  }
}

// y = x, rounded: weights for the tensor cores.
extern "C" __global__ void __launch_bounds__(THREADS) to_bf16_array(const float* x, bf16* y, long long n) {
  map<Lane<bf16>::COUNT>(n, [](float x) { return x; }, y, 0, x);
}

// Checks fibers.h and device.h.
#pragma once
#include "checks.h"

// --- fibers and built-ins -------------------------------------------------------------------------------------------

__global__ void shuffle_all(float* out) {
  int i = threadIdx.x;
  float x = (float)i;
  out[i] = __shfl_xor_sync(0xffffffff, x, 5);
  out[64 + i] = __shfl_up_sync(0xffffffff, x, 3);
  out[128 + i] = __shfl_sync(0xffffffff, x, 7);
  out[192 + i] = (float)__shfl_xor_sync(0xffffffff, (double)x + 0.5, 16);
}

static void shuffles() {
  std::vector<float> out(256);
  emulated::launch(1, 64, shuffle_all, out.data());
  bool ok = true;
  for (int i = 0; i < 64; i++) {
    int lane = i % 32, warp = i - lane;
    ok &= out[i] == (i ^ 5);
    ok &= out[64 + i] == (lane < 3 ? i : i - 3);
    ok &= out[128 + i] == warp + 7;
    ok &= out[192 + i] == (i ^ 16) + 0.5f;
  }
  CHECK(ok, "shuffles move values within a warp as the CUDA guide says");
}

__global__ void vote(unsigned* out) {
  unsigned lane = threadIdx.x % 32;
  if (lane >= 20) return;
  out[threadIdx.x] = __ballot_sync(0xffffffff, lane % 2);
  unsigned half = lane < 8 ? __ballot_sync(0xff, 1) : __ballot_sync(0xfff00, lane != 9);
  out[40 + threadIdx.x] = half;
}

static void votes() {
  std::vector<unsigned> out(80);
  emulated::launch(1, 40, vote, out.data());
  bool ok = out[25] == 0;
  for (int i = 0; i < 40; i++) {
    if (i % 32 < 20) ok &= out[i] == (i < 32 ? 0xaaaaau : 0xaau);
    if (i < 20) ok &= out[40 + i] == (i < 8 ? 0xffu : 0xffd00u);
  }
  CHECK(ok, "votes count the lanes that are there, and parts of a warp vote alone");
}

__global__ void reversed(const float* in, float* out, int rounds) {
  __shared__ float line[200];
  int i = threadIdx.x + threadIdx.y * blockDim.x;
  int n = blockDim.x * blockDim.y;
  if (i >= 190) return;
  float x = in[blockIdx.x * n + i];
  for (int round = 0; round < rounds; round++) {
    line[i] = x;
    __syncthreads();
    x = line[189 - i] + 1;
    __syncthreads();
  }
  out[blockIdx.x * n + i] = x;
}

static void barriers() {
  std::vector<float> in(400), out(400, -1);
  for (float& x : in) x = random_number();
  emulated::launch(2, dim3(50, 4), reversed, in.data(), out.data(), 3);
  bool ok = out[195] == -1;
  for (int i = 0; i < 190; i++) ok &= std::abs(out[200 + i] - (in[200 + 189 - i] + 3)) < 1e-5f;
  CHECK(ok, "barriers hold back a block's threads but those that have returned");
}

__global__ void fresh(float* out) {
  __shared__ float all[8];
  out[threadIdx.x] = std::isnan(all[threadIdx.x]);
  all[threadIdx.x] = 1;
}

static void shared_memory() {
  bool ok = true;
  std::vector<float> out(8);
  for (int block = 0; block < 2; block++) {
    emulated::launch(3, 8, fresh, out.data());
    for (float x : out) ok &= x == 1;
  }
  CHECK(ok, "every block starts with NaN in its shared memory");
}

__global__ void split_barrier() {
  if (threadIdx.x < 40) {
    __syncthreads();
  } else {
    __syncthreads();
  }
}

__global__ void split_warp(float* out) {
  if (threadIdx.x % 2) {
    out[0] = __shfl_xor_sync(0xffffffff, 1.0f, 1);
  } else {
    __syncwarp();
  }
}

__global__ void barrier_against_warp(float* out) {
  if (threadIdx.x == 3) __syncthreads();
  out[0] = __shfl_xor_sync(0xffffffff, 1.0f, 1);
  __syncthreads();
}

static void divergence() {
  float out;
  std::string text;
  int signal = signal_of([] { emulated::launch(1, 64, split_barrier); }, &text);
  CHECK(signal == SIGABRT && contains(text, "different barriers") && contains(text, "threads 0 to 39 wait"),
        "a barrier that only some threads reach ends the process and says who waits where");
  signal = signal_of([&] { emulated::launch(1, 64, split_warp, &out); }, &text);
  CHECK(signal == SIGABRT && contains(text, "lanes of a warp wait for each other"), "so do different calls in a warp");
  signal = signal_of([&] { emulated::launch(1, 32, barrier_against_warp, &out); }, &text);
  CHECK(signal == SIGABRT && contains(text, "threads wait for each other"), "so does a barrier against a shuffle");
}

static void bfloat16() {
  auto kept = [](unsigned bits) { return (unsigned)to_bf16(__uint_as_float(bits)).bits; };
  CHECK(kept(0x3f808000) == 0x3f80 && kept(0x3f818000) == 0x3f82 && kept(0x3f808001) == 0x3f81, "halves go to even");
  CHECK(kept(0x7f7fffff) == 0x7f80 && kept(0x7f800000) == 0x7f80 && kept(0xff800001) == 0x7fff,
        "what is too large becomes infinite, NaN stays NaN");
  CHECK(to_bf16x2(1.0f, -2.0f) == 0xc0003f80, "a pair has its first number in the lower half");
}

// --- the tensor cores, by the figures of PTX ISA, "Matrix Fragments for mma.m16n8k16" and "ldmatrix" -----------------

__global__ void one_mma(const bf16* a, const bf16* b, float* c) {
  int group = threadIdx.x >> 2, in_group = threadIdx.x % 4;
  unsigned fa[4], fb[2];
  float fc[4];
  for (int i = 0; i < 8; i++) {
    int row = i < 2 || (i >= 4 && i < 6) ? group : group + 8;
    int column = in_group * 2 + (i & 1) + (i >= 4 ? 8 : 0);
    ((bf16*)fa)[i] = a[row * 16 + column];
  }
  for (int i = 0; i < 4; i++) {
    int row = in_group * 2 + (i & 1) + (i >= 2 ? 8 : 0);
    ((bf16*)fb)[i] = b[row * 8 + group];
  }
  for (int i = 0; i < 4; i++) fc[i] = c[(i < 2 ? group : group + 8) * 8 + in_group * 2 + (i & 1)];
  mma(fc, fa, fb);
  for (int i = 0; i < 4; i++) c[(i < 2 ? group : group + 8) * 8 + in_group * 2 + (i & 1)] = fc[i];
}

static void tensor_core() {
  std::vector<bf16> a(256), b(128);
  std::vector<float> c(128), expected(128);
  for (bf16& x : a) x = to_bf16(random_number());
  for (bf16& x : b) x = to_bf16(random_number());
  for (float& x : c) x = random_number();
  for (int m = 0; m < 16; m++) {
    for (int n = 0; n < 8; n++) {
      double sum = c[m * 8 + n];
      for (int k = 0; k < 16; k++) sum += (double)to_float(a[m * 16 + k]) * to_float(b[k * 8 + n]);
      expected[m * 8 + n] = (float)sum;
    }
  }
  emulated::launch(1, 32, one_mma, a.data(), b.data(), c.data());
  bool ok = true;
  for (int i = 0; i < 128; i++) ok &= std::abs(c[i] - expected[i]) < 1e-5f;
  CHECK(ok, "mma multiplies as a plain loop does");
}

__global__ void four_matrices(unsigned* out, int transposed, int offset) {
  __shared__ __align__(16) bf16 tile[32 * 24 + 8];
  int lane = threadIdx.x;
  for (int i = 0; i < 8; i++) tile[lane * 24 + i] = {(unsigned short)(lane * 8 + i)};
  __syncwarp();
  unsigned r[4];
  if (transposed) {
    load_matrices_transposed(r, tile + lane * 24 + offset);
  } else {
    load_matrices(r, tile + lane * 24 + offset);
  }
  for (int j = 0; j < 4; j++) out[lane * 4 + j] = r[j];
}

static void matrices() {
  std::vector<unsigned> out(128);
  for (int transposed = 0; transposed < 2; transposed++) {
    emulated::launch(1, 32, four_matrices, out.data(), transposed, 0);
    bool ok = true;
    for (int lane = 0; lane < 32; lane++) {
      for (int j = 0; j < 4; j++) {
        for (int half = 0; half < 2; half++) {
          int row = lane / 4, column = lane % 4 * 2 + half;
          unsigned expected = transposed ? (j * 8 + column) * 8 + row : (j * 8 + row) * 8 + column;
          ok &= (out[lane * 4 + j] >> 16 * half & 0xffff) == expected;
        }
      }
    }
    CHECK(ok, transposed ? "ldmatrix.trans gives each lane a column's pair" : "ldmatrix gives each lane a row's pair");
  }
  CHECK(signal_of([&] { emulated::launch(1, 32, four_matrices, out.data(), 0, 1); }) == SIGABRT,
        "ldmatrix wants multiples of 16 bytes");
}

__global__ void copied(const float* from, float* out, int wait) {
  __shared__ __align__(16) float lines[128];
  __shared__ float singles[32];
  int lane = threadIdx.x;
  for (int i = 0; i < 4; i++) lines[4 * lane + i] = 0;
  singles[lane] = 0;
  copy_line((bf16*)(lines + 4 * lane), lane == 5 ? nullptr : (const bf16*)(from + 4 * lane), lane != 5);
  copy_float(singles + lane, from + 128 + lane, true);
  if (wait) copy_wait();
  __syncthreads();
  int other = 31 - lane;
  for (int i = 0; i < 4; i++) out[4 * other + i] = lines[4 * other + i];
  out[128 + other] = singles[other];
}

static void copies() {
  std::vector<float> from(160), out(160);
  for (float& x : from) x = random_number();
  emulated::launch(1, 32, copied, from.data(), out.data(), 1);
  std::vector<float> expected = from;
  for (int i = 20; i < 24; i++) expected[i] = 0;
  CHECK(out == expected, "copies beside the thread bring lines, zeros and single numbers");
  emulated::launch(1, 32, copied, from.data(), out.data(), 0);
  bool none = true;
  for (float x : out) none &= std::isnan(x);
  CHECK(none, "but only when someone has waited for them");
  auto crooked = [&] { emulated::launch(1, 32, copied, from.data() + 1, out.data(), 1); };
  CHECK(signal_of(crooked) == SIGABRT, "and lines start at multiples of 16 bytes");
}

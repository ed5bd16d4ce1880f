// cuBLAS of the emulator: products of matrices, by columns as in BLAS.
#pragma once
#include "graphs.h"

namespace {

enum Cublas : int {
  CUBLAS_SUCCESS = 0,
  CUBLAS_NOT_INITIALIZED = 1,
  CUBLAS_ALLOC_FAILED = 3,
  CUBLAS_INVALID_VALUE = 7,
  CUBLAS_ARCH_MISMATCH = 8,
  CUBLAS_EXECUTION_FAILED = 13,
  CUBLAS_NOT_SUPPORTED = 15,
};

enum DataType { R_32F = 0, R_16BF = 14 };
enum ComputeType { COMPUTE_32F = 68, COMPUTE_32F_FAST_TF32 = 77 };

struct Products {
  void* stream = nullptr;
};

Handles<Products> products;

float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

uint32_t bits_of(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

// To the nearest number with `dropped` bits less, halves to even.
float rounded(float x, int dropped) {
  uint32_t bits = bits_of(x);
  if (x != x) return x;
  bits += (1u << (dropped - 1)) - 1 + (bits >> dropped & 1);
  return from_bits(bits >> dropped << dropped);
}

// A matrix in the device's memory, by columns.
struct Matrix {
  uintptr_t at;
  int type;
  int rows;
  int columns;
  int stride;

  size_t element() const {
    return type == R_32F ? 4 : 2;
  }

  bool valid() const {
    size_t elements = rows && columns ? (size_t)stride * (columns - 1) + rows : 0;
    return !elements || (at % element() == 0 && in_device(at, elements * element()));
  }

  float get(int row, int column) const {
    size_t i = (size_t)stride * column + row;
    return type == R_32F ? ((const float*)at)[i] : from_bits((uint32_t)((const uint16_t*)at)[i] << 16);
  }

  void set(int row, int column, float x) const {
    size_t i = (size_t)stride * column + row;
    if (type == R_32F) {
      ((float*)at)[i] = x;
    } else {
      ((uint16_t*)at)[i] = x != x ? 0x7fff : (uint16_t)(bits_of(rounded(x, 16)) >> 16);
    }
  }

  // op(this) as float32, rounded to TF32 if so: by columns if by_columns, else by rows.
  std::vector<float> read(bool transposed, bool tf32, bool by_columns) const {
    std::vector<float> all((size_t)rows * columns);
    for (int column = 0; column < columns; column++) {
      for (int row = 0; row < rows; row++) {
        float x = get(row, column);
        size_t i = transposed == by_columns ? (size_t)row * columns + column : (size_t)column * rows + row;
        all[i] = tf32 ? rounded(x, 13) : x;
      }
    }
    return all;
  }
};

struct Product {
  Matrix a, b, c;
  bool transposed_a, transposed_b;
  int k;
  float alpha, beta;
  bool tf32;

  // Sums in the order of k, as one accumulator of the tensor cores does.
  __attribute__((optimize("O3"))) int run() const {
    if (!a.valid() || !b.valid() || !c.valid()) return ERROR_ILLEGAL_ADDRESS;
    const int TILE = 128;
    int m = c.rows;
    std::vector<float> left = a.read(transposed_a, tf32, true);     // (k, m)
    std::vector<float> right = b.read(transposed_b, tf32, false);  // (k, n)
    for (int column = 0; column < c.columns; column++) {
      for (int from = 0; from < m; from += TILE) {
        int rows = std::min(TILE, m - from);
        float sum[TILE] = {};
        for (int i = 0; i < k; i++) {
          float factor = right[(size_t)i * c.columns + column];
          const float* x = &left[(size_t)i * m + from];
          for (int row = 0; row < rows; row++) sum[row] += x[row] * factor;
        }
        for (int row = 0; row < rows; row++) {
          float old = beta == 0 ? 0 : beta * c.get(from + row, column);  // not read where beta is 0
          c.set(from + row, column, alpha * sum[row] + old);
        }
      }
    }
    return SUCCESS;
  }
};

}  // namespace

extern "C" int cublasCreate_v2(void** handle) {
  Call call(__func__);
  if (!handle) return CUBLAS_INVALID_VALUE;
  if (context_state()) return CUBLAS_NOT_INITIALIZED;
  if (no_capture()) return CUBLAS_ALLOC_FAILED;
  *handle = products.add(std::make_unique<Products>());
  return CUBLAS_SUCCESS;
}

extern "C" int cublasDestroy_v2(void* handle) {
  Call call(__func__);
  return products.remove(handle) ? CUBLAS_SUCCESS : CUBLAS_NOT_INITIALIZED;
}

extern "C" int cublasSetStream_v2(void* handle, void* stream) {
  Call call(__func__);
  Products* found = products.find(handle);
  if (!found) return CUBLAS_NOT_INITIALIZED;
  if (!stream_of(stream)) return CUBLAS_INVALID_VALUE;
  found->stream = stream;
  return CUBLAS_SUCCESS;
}

extern "C" int cublasSetMathMode(void* handle, int mode) {
  Call call(__func__);
  if (!products.find(handle)) return CUBLAS_NOT_INITIALIZED;
  return mode & ~(3 | 16) ? CUBLAS_INVALID_VALUE : CUBLAS_SUCCESS;
}

extern "C" int cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
  Call call(__func__);
  if (!products.find(handle)) return CUBLAS_NOT_INITIALIZED;
  if ((uintptr_t)workspace % 256 || (workspace && !in_device((uintptr_t)workspace, bytes))) return CUBLAS_INVALID_VALUE;
  return CUBLAS_SUCCESS;
}

extern "C" int cublasGemmEx(void* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
                            int type_a, int stride_a, const void* b, int type_b, int stride_b, const void* beta,
                            void* c, int type_c, int stride_c, int compute, int algorithm) {
  Call call(__func__);
  Products* found = products.find(handle);
  if (!found || context_state()) return CUBLAS_NOT_INITIALIZED;
  bool plain_a = op_a == 0;
  bool plain_b = op_b == 0;
  bool known_types = type_a == type_b && (type_a == R_32F || type_a == R_16BF) &&
                     (type_c == R_32F || (type_c == R_16BF && type_a == R_16BF));
  bool known_compute = compute == COMPUTE_32F || (compute == COMPUTE_32F_FAST_TF32 && type_a == R_32F);
  if (m < 0 || n < 0 || k < 0 || op_a < 0 || op_a > 2 || op_b < 0 || op_b > 2 || !alpha || !beta ||
      stride_a < std::max(1, plain_a ? m : k) || stride_b < std::max(1, plain_b ? k : n) || stride_c < std::max(1, m)) {
    return CUBLAS_INVALID_VALUE;
  }
  if (!known_types || !known_compute || (algorithm != -1 && algorithm != 99)) return CUBLAS_NOT_SUPPORTED;
  if (type_a == R_16BF && settings.capability < 80) return CUBLAS_ARCH_MISMATCH;
  Product product = {{(uintptr_t)a, type_a, plain_a ? m : k, plain_a ? k : m, stride_a},
                     {(uintptr_t)b, type_b, plain_b ? k : n, plain_b ? n : k, stride_b},
                     {(uintptr_t)c, type_c, m, n, stride_c},
                     !plain_a,
                     !plain_b,
                     k,
                     *(const float*)alpha,
                     *(const float*)beta,
                     compute == COMPUTE_32F_FAST_TF32};
  Stream* stream = stream_of(found->stream);
  if (!stream || !product.a.valid() || !product.b.valid() || !product.c.valid()) return CUBLAS_EXECUTION_FAILED;
  Node node;
  node.work = [=] { return product.run(); };
  return submit(*stream, std::move(node)) ? CUBLAS_EXECUTION_FAILED : CUBLAS_SUCCESS;
}

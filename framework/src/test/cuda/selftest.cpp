// Checks the emulator itself: g++ -std=c++17 -O1 selftest.cpp $folder/libcuda.so.1 -o selftest
#include "checks_of_driver.h"
#include "checks_of_kernels.h"

int main() {
  for (auto run : {shuffles, votes, barriers, shared_memory, divergence, bfloat16, tensor_core, matrices, copies,
                   before_a_context, compiler, launches, memory, gemm, kernel_graphs, capture_errors, late_streams,
                   calls, the_end}) {
    run();
  }
  printf("%d passed, %d failed\n", passed, wrong);
  return wrong ? 1 : 0;
}

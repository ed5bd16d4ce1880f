// The functions of CUDA that the checks call: the compiler holds the emulator's own against them.
#pragma once
#include <stddef.h>
#include <stdint.h>

// CUDA_KERNEL_NODE_PARAMS_v2.
struct KernelNodeParams {
  void* function;
  unsigned grid_x, grid_y, grid_z, block_x, block_y, block_z, shared;
  void** parameters;
  void** extra;
  void* kernel;
  void* context;
};

extern "C" {
const char* emulator_calls();
void emulator_reset();
int cuInit(unsigned);
int cuDriverGetVersion(int*);
int cuDeviceGetCount(int*);
int cuDeviceGetAttribute(int*, int, int);
int cuDevicePrimaryCtxRetain(void**, int);
int cuDevicePrimaryCtxRelease_v2(int);
int cuCtxSetCurrent(void*);
int cuMemGetInfo_v2(size_t*, size_t*);
int cuMemAlloc_v2(uintptr_t*, size_t);
int cuMemFree_v2(uintptr_t);
int cuMemHostAlloc(void**, size_t, unsigned);
int cuMemFreeHost(void*);
int cuMemcpyHtoDAsync_v2(uintptr_t, const void*, size_t, void*);
int cuMemcpyDtoHAsync_v2(void*, uintptr_t, size_t, void*);
int cuMemsetD32Async(uintptr_t, unsigned, size_t, void*);
int cuStreamCreate(void**, unsigned);
int cuStreamDestroy_v2(void*);
int cuStreamSynchronize(void*);
int cuStreamBeginCapture_v2(void*, int);
int cuStreamEndCapture(void*, void**);
int cuModuleLoadData(void**, const void*);
int cuModuleUnload(void*);
int cuModuleGetFunction(void**, void*, const char*);
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
int cuEventCreate(void**, unsigned);
int cuEventRecord(void*, void*);
int cuEventSynchronize(void*);
int cuEventElapsedTime(float*, void*, void*);
int cuGraphCreate(void**, unsigned);
int cuGraphDestroy(void*);
int cuGraphAddKernelNode_v2(void**, void*, void* const*, size_t, const KernelNodeParams*);
int cuGraphAddChildGraphNode(void**, void*, void* const*, size_t, void*);
int cuGraphInstantiateWithFlags(void**, void*, unsigned long long);
int cuGraphExecKernelNodeSetParams_v2(void*, void*, const KernelNodeParams*);
int cuGraphLaunch(void*, void*);
int cuGraphExecDestroy(void*);
int cuGetErrorName(int, const char**);
int nvrtcCreateProgram(void**, const char*, const char*, int, const char* const*, const char* const*);
int nvrtcCompileProgram(void*, int, const char* const*);
int nvrtcGetProgramLogSize(void*, size_t*);
int nvrtcGetProgramLog(void*, char*);
int nvrtcGetCUBINSize(void*, size_t*);
int nvrtcGetCUBIN(void*, char*);
int nvrtcDestroyProgram(void**);
int cublasCreate_v2(void**);
int cublasDestroy_v2(void*);
int cublasSetStream_v2(void*, void*);
int cublasGemmEx(void*, int, int, int, int, int, const void*, const void*, int, int, const void*, int, int, const void*,
                 void*, int, int, int, int);
}

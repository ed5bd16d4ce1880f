/// NVIDIA GPUs through the JDK's foreign function interface: the driver, the run-time compiler and the products of an installed CUDA.
///
/// Nothing of it is bound before [norma.kernels.cuda.CudaDevice] is asked for a GPU. From the bottom to the top: `Library` opens a
/// shared library by its usual names; `Driver`, `Compiler` and `Products` call the few functions that Norma needs; `Stream` sends
/// kernels to the GPU, as a graph where they repeat; `CudaKernels` says which kernel does what. The kernels' sources lie beside
/// these classes as resources. See `docs/decisions/0008-cuda.md`.
@NullMarked
package norma.kernels.cuda;

import org.jspecify.annotations.NullMarked;

/// What `bench/gpu-check` runs on a GPU: parity with the backend `cpu`, kernels against a copy and a large product, and steps beside
/// PyTorch. Classes of the framework, the models and the trainer only: no other library travels to a GPU host.
@NullMarked
package norma.bench.gpu;

import org.jspecify.annotations.NullMarked;

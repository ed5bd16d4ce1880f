package norma.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import norma.array.Array;
import norma.array.DType;
import norma.formula.Formula;
import norma.kernels.DropMask;
import norma.kernels.Formulas;
import norma.kernels.Grad;
import norma.kernels.Kernels;
import norma.kernels.cuda.CudaBackend.Precision;
import norma.random.RandomStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;

/// How work is sent to the GPU. Counts the emulator's calls, so it says nothing on a real GPU.
@DisabledIf(value = "norma.kernels.cuda.CudaDevice#mayExist", disabledReason = "counts the calls of the emulator")
class StreamTest {
  private final CudaBackend backend = Emulator.open(Precision.FP32);
  private final Kernels kernels = backend.kernels();
  private final Array x = array(1, 2, 3, 4);
  private final Array w = array(1, 0, 2, 0, 1, 0).reshape(3, 2);
  private final Array y = backend.allocate(DType.FLOAT32, 2, 3);
  private final Array z = backend.allocate(DType.FLOAT32, 2, 3);

  @AfterEach
  void close() {
    backend.close();
  }

  private Array array(double... values) {
    Array array = backend.allocate(DType.FLOAT32, values.length);
    backend.write(array, values);
    return array;
  }

  /// Six pieces, one of them a product: z = 2 (x W') after dropout.
  private double[] sequence(double factor, int step) {
    kernels.linear(x.reshape(2, 2), w, null, y);
    kernels.multiply(y, factor, Grad.write(z));
    kernels.multiply(z, 1, Grad.add(z));
    kernels.dropout(z, new DropMask(0.5, RandomStream.of(3, "dropout").at(step), 0), Grad.write(y));
    kernels.multiply(y, 0.5, Grad.write(z));
    kernels.multiply(z, 2, Grad.write(z));
    return backend.read(z);
  }

  private static double[] expected(double factor, int step) {
    double[] product = { 1, 2, 1, 3, 6, 3 };
    DropMask mask = new DropMask(0.5, RandomStream.of(3, "dropout").at(step), 0);
    double[] z = new double[6];
    for (int i = 0; i < 6; i++) {
      z[i] = 2 * factor * product[i] * mask.factor(i);
    }
    return z;
  }

  @Test
  void aWindowIsCopiedWhereverItBegins() {
    Array window = x.slice(1, 2);
    assertThat(backend.read(window)).containsExactly(2, 3);
    backend.write(window, new double[]{ 7, 8 });
    assertThat(backend.read(x)).containsExactly(1, 7, 8, 4);
  }

  @Test
  void whatRepeatsIsAGraphAndChangedArgumentsAreReplaced() {
    Emulator.forgetCalls();
    assertThat(sequence(3, 1)).isEqualTo(expected(3, 1));
    assertThat(Emulator.calls()).containsEntry("cuLaunchKernel", 5).containsEntry("cublasGemmEx", 1)
        .doesNotContainKey("cuGraphLaunch");
    Emulator.forgetCalls();
    assertThat(sequence(3, 1)).isEqualTo(expected(3, 1));
    assertThat(Emulator.calls()).containsEntry("cuGraphInstantiateWithFlags", 1).containsEntry("cuGraphLaunch", 1)
        .doesNotContainKey("cuLaunchKernel");
    Emulator.forgetCalls();
    assertThat(sequence(-1, 7)).isEqualTo(expected(-1, 7));
    assertThat(Emulator.calls()).containsOnly(Map.entry("cuGraphExecKernelNodeSetParams_v2", 2),
        Map.entry("cuGraphLaunch", 1), Map.entry("cuMemcpyDtoHAsync_v2", 1), Map.entry("cuStreamSynchronize", 1));
    Emulator.forgetCalls();
    assertThat(sequence(-1, 7)).isEqualTo(expected(-1, 7));
    assertThat(Emulator.calls()).doesNotContainKey("cuGraphExecKernelNodeSetParams_v2");
  }

  @Test
  void anotherProductIsAnotherGraph() {
    Emulator.forgetCalls();
    for (int i = 0; i < 3; i++) {
      sequence(3, 1);
    }
    Array other = array(0, 1, 0, 1, 0, 1).reshape(3, 2);
    for (int i = 0; i < 3; i++) {
      kernels.linear(x.reshape(2, 2), other, null, y);
      for (int more = 0; more < 5; more++) {
        kernels.multiply(y, 1, Grad.write(z));
      }
      assertThat(backend.read(z)).containsExactly(2, 2, 2, 4, 4, 4);
    }
    assertThat(sequence(3, 1)).isEqualTo(expected(3, 1));
    assertThat(Emulator.calls()).containsEntry("cuGraphInstantiateWithFlags", 2);
  }

  /// More elements are more threads of the same kernels.
  @Test
  void anotherSizeIsTheSameGraph() {
    Array all = backend.allocate(DType.FLOAT32, 5000);
    Emulator.forgetCalls();
    for (int size : new int[]{ 4, 4, 5000, 8 }) {
      for (int piece = 0; piece < 4; piece++) {
        kernels.fill(all.slice(0, size), size);
      }
      assertThat(backend.read(all.slice(0, size))).containsOnly(size);
    }
    assertThat(backend.read(all.slice(8, 4992))).containsOnly(5000);
    assertThat(Emulator.calls()).containsEntry("cuGraphInstantiateWithFlags", 1).containsEntry("cuGraphLaunch", 3)
        .containsEntry("cuLaunchKernel", 4);
  }

  /// More pieces than are sent together, with a copy from the host in between.
  @Test
  void theOrderIsKept() {
    for (int round = 0; round < 3; round++) {
      kernels.fill(y, 0);
      for (int i = 0; i < Stream.MOST + 10; i++) {
        kernels.multiply(z, 0, Grad.write(z));
        kernels.fill(z, i);
        kernels.multiply(z, 1, Grad.add(y));
      }
      int sum = (Stream.MOST + 10) * (Stream.MOST + 9) / 2;
      backend.write(z, new double[]{ 1, 2, 3, 4, 5, 6 });
      kernels.multiply(z, 1, Grad.add(y));
      backend.write(z, new double[6]);
      assertThat(backend.read(y)).containsExactly(sum + 1, sum + 2, sum + 3, sum + 4, sum + 5, sum + 6);
      assertThat(backend.read(z)).containsOnly(0);
    }
  }

  @Test
  void marksAreTimesInOrder() {
    long before = System.nanoTime();
    long first = kernels.mark();
    kernels.fill(y, 1);
    long second = kernels.mark();
    kernels.fill(z, 1);
    long third = kernels.mark();
    assertThat(kernels.nanos(first)).isBetween(before, System.nanoTime());
    assertThat(kernels.nanos(third)).isGreaterThanOrEqualTo(kernels.nanos(second));
    assertThat(kernels.nanos(second)).isGreaterThanOrEqualTo(kernels.nanos(first));
    assertThat(kernels.nanos(kernels.mark())).isGreaterThanOrEqualTo(before);
  }

  /// The kernel that was to have the argument is not started without it.
  @Test
  void aRefusedCallSendsNothing() {
    Array window = x.slice(1, 2);
    assertThatThrownBy(() -> kernels.fill(window, 7)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("begins 4 bytes into its memory");
    kernels.fill(y, 3);
    Emulator.forgetCalls();
    assertThat(backend.read(y)).containsOnly(3);
    assertThat(Emulator.calls()).containsEntry("cuLaunchKernel", 1);
    assertThat(backend.read(x)).containsExactly(1, 2, 3, 4);
  }

  @Test
  void anotherThreadMayCall() throws Exception {
    AtomicReference<double[]> read = new AtomicReference<>();
    Thread other = Thread.ofPlatform().start(() -> {
      kernels.fill(y, 5);
      kernels.mark();
      backend.synchronize();
      read.set(backend.read(y));
    });
    other.join();
    assertThat(read.get()).containsOnly(5);
    kernels.fill(y, 6);
    assertThat(backend.read(y)).containsOnly(6);
  }

  /// A residual add that its reader, a norm, takes into itself; without such a reader it is a kernel of its own.
  @Test
  void anAddIsDoneByTheNormThatReadsIt() {
    Array a = array(1, 2, 3, 4, 5, 6).reshape(2, 3);
    Array b = array(6, 5, 4, 3, 2, 10).reshape(2, 3);
    Array weight = array(1, 1, 2);
    Formula norm = Formulas.of("rmsnorm", false);
    Array statistics = kernels.statistics(kernels.kept(norm), 2);
    Emulator.forgetCalls();
    kernels.add(a, b, z);
    kernels.formula(norm, List.of(z, weight), List.of(y), statistics);
    double[] fused = backend.read(y);
    assertThat(backend.read(z)).containsExactly(7, 7, 7, 7, 7, 16);
    assertThat(Emulator.calls()).containsEntry("cuLaunchKernel", 1);
    Emulator.forgetCalls();
    kernels.add(a, b, z);
    backend.synchronize();
    kernels.formula(norm, List.of(z, weight), List.of(y), statistics);
    assertThat(backend.read(y)).isEqualTo(fused);
    assertThat(Emulator.calls()).containsEntry("cuLaunchKernel", 2);
  }
}

package norma.bench;

import static norma.bench.TorchSetting.Blas.MKL;
import static norma.bench.TorchSetting.Blas.OPENBLAS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import norma.bench.TorchChoice.Round;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// Which BLAS and how many threads PyTorch gets, and what its process is told.
class TorchChoiceTest {
  private static final Set<String> AVX2 = Set.of("sse2", "avx", "avx2", "fma");
  private static final Set<String> AVX512 = Set.of("avx2", "fma", "avx512f", "avx512cd", "avx512bw", "avx512dq",
      "avx512vl");

  @Test
  void theFasterLibraryIsTakenWhicheverItIs() {
    assertThat(choose(Map.of("MKL, 1 thread", 39.0, "OpenBLAS, 1 thread", 60.0), 1)).isEqualTo("MKL, 1 thread");
    assertThat(choose(Map.of("MKL, 1 thread", 33.0, "OpenBLAS, 1 thread", 25.0), 1)).isEqualTo("OpenBLAS, 1 thread");
  }

  @Test
  void threadsAreHalvedForAsLongAsFewerAreFaster() {
    Map<String, Double> millis = Map.of("MKL, 8 threads", 9.0, "OpenBLAS, 8 threads", 12.0, "MKL, 4 threads", 5.0,
        "MKL, 2 threads", 6.0);
    TorchChoice choice = TorchChoice.of(List.of(MKL, OPENBLAS), 8, 1, (one, other) -> round(millis, one, other));
    assertThat(choice.best()).isEqualTo(new TorchSetting(MKL, 4));
    assertThat(choice.rounds()).hasSize(3); // one thread is not tried any more
    assertThat(choice).hasToString("MKL, 4 threads; tried: MKL, 8 threads 9.0 ms, OpenBLAS, 8 threads 12.0 ms; "
        + "MKL, 8 threads 9.0 ms, MKL, 4 threads 5.0 ms; MKL, 4 threads 5.0 ms, MKL, 2 threads 6.0 ms");
  }

  @Test
  void whatIsAskedForIsTakenWithoutAMeasurement() {
    TorchChoice choice = TorchChoice.of(List.of(OPENBLAS), 2, 2, (one, other) -> {
      throw new AssertionError("measured");
    });
    assertThat(choice).hasToString("OpenBLAS, 2 threads, as asked for");
  }

  @Test
  void openBlasIsToldTheBestKernelThatTheCpuRuns() {
    assertThat(kernel(AVX512)).isEqualTo("SKYLAKEX");
    assertThat(kernel(AVX2)).isEqualTo("HASWELL");
    assertThat(kernel(Set.of("avx2", "fma", "avx512f"))).as("a part of AVX-512 only").isEqualTo("HASWELL");
    assertThat(kernel(Set.of("sse2"))).as("its own choice").isNull();
    assertThat(new TorchSetting(MKL, 2).environment(AVX512, Map.of())).doesNotContainKey("OPENBLAS_CORETYPE");
  }

  @Test
  void theProcessIsToldItsThreadsAndLoadsTheLibrary() {
    assertThat(new TorchSetting(MKL, 2).environment(AVX2, Map.of())).containsEntry("OMP_NUM_THREADS", "2");
    assertThat(new TorchSetting(MKL, 2).command(Map.of(), List.of()).words())
        .contains("-Dorg.bytedeco.openblas.load=mkl_rt");
    assertThat(new TorchSetting(OPENBLAS, 2).command(Map.of(), List.of()).words())
        .noneMatch(word -> word.contains("mkl_rt"));
  }

  @Test
  void aVariableOnTheCommandLineComesLast() {
    assertThat(new TorchSetting(OPENBLAS, 2).environment(AVX512, Map.of("OPENBLAS_CORETYPE", "COOPERLAKE")))
        .containsEntry("OPENBLAS_CORETYPE", "COOPERLAKE");
  }

  @Test
  void noProcessInheritsWhatTheShellSaysToLibraries() {
    Map<String, String> shell = Map.of("OPENBLAS_CORETYPE", "SKYLAKEX", "MKL_NUM_THREADS", "1", "OMP_NUM_THREADS", "1",
        "GLIBC_TUNABLES", "glibc.malloc.hugetlb=0", "PATH", "/bin");
    assertThat(new Side.Command("PyTorch", List.of(), Map.of("OMP_NUM_THREADS", "2")).environment(shell))
        .isEqualTo(Map.of("PATH", "/bin", "OMP_NUM_THREADS", "2"));
  }

  private static String choose(Map<String, Double> millis, int threads) {
    return TorchChoice.of(List.of(MKL, OPENBLAS), threads, 1, (one, other) -> round(millis, one, other)).best()
        .toString();
  }

  private static Round round(Map<String, Double> millis, TorchSetting one, TorchSetting other) {
    return new Round(one, other, Objects.requireNonNull(millis.get(one.toString())),
        Objects.requireNonNull(millis.get(other.toString())));
  }

  private static @Nullable String kernel(Set<String> flags) {
    return new TorchSetting(OPENBLAS, 2).environment(flags, Map.of()).get("OPENBLAS_CORETYPE");
  }
}

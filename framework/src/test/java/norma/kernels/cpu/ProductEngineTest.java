package norma.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import norma.machine.Code;
import norma.machine.Cpu;
import norma.machine.Executable;
import norma.machine.RefusedException;
import org.junit.jupiter.api.Test;

class ProductEngineTest {
  /// As on a system that forbids executable memory.
  private static final Code.Maker REFUSES = (name, code) -> {
    throw new RefusedException("mprotect was refused (SELinux execmem, PR_SET_MDWE or seccomp?)");
  };

  @Test
  void theBestVectorsOfTheCpuAreChosen() throws Exception {
    Cpu cpu = Cpu.here(Executable::of);
    String best = cpu.avx512()
        ? "machine code, AVX-512, 6 x 4 vectors"
        : cpu.avx2() ? "machine code, AVX2, 6 x 2 vectors" : "plain Java: this CPU has no AVX2 with FMA";
    assertThat(ProductEngine.choose("", Executable::of).description()).isEqualTo(best);
    assertThat(ProductEngine.here().description()).isEqualTo(best);
    assertThat(ProductEngine.here().hasBf16()).isEqualTo(cpu.bf16());
  }

  @Test
  void whereMachineCodeIsRefusedPlainJavaMultipliesAndSaysWhy() {
    for (String asked : new String[]{ "", "avx2" }) {
      ProductEngine engine = ProductEngine.choose(asked, REFUSES);
      assertThat(engine.description())
          .isEqualTo("plain Java: mprotect was refused (SELinux execmem, PR_SET_MDWE or seccomp?)");
      assertThat(engine.tiles()).isInstanceOf(PlainTiles.class).isNotSameAs(engine.tiles());
      assertThat(engine.hasBf16()).isFalse();
      assertThatIllegalStateException().isThrownBy(engine::bf16).withMessageContaining("plain Java");
    }
  }

  @Test
  void anotherKindCanBeAskedFor() {
    assertThat(ProductEngine.choose("plain", Executable::of).description())
        .isEqualTo("plain Java: asked for by -Dnorma.products");
    assertThatIllegalArgumentException().isThrownBy(() -> ProductEngine.choose("sse", Executable::of))
        .withMessage("-Dnorma.products is sse, expected avx512, avx2 or plain");
  }
}

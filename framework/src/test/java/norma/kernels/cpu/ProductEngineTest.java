package norma.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import norma.machine.Code;
import norma.machine.Cpu;
import norma.machine.Executable;
import norma.machine.RefusedException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class ProductEngineTest {
  /// As on a system that forbids executable memory.
  private static final Code.Maker REFUSES = (name, code) -> {
    throw new RefusedException("mprotect was refused (SELinux execmem, PR_SET_MDWE or seccomp?)");
  };

  @Test
  void theBestVectorsOfTheCpuAreChosen() throws Exception {
    Cpu cpu = Cpu.here();
    Assumptions.assumeTrue(cpu.avx2(), "this CPU has no AVX2 with FMA");
    String best = cpu.avx512() ? "machine code, AVX-512, 6 x 4 vectors" : "machine code, AVX2, 6 x 2 vectors";
    assertThat(ProductEngine.choose("", Executable::of).description()).isEqualTo(best);
    assertThat(ProductEngine.here().description()).isEqualTo(best);
    assertThat(ProductEngine.here().hasBf16()).isEqualTo(cpu.bf16());
    ProductEngine other = ProductEngine.choose("avx2", Executable::of);
    assertThat(other.description()).isEqualTo("machine code, AVX2, 6 x 2 vectors");
    assertThatIllegalStateException().isThrownBy(other::bf16).withMessageContaining("AVX2");
  }

  @Test
  void aRefusalIsHandedOnWithItsReason() {
    for (String asked : new String[]{ "", "avx2" }) {
      assertThatThrownBy(() -> ProductEngine.choose(asked, REFUSES)).isInstanceOf(RefusedException.class)
          .hasMessage("mprotect was refused (SELinux execmem, PR_SET_MDWE or seccomp?)");
    }
  }

  @Test
  void anotherKindCanBeAskedFor() {
    assertThatIllegalArgumentException().isThrownBy(() -> ProductEngine.choose("sse", Executable::of))
        .withMessage("-Dnorma.products is sse, expected avx512 or avx2");
  }
}

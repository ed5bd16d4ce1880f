package norma.train.study;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LastWordsTest {

  @Test
  void theLastErrorLineCounts() {
    assertThat(LastWords.of("norma: a\nstep 1\nnorma: b, expected c\n\tat x\n", "3")).isEqualTo("b, expected c");
  }

  @Test
  void aCrashSaysWhatWasThrown() {
    assertThat(LastWords.of("step 1\nException in thread \"main\" java.lang.Error: x\n\tat y\n\t... 19 more\n", "1"))
        .isEqualTo("Exception in thread \"main\" java.lang.Error: x");
  }

  @Test
  void whoSaidNothingHasAnExitCode() {
    assertThat(LastWords.of("step 1\n", "137")).isEqualTo("exit code 137");
  }
}

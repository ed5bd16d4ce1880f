package norma.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitTest {
  @ParameterizedTest
  @CsvSource({ "1214976, 0.1, 1093478", "1115394, 0.1, 1003854", "10, 0.1, 9", "19, 0.1, 17", "7, 0.5, 3" })
  void theCutIsNanoGptsFloor(int length, double valFraction, int cut) {
    Split split = Split.of(IntStream.range(0, length).toArray(), valFraction, 1, 0);
    assertThat(split.train()).isEqualTo(IntStream.range(0, cut).toArray());
    assertThat(split.validation()).isEqualTo(IntStream.range(cut, length).toArray());
  }

  @Test
  void eachSplitHoldsOneMoreThanTheContext() {
    int[] tokens = new int[100];
    assertThat(Split.of(tokens, 0.1, 1, 9).validation()).hasSize(10);
    assertThatThrownBy(() -> Split.of(tokens, 0.1, 1, 10)).isInstanceOf(DataException.class)
        .hasMessage("model.context is 10 but the validation split has only 10 tokens, expected at least 11:"
            + " lower model.context, raise data.val_fraction or take a longer corpus");
    assertThat(Split.of(tokens, 0.75, 1, 24).train()).hasSize(25);
    assertThatThrownBy(() -> Split.of(tokens, 0.75, 1, 25)).isInstanceOf(DataException.class)
        .hasMessage("model.context is 25 but the training split has only 25 tokens, expected at least 26:"
            + " lower model.context, lower data.val_fraction or take a longer corpus");
  }

  @Test
  void noValidationSplitIsTooShort() {
    assertThatThrownBy(() -> Split.of(new int[100], 0, 1, 8)).isInstanceOf(DataException.class)
        .hasMessageContaining("the validation split has only 0 tokens");
  }

  @Test
  void theValidationHashIsOfItsUtf8Bytes() {
    int[] text = "abcdé😀".codePoints().toArray();
    Vocabulary vocabulary = Vocabulary.of(text);
    Split split = Split.of(vocabulary.encode(text), 0.34, 1, 1);
    // printf 'dé😀' | sha256sum
    assertThat(split.validationSha256(vocabulary))
        .isEqualTo("a8b2b815a05030bb8d83594cafd33a3a17dc0bf9ae0b34f57d38c67954539579");
  }

  @Test
  void aFractionOfTheTrainingPartIsItsBeginning() {
    int[] tokens = IntStream.range(0, 100).toArray();
    Split tenth = Split.of(tokens, 0.2, 0.1, 3);
    assertThat(tenth.train()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(tenth.validation()).isEqualTo(Split.of(tokens, 0.2, 1, 3).validation());
    assertThatThrownBy(() -> Split.of(tokens, 0.2, 0.1, 8)).isInstanceOf(DataException.class)
        .hasMessageContaining("the training split has only 8 tokens", "raise data.train_fraction");
  }

  /// Of 4 and 3 tokens, with one added to each count: -(2 ln 4/6 + ln 2/6) / 3.
  @Test
  void theLossOfTheFrequenciesByHand() {
    Split split = new Split(new int[]{ 0, 0, 0, 1 }, new int[]{ 0, 1, 0 });
    assertThat(split.unigramLoss(2)).isCloseTo(-(2 * Math.log(4 / 6.0) + Math.log(2 / 6.0)) / 3,
        org.assertj.core.data.Offset.offset(1e-12));
  }
}

package norma.train.files;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrintableTest {

  @Test
  void aLineShowsWhatATerminalWouldObeyAndWhatNobodyWouldSee() {
    assertThat(Printable.line("a\u001B[2Jb\nc\u202Ed\u200Ce\u2028f\uE000")).isEqualTo(
        "a\\u001B[2Jb\\u000Ac\\u202Ed\\u200Ce\\u2028f\\uE000");
    assertThat(Printable.line("Größe, привет, 日本 \uD83D\uDC68")).isEqualTo("Größe, привет, 日本 \uD83D\uDC68");
  }

  @Test
  void aTextKeepsItsLinesAndWhatShapesItsWords() {
    String persian = "\u0645\u06CC\u200C\u0631\u0648\u0645";
    assertThat(Printable.text("one\r\n\ttwo\n" + persian + "\u001B[31m\rx\u0000\u009B"))
        .isEqualTo("one\n\ttwo\n" + persian + "\\u001B[31m\\u000Dx\\u0000\\u009B");
  }
}

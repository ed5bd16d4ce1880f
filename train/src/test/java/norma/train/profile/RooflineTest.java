package norma.train.profile;

import static norma.train.report.Markup.frame;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import norma.train.profile.Row.Group;
import norma.train.profile.Row.Memory;
import norma.train.profile.Row.Roof;
import norma.train.profile.Row.Work;
import org.junit.jupiter.api.Test;

class RooflineTest {
  /// 2 ms for 200 MFLOP and 10 MB: 100 GFLOP/s at 20 FLOP for each byte.
  private static final Row PART = new Row("mlp.fc", Group.MLP_PRODUCTS, new Quartiles(0.5, 0.4, 0.6),
      new Quartiles(1.5, 1.4, 1.6), 2, 0.1, new Work(5e7, 1.5e8, 4e6, 6e6), Memory.NONE, new Roof(1.25, 1.25, false));

  private static List<MatchResult> all(String text, String pattern) {
    return Pattern.compile(pattern).matcher(text).results().toList();
  }

  @Test
  void aDotStandsAtItsOperationsForEachByteAndItsSpeed() {
    String svg = new Roofline(ProfileFixture.PEAKS, List.of(PART)).figure();
    double[] f = frame(svg); // left, top, right, bottom, exponents of x and of y
    MatchResult dot = all(svg, "class=\"dot\" cx=\"([\\d.]+)\" cy=\"([\\d.]+)\"").getFirst();
    assertThat(Double.parseDouble(dot.group(1)))
        .isCloseTo(f[0] + (Math.log10(20) - f[4]) / (f[5] - f[4]) * (f[2] - f[0]), within(0.02));
    assertThat(Double.parseDouble(dot.group(2))).isCloseTo(f[3] - (2 - f[6]) / (f[7] - f[6]) * (f[3] - f[1]),
        within(0.02));
  }

  @Test
  void theRoofsAreTheMeasuredPeaks() {
    String svg = new Roofline(ProfileFixture.PEAKS, List.of(PART)).figure();
    double[] f = frame(svg);
    double peak = f[3] - (Math.log10(160) - f[6]) / (f[7] - f[6]) * (f[3] - f[1]);
    double ridge = f[0] + (Math.log10(160 / 15.0) - f[4]) / (f[5] - f[4]) * (f[2] - f[0]);
    assertThat(all(svg, "<line class=\"roof\" x1=\"[\\d.]+\" x2=\"([\\d.]+)\" y1=\"[\\d.]+\" y2=\"([\\d.]+)\"").stream()
        .filter(line -> Math.abs(Double.parseDouble(line.group(1)) - ridge) < 0.02
            && Math.abs(Double.parseDouble(line.group(2)) - peak) < 0.02))
        .as("the memory's roof ends at the products'").hasSize(1);
    assertThat(svg).contains(">products 160 GFLOP/s<", ">cache 90.0 GB/s<", ">memory 15.0 GB/s<");
  }

  @Test
  void blocksAreOneDotAndWhatDoesNotComputeHasNone() {
    Roofline roofline = Roofline.of(ProfileFixture.profile("a", 1));
    assertThat(roofline.parts()).extracting(Row::name).containsExactly("tok_emb", "attn.pre", "attn.qkv",
        "attn.attention", "attn.proj", "attn.add", "mlp.pre", "mlp.fc", "mlp.gelu", "mlp.proj", "mlp.add", "final",
        "head", "loss", "clipping", "optimizer");
    assertThat(roofline.parts().get(7).gigaflops()).as("as fast as one block").isCloseTo(302 / 2.6, within(1e-9));
    assertThat(all(roofline.figure(), "class=\"dot\"")).as("on wide pages, and on narrow ones").hasSize(2 * 16);
  }

  @Test
  void aModelThatComputesNothingHasNoRoofline() {
    assertThat(new Roofline(ProfileFixture.PEAKS, List.of()).figure()).isEmpty();
  }
}

package norma.train.config;

import static norma.train.config.TestNorms.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import norma.models.NormSlots;
import norma.models.Slot;
import norma.nn.Learnable;
import norma.nn.NormSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NormReaderTest {

  private static NormSlots norm(String yaml) {
    return read("model:\n  norm: " + yaml).model().norm();
  }

  @Test
  void theShorthandIsBothPreSlotsAndFinal() {
    assertThat(norm("{all: dyt}")).isEqualTo(NormSlots.all(NormSpec.of("dyt"), 4));
    assertThat(norm("{}")).isEqualTo(NormSlots.all(NormSpec.of("layernorm"), 4));
    assertThat(norm("{all: none}")).isEqualTo(NormSlots.all(NormSpec.NONE, 4));
  }

  @Test
  void aSlotHasAuthorityOverTheShorthand() {
    NormSlots norm = norm("{all: dyt, attn: {pre: {type: dyt, alpha: 0.8}, branch: rmsnorm}, mlp: {post: derf},"
        + " final: layernorm, qk: rmsnorm, embedding: {type: dyisru, parametrization: direct, beta: 1, bias: true}}");
    Map<Slot, NormSpec> block = Map.of(Slot.ATTN_PRE, new NormSpec("dyt", Map.of("alpha", 0.8)), Slot.ATTN_BRANCH,
        NormSpec.of("rmsnorm"), Slot.MLP_PRE, NormSpec.of("dyt"), Slot.MLP_POST, NormSpec.of("derf"));
    assertThat(norm).isEqualTo(new NormSlots(Map.of(Slot.EMBEDDING,
        new NormSpec("dyisru", Map.of("parametrization", "direct", "beta", 1.0, "bias", true)), Slot.QK,
        NormSpec.of("rmsnorm"), Slot.FINAL, NormSpec.of("layernorm")), List.of(block, block, block, block)));
  }

  @Test
  void everySlotIsReadByItsPathAndInBlocksToo() {
    for (Slot slot : Slot.values()) {
      String place = slot.sublayer().isEmpty()
          ? slot.path() + ": bhyt"
          : slot.sublayer() + ": {" + slot.place() + ": bhyt}";
      NormSlots expected = NormSlots.in(Stream.of(slot), NormSpec.of("bhyt"), 4);
      assertThat(norm("{all: none, " + place + "}")).isEqualTo(expected);
      if (!slot.sublayer().isEmpty()) {
        assertThat(norm("{all: none, blocks: [{of: 0-3, " + slot.path() + ": bhyt}]}")).isEqualTo(expected);
        assertThat(norm("{all: none, blocks: [{of: 0-3, " + place + "}]}")).isEqualTo(expected);
      }
    }
  }

  @Test
  void aFormulaStandsWhereATypeMayStand() {
    NormSpec own = new NormSpec("weight * x / (1 + abs(alpha * x)) + c * tanh(sum(x * b)) + bias",
        Map.of("alpha", Learnable.from(0.5), "b", new Learnable(1, true, false, false, true), "c",
            new Learnable(0.3, false, true, false, false), "bias", true));
    NormSlots norm = norm("{all: {y: \"weight * x / (1 + abs(alpha * x)) + c * tanh(sum(x * b)) + bias\", alpha: 0.5,"
        + " b: {per: channel, start: 1, decay: true}, c: {fixed: 0.3}, bias: true}, final: {y: \"x / rms(x, 1e-6)\"}}");
    assertThat(norm.blocks()).extracting(b -> b.get(Slot.ATTN_PRE)).containsOnly(own);
    assertThat(norm.of(Slot.FINAL)).isEqualTo(NormSpec.of("x / rms(x, 1e-6)"));
  }

  @Test
  void laterLinesOfBlocksWin() {
    NormSlots norm = norm("""
        {blocks: [
          {of: "0-2", attn.pre: dyt, mlp.branch: {type: dyt}},
          {of: 1, attn: {pre: derf}, mlp.pre: none},
          {of: "2", attn.pre: {type: dyt, alpha: 3}}]}""");
    assertThat(norm.blocks()).extracting(b -> b.get(Slot.ATTN_PRE)).containsExactly(NormSpec.of("dyt"),
        NormSpec.of("derf"),
        new NormSpec("dyt", Map.of("alpha", 3.0)), NormSpec.of("layernorm"));
    assertThat(norm.blocks()).extracting(b -> b.get(Slot.MLP_BRANCH)).containsExactly(NormSpec.of("dyt"),
        NormSpec.of("dyt"),
        NormSpec.of("dyt"), NormSpec.NONE);
    assertThat(norm.of(1, Slot.MLP_PRE)).isEqualTo(NormSpec.NONE);
    assertThat(norm.of(Slot.FINAL)).isEqualTo(NormSpec.of("layernorm"));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = { "2|2", "\"2\"|2", "\"0-1\"|01", "0-1|01", "\"0,2-3\"|023", "\"0, 2\"|02" })
  void ofIsAnIndexARangeOrAList(String of, String blocks) {
    NormSlots norm = norm("{blocks: [{of: " + of + ", mlp.pre: dyt}]}");
    for (int i = 0; i < 4; i++) {
      assertThat(norm.of(i, Slot.MLP_PRE).type())
          .isEqualTo(blocks.indexOf('0' + i) >= 0 ? "dyt" : "layernorm");
    }
  }

  static Stream<List<String>> wrong() {
    return Stream.of(
        List.of("{all: layer_norm}", "model.norm.all: unknown norm type 'layer_norm';"
            + " did you mean layernorm? Known: " + TestNorms.NAMES),
        List.of("{all: whitening}", "model.norm.all: unknown norm type 'whitening'."
            + " Known: " + TestNorms.NAMES),
        List.of("{all: 3}", "model.norm.all: 3 is not text; expected a norm type: "
            + TestNorms.NAMES + " (in quotes, \"3\" is text)"),
        List.of("{all: [dyt]}", "model.norm.all: a list; expected a norm type, or {type: ...}"),
        List.of("{all: {alpha: 1}}", "model.norm.all: a slot needs its type, for example {type: dyt, alpha: 0.8}"),
        List.of("{qk: {y: \"weight * tahn(x)\"}}",
            "model.norm.qk.y: column 10 of \"weight * tahn(x)\": unknown name tahn; nearest: tanh"),
        List.of("{qk: {y: \"weight * x / alpha\", alpha: 0}}",
            "model.norm.qk.y: \"weight * x / alpha\" divides by 0 at the start: alpha"),
        List.of("{qk: {y: \"tanh(x)\", alpha: 1}}", "model.norm.qk.y: \"tanh(x)\" does not use alpha"),
        List.of("{qk: {y: \"tanh(x)\", bias: true}}", "model.norm.qk.y: \"tanh(x)\" does not use bias"),
        List.of("{qk: {y: x}}", "model.norm.qk.y: x is no formula of x;"
            + " expected a formula such as \"weight * tanh(alpha * x)\""),
        List.of("{qk: {y: \"a * x\", a: {per: channel}}}",
            "model.norm.qk.a: a parameter needs its start, for example {start: 0.5, per: channel}"),
        List.of("{attn: dyt}", "model.norm.attn: dyt is a value; expected a group of keys"),
        List.of("{attn: {front: dyt}}",
            "model.norm.attn.front: unknown key. Valid keys here: pre, v, inner, branch, post"),
        List.of("{qkk: dyt}", "model.norm.qkk: unknown key; did you mean model.norm.qk?"
            + " Valid keys here: all, attn, mlp, final, qk, embedding, blocks"),
        List.of("{qk: {type: dyt, alhpa: 1}}", "model.norm.qk.alhpa: dyt has no such setting;"
            + " did you mean alpha? Settings of dyt: alpha, bias"),
        List.of("{qk: {type: rmsnorm, beta: 1}}", "model.norm.qk.beta: rmsnorm has no such setting."
            + " Settings of rmsnorm: eps, bias"),
        List.of("{qk: {type: none, bias: true}}", "model.norm.qk.bias: none has no such setting. It has none"),
        List.of("{qk: {type: dyt, alpha: big}}", "model.norm.qk.alpha: big is not a number; expected a finite number"),
        List.of("{qk: {type: gatednorm, rank: 2.5}}",
            "model.norm.qk.rank: 2.5 is not a whole number; expected 1 to 1024"),
        List.of("{qk: {type: dyt, alpha: .inf}}",
            "model.norm.qk.alpha: .inf is out of range; expected a finite number"),
        List.of("{qk: {type: dyisru, beta: 0}}", "model.norm.qk.beta: 0 is out of range; expected a number above 0"),
        List.of("{qk: {type: dyisru, parametrization: softmax}}", "model.norm.qk.parametrization: softmax is not known;"
            + " expected one of softplus, direct"),
        List.of("{qk: {type: dyisru, scale_sqrt_width: 1}}",
            "model.norm.qk.scale_sqrt_width: 1 is not a switch; expected true or false"),
        List.of("{blocks: {of: 0}}", "model.norm.blocks: a group of keys is not a list; expected [...]"),
        List.of("{blocks: [dyt]}", "model.norm.blocks[0]: dyt; expected {of: \"0-1\", attn.pre: layernorm}"),
        List.of("{blocks: [{attn.pre: dyt}]}",
            "model.norm.blocks[0]: 'of' is missing; expected the blocks it holds for, such as of: \"0-1\""),
        List.of("{blocks: [{of: 1}, {of: 4}]}",
            "model.norm.blocks[1].of: 4 is not a block; model.layers is 4, expected 0 to 3"),
        List.of("{blocks: [{of: 2-1}]}", "model.norm.blocks[0].of: 2-1 runs backwards; expected 1-2"),
        List.of("{blocks: [{of: -1}]}",
            "model.norm.blocks[0].of: -1 is not a set of blocks; expected \"3\", \"0-1\" or \"0,2,5-7\""),
        List.of("{blocks: [{of: all}]}",
            "model.norm.blocks[0].of: all is not a set of blocks; expected \"3\", \"0-1\" or \"0,2,5-7\""),
        List.of("{blocks: [{of: 0, attn.pro: dyt}]}",
            "model.norm.blocks[0].attn.pro: unknown key; did you mean model.norm.blocks[0].attn.pre? Valid keys here:"
                + " of, attn.pre, attn.v, attn.inner, attn.branch, attn.post, mlp.pre, mlp.inner, mlp.branch, mlp.post, attn, mlp"),
        List.of("{blocks: [{of: 0, attn.pre: dyt, attn: {pre: dyt}}]}",
            "model.norm.blocks[0].attn.pre: the slot is given twice, dotted and nested"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void aWrongSlotIsNamed(List<String> yamlAndMessage) {
    assertThatThrownBy(() -> norm(yamlAndMessage.get(0))).isInstanceOf(ConfigException.class)
        .hasMessage("x.yaml:2: " + yamlAndMessage.get(1));
  }
}

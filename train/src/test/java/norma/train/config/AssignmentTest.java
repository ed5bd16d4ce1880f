package norma.train.config;

import static norma.train.config.TestNorms.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import norma.models.Slot;
import norma.nn.NormSpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AssignmentTest {
  private static final String FILE = """
      model:
        norm:
          all: layernorm
          attn: {pre: {type: dyt, alpha: 0.8}, branch: rmsnorm}
          final: derf
          blocks:
            - {of: 3, mlp.pre: none}
      optim: {lr: 1e-2, eps: 1e-6}
      data: {corpus: a.txt}
      """;

  @Test
  void anAssignmentHasAuthorityOverTheFileAndTheLastOneWins() {
    RunConfig c = read(FILE, "optim.lr=5e-3", "optim.lr=2e-3", "optim.betas=[0.9,0.95]", "train.steps=7", "name=b");
    assertThat(c.optim().lr()).isEqualTo(2e-3);
    assertThat(c.optim().eps()).isEqualTo(1e-6);
    assertThat(c.optim().beta2()).isEqualTo(0.95);
    assertThat(c.train().steps()).isEqualTo(7);
    assertThat(c.name()).isEqualTo("b");
  }

  @Test
  void aGroupReplacesTheGroup() {
    assertThat(read(FILE, "optim={lr: 2e-3}").optim().eps()).isEqualTo(1e-8);
  }

  @Test
  void aCorpusCanBeReplacedKeyByKey() {
    RunConfig c = read(FILE, "data.corpus.url=https://a.b/c=d", "data.corpus.sha256='" + "0".repeat(64) + "'");
    assertThat(c.data().corpus()).isInstanceOf(RunConfig.Corpus.Download.class);
    assertThat(read(FILE, "data.corpus=builtin:shakes").data().corpus())
        .isEqualTo(new RunConfig.Corpus.Named("builtin:shakes"));
  }

  @Test
  void aSlotByNameDropsTheOldSettings() {
    assertThat(read(FILE, "model.norm.attn.pre=rmsnorm").model().norm().of(0, Slot.ATTN_PRE))
        .isEqualTo(NormSpec.of("rmsnorm"));
  }

  @Test
  void aSettingBelowASlotByNameIsAddedToIt() {
    assertThat(read("", "model.norm.all=dyt", "model.norm.all.alpha=2").model().norm().of(Slot.FINAL))
        .isEqualTo(new NormSpec("dyt", Map.of("alpha", 2.0)));
    assertThat(read(FILE, "model.norm.attn.pre.alpha=2").model().norm().of(0, Slot.ATTN_PRE))
        .isEqualTo(new NormSpec("dyt", Map.of("alpha", 2.0)));
  }

  @Test
  void allHasAuthorityOverTheFilesThreeSlotsAndNothingElse() {
    var norm = read(FILE, "model.norm.all=dyisru").model().norm();
    assertThat(norm.of(Slot.FINAL)).isEqualTo(NormSpec.of("dyisru"));
    assertThat(norm.of(0, Slot.ATTN_PRE)).isEqualTo(NormSpec.of("dyisru"));
    assertThat(norm.of(0, Slot.ATTN_BRANCH)).isEqualTo(NormSpec.of("rmsnorm"));
    assertThat(norm.of(0, Slot.MLP_PRE)).isEqualTo(NormSpec.of("dyisru"));
    assertThat(norm.of(3, Slot.MLP_PRE)).isEqualTo(NormSpec.NONE);
  }

  @Test
  void aFormulaTakesTheTypesPlaceAndATypeTheFormulas() {
    var formula = read("model: {norm: {all: layernorm, attn: {pre: rmsnorm}}}", "model.norm.all.y=weight * x").model()
        .norm();
    assertThat(formula.of(Slot.FINAL).isFormula()).isTrue();
    assertThat(formula.of(0, Slot.ATTN_PRE)).isEqualTo(formula.of(Slot.FINAL));
    var type = read("model: {norm: {all: {y: weight * x}}}", "model.norm.all.type=dyt").model().norm();
    assertThat(type.of(Slot.FINAL)).isEqualTo(NormSpec.of("dyt"));
  }

  @Test
  void allLeavesOtherAssignmentsAloneInAnyOrder() {
    var before = read(FILE, "model.norm.final=rmsnorm", "model.norm.all=dyisru").model().norm();
    var after = read(FILE, "model.norm.all=dyisru", "model.norm.final=rmsnorm").model().norm();
    assertThat(before).isEqualTo(after);
    assertThat(after.of(Slot.FINAL)).isEqualTo(NormSpec.of("rmsnorm"));
  }

  static Stream<List<String>> wrong() {
    return Stream.of(
        List.of("model.norm.all=dysru", "command line: model.norm.all=dysru: unknown norm type 'dysru';"
            + " did you mean dyisru? Known: " + TestNorms.NAMES),
        List.of("model.width=12.5",
            "command line: model.width=12.5: 12.5 is not a whole number; expected 1 to 65536"),
        List.of("model.width=130", "command line: model.heads is 4, which does not divide model.width 130"),
        List.of("optim.learning_rate=1",
            "command line: optim.learning_rate=1: unknown key; did you mean optim.lr? Valid"
                + " keys here: type, lr, min_lr, schedule, warmup_steps, decay_steps, cooldown_steps, betas, eps, momentum, weight_decay,"
                + " clip_norm, groups"),
        List.of("optm.lr=1", "command line: optm: unknown key; did you mean optim?"
            + " Valid keys here: name, data, model, optim, train, runtime, output"),
        List.of("optim.lr=", "command line: optim.lr=: no value; give one, or leave the key out"),
        List.of("optim.lr=null", "command line: optim.lr=null: no value; give one, or leave the key out"),
        List.of("optim.lr", "command line: 'optim.lr' is not a setting; expected key=value, such as optim.lr=3e-4"),
        List.of("=3", "command line: '' is not a path; expected keys with dots between them, such as optim.lr"),
        List.of("a..b=3", "command line: 'a..b' is not a path; expected keys with dots between them, such as optim.lr"),
        List.of("optim.lr.x=3", "command line: optim.lr: a group of keys is not a number;"
            + " expected 0 or more"),
        List.of("model.norm.attn.pre={type: dyt, alfa: 1}", "command line: model.norm.attn.pre.alfa=1:"
            + " dyt has no such setting; did you mean alpha? Settings of dyt: alpha, bias"),
        List.of("model.norm.mlp.pre.alpha=1", "command line: model.norm.mlp.pre:"
            + " a slot needs its type, for example {type: dyt, alpha: 0.8}"),
        List.of("model.norm.blocks.0.attn.pre=dyt", "command line: model.norm.blocks.0.attn.pre=dyt:"
            + " model.norm.blocks is a list; set it whole, model.norm.blocks=[...]"),
        List.of("optim.betas=[1,", "command line: optim.betas=[1,: not valid YAML: while parsing a flow node,"
            + " expected the node content, but found '<stream end>'"),
        List.of("name=*x",
            "command line: name=*x: an anchor or alias (& or *); expected the value itself, or text in quotes"),
        List.of("name=a\u0007b", "command line: name=a\\u0007b: not valid YAML: \\u0007 is not a printable character"));
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void aWrongAssignmentNamesTheCommandLine(List<String> assignmentAndMessage) {
    assertThatThrownBy(() -> read(FILE, assignmentAndMessage.get(0))).isInstanceOf(ConfigException.class)
        .hasMessage(assignmentAndMessage.get(1));
  }

  /// Any text at all is an assignment or one line.
  @Test
  void noTextFailsInAnotherWay() {
    String alphabet = "aelmnorpt..==1e-+[]{}:,&*!|>'\"%@` #~\\\t\n\0\uD800";
    Random random = new Random(3);
    for (int i = 0; i < 2000; i++) {
      StringBuilder text = new StringBuilder(random.nextBoolean() ? "model.norm.all=" : "");
      random.ints(random.nextInt(12), 0, alphabet.length()).forEach(at -> text.append(alphabet.charAt(at)));
      try {
        read(FILE, text.toString());
      } catch (ConfigException e) {
        assertThat(e).message().startsWith("command line: ").doesNotContainPattern("\\R");
      }
    }
  }

  @Test
  void anAssignmentFromAFileNamesItsLine() {
    Node.Mapping study = YamlReader.mapping("study.yaml", "variants:\n  a:\n    optim.lr: fast\n");
    Node.Mapping variants = (Node.Mapping) Objects.requireNonNull(study.get("variants"));
    Node.Mapping a = (Node.Mapping) Objects.requireNonNull(variants.get("a"));
    List<Assignment> assignments = a.entries().entrySet().stream()
        .map(e -> Assignment.of(e.getKey(), e.getValue().value())).toList();
    assertThatThrownBy(() -> TestNorms.reader().read("base.yaml", "", assignments))
        .hasMessage("study.yaml:3: optim.lr: fast is not a number; expected 0 or more");
  }
}

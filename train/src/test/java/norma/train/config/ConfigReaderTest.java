package norma.train.config;

import static norma.train.config.TestNorms.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.stream.Stream;
import norma.optim.Rule;
import norma.optim.Schedule.Shape;
import norma.autodiff.Parameter;
import norma.models.GptConfig;
import norma.train.files.HomeFolder;
import norma.train.files.Printable;
import norma.train.files.Tree;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigReaderTest {

  @Test
  void anEmptyFileIsTheDefaults() {
    assertThat(read("")).isEqualTo(RunConfig.DEFAULT);
    assertThat(read("# only a comment\n")).isEqualTo(RunConfig.DEFAULT);
    assertThat(read("---\nname: char-cpu\n...\n")).isEqualTo(RunConfig.DEFAULT);
    assertThat(read("\uFEFFname: char-cpu\n")).isEqualTo(RunConfig.DEFAULT);
  }

  @Test
  void everyFileInConfigsIsValidAndCharCpuIsTheDefaults() throws IOException {
    Path configs = Path.of("../configs");
    for (Path file : Tree.list(configs).stream().filter(f -> f.toString().endsWith(".yaml")).toList()) {
      RunConfig config = TestNorms.reader().read(file, List.of());
      assertThat(file).hasFileName(config.name() + ".yaml");
    }
    assertThat(TestNorms.reader().read(configs.resolve("char-cpu.yaml"), List.of())).isEqualTo(RunConfig.DEFAULT);
  }

  @Test
  void charGpuIsNanoGptsGpuSettings() {
    RunConfig gpu = TestNorms.reader().read(Path.of("../configs/char-gpu.yaml"), List.of());
    assertThat(gpu.model()).extracting(GptConfig::layers, GptConfig::heads, GptConfig::width, GptConfig::context,
        GptConfig::dropout, GptConfig::bias).containsExactly(6, 6, 384, 256, 0.2, false);
    assertThat(gpu.optim()).isEqualTo(
        new RunConfig.Optim(Rule.Type.ADAMW, 1e-3, 1e-4, Shape.COSINE, 100, 5000, 200, List.of(0.9, 0.99), 1e-8, 0.95,
            0.1, 1,
            List.of()));
    assertThat(gpu.train().steps()).isEqualTo(5000);
    assertThat(gpu.train().batch()).isEqualTo(64);
  }

  @ParameterizedTest
  @CsvSource({ "1e-3,0.001", "3e-4,3e-4", "1,1", "1.,1", ".5,0.5", "0x1,1", "1E-3,0.001", "+1e-03,0.001" })
  void numbersAreThoseOfYaml12(String text, double value) {
    assertThat(read("optim: {min_lr: 0, lr: " + text + "}").optim().lr()).isEqualTo(value);
  }

  @Test
  void everyKeyIsRead() {
    RunConfig c = read(
        """
            name: all_keys.1
            data: {corpus: {url: "https://example.org/a.txt", sha256: %s}, val_fraction: 0.25, train_fraction: 0.5, token: byte}
            model: {layers: 1, heads: 2, kv_heads: 1, width: 6, context: 5, positions: none, mlp_ratio: 3, bias: true, dropout: 0.5, activation: gelu,
                    mlp: gated, tie_embeddings: false, embedding_scale: learnable, logits: 30 * tanh(x / 30),
                    residual: {skip: (2 * layers)^0.25, branch: {start: 0, per: channel, decay: true}},
                    init: {std: 1 / sqrt(width), residual: plain}}
            optim: {type: sgd, lr: 2, min_lr: 1, schedule: wsd, warmup_steps: 3, decay_steps: 5, cooldown_steps: 2, betas: [0.5, 0], eps: 1,
                    momentum: 0.5, weight_decay: 7, clip_norm: 0, groups: [{of: "*.fc.*", weight_decay: 0},
                    {lr_factor: 30, of: tok_emb.weight, weight_decay: 1}]}
            train: {steps: 10, batch: 2, accumulate: 3, sync_every: 5, outer_lr: 0.25, outer_momentum: 0.5, seed: -4, log_every: 5, eval_every: 6, eval_batches: 7, eval_tokens: 99, sample_every: 8,
                    checkpoint_every: 9, keep_checkpoints: 10, on_nonfinite: rollback, layers_every: 11, norm_every: 12,
                    init_from: ../runs/a}
            runtime: {backend: nd4j, threads: 3, shards: 8, precision: fp64}
            output: {dir: a/b}
            """
            .formatted("AB".repeat(32)));
    assertThat(c.name()).isEqualTo("all_keys.1");
    assertThat(c.data()).isEqualTo(new RunConfig.Data(
        new RunConfig.Corpus.Download(URI.create("https://example.org/a.txt"), "ab".repeat(32)), 0.25, 0.5,
        RunConfig.Token.BYTE));
    assertThat(c.model()).isEqualTo(
        new GptConfig(1, 2, OptionalInt.of(1), 6, 5, GptConfig.Positions.NONE, 3, true, 0.5, GptConfig.Activation.GELU,
            GptConfig.MlpType.GATED, false, GptConfig.EmbeddingScale.LEARNABLE,
            new GptConfig.Residual(new GptConfig.Expression("(2 * layers)^0.25"),
                new GptConfig.Factor.Learned(new norma.nn.Learnable(0, true, false, false, true))),
            new GptConfig.Activation("30 * tanh(x / 30)"),
            new GptConfig.Init(new GptConfig.Expression("1 / sqrt(width)"), GptConfig.ResidualInit.PLAIN),
            norma.models.NormSlots.all(norma.nn.NormSpec.of("layernorm"), 1)));
    assertThat(c.optim())
        .isEqualTo(new RunConfig.Optim(Rule.Type.SGD, 2, 1, Shape.WSD, 3, 5, 2, List.of(0.5, 0.0), 1, 0.5, 7, 0,
            List.of(new ParameterGroup("*.fc.*", OptionalDouble.empty(), OptionalDouble.of(0)),
                new ParameterGroup("tok_emb.weight", OptionalDouble.of(30), OptionalDouble.of(1)))));
    assertThat(c.train())
        .isEqualTo(new RunConfig.Train(10, 2, 3, 5, 0.25, 0.5, -4, 5, 6, 7, OptionalInt.of(99), 8, 9, 10,
            RunConfig.OnNonfinite.ROLLBACK, 11, 12, Optional.of(Path.of("../runs/a"))));
    assertThat(c.runtime()).isEqualTo(
        new RunConfig.Runtime(RunConfig.BackendChoice.ND4J, OptionalInt.of(3), OptionalInt.of(8),
            RunConfig.Precision.FP64));
    assertThat(c.output().dir()).isEqualTo("a/b");
  }

  static Stream<List<String>> wrong() {
    return Stream.of(
        List.of("model: {width: 12.5}", "x.yaml:1: model.width: 12.5 is not a whole number; expected 1 to 65536"),
        List.of("model: {width: wide}", "x.yaml:1: model.width: wide is not a whole number; expected 1 to 65536"),
        List.of("model: {width: '128'}", "x.yaml:1: model.width: \"128\" is not a whole number; expected 1 to 65536"),
        List.of("model: {width: true}", "x.yaml:1: model.width: true is not a whole number; expected 1 to 65536"),
        List.of("model: {width: 0}", "x.yaml:1: model.width: 0 is out of range; expected 1 to 65536"),
        List.of("model: {width: }", "x.yaml:1: model.width: no value; give one, or leave the key out"),
        List.of("model: {width: ~}", "x.yaml:1: model.width: no value; give one, or leave the key out"),
        List.of("model: {width: [1]}", "x.yaml:1: model.width: a list is not a whole number; expected 1 to 65536"),
        List.of("model: {heads: 3}", "x.yaml:1: model.heads is 3, which does not divide model.width 128"),
        List.of("model: {kv_heads: 3}", "x.yaml:1: model.kv_heads is 3, which does not divide model.heads 4"),
        List.of("model: {kv_heads: all}",
            "x.yaml:1: model.kv_heads: all is not a whole number; expected 1 to 65536, or heads"),
        List.of("model: {width: 36, positions: rotary}",
            "x.yaml:1: model.positions is rotary, which turns pairs of channels, but "
                + "a head has model.width / model.heads = 9; expected an even number"),
        List.of("model:\n  layers: 2\n\n  width: 130",
            "x.yaml:1: model.heads is 4, which does not divide model.width 130"),
        List.of("model: {dropout: 1}",
            "x.yaml:1: model.dropout: 1 is out of range; expected a number from 0 to below 1"),
        List.of("model: {dropout: -0.1}",
            "x.yaml:1: model.dropout: -0.1 is out of range; expected a number from 0 to below 1"),
        List.of("model: {bias: yes}", "x.yaml:1: model.bias: yes is not a switch; expected true or false"),
        List.of("model: {bias: 'true'}", "x.yaml:1: model.bias: \"true\" is not a switch; expected true or false"),
        List.of("model: {bias: 1}", "x.yaml:1: model.bias: 1 is not a switch; expected true or false"),
        List.of("model: {embedding_scale: learnabel}", "x.yaml:1: model.embedding_scale: learnabel is not known;"
            + " did you mean learnable? Expected one of none, fixed, learnable"),
        List.of("model: {activation: 7}",
            "x.yaml:1: model.activation: 7 is not known; expected one of gelu, none, relu, relu2, silu"),
        List.of("model: {logits: 'tanh(x) * u'}",
            "x.yaml:1: model.logits: column 11 of \"tanh(x) * u\": u is no input here, only x"),
        List.of("model:\n  residual: {skip: 'dept + 1'}", "x.yaml:2: model.residual.skip is dept + 1 in block 0: "
            + "column 1 of \"dept + 1\": unknown name dept; nearest: depth"),
        List.of("model:\n  residual: {branch: {start: 0, positive: true}}",
            "x.yaml:2: model.residual.branch is positive and starts at 0.0; expected more than 0"),
        List.of("model:\n  layers: 4\n  residual:\n    branch: depth - 3",
            "x.yaml:4: model.residual.branch is depth - 3 in block 2: its value is 0.0; expected another number than 0"),
        List.of("model:\n  init: {std: 0}",
            "x.yaml:2: model.init.std is 0: its value is 0.0; expected a number above 0 and at most 10"),
        List.of("model:\n  width: 64\n  init: {std: width}",
            "x.yaml:3: model.init.std is width: its value is 64.0; expected a number above 0 and at most 10"),
        List.of("model:\n  init: {std: 1 / sqrt(layers)}", "x.yaml:2: model.init.std is 1 / sqrt(layers): "
            + "column 10 of \"1 / sqrt(layers)\": unknown name layers; known here: width"),
        List.of("model: {residual: {skip: true}}", "x.yaml:1: model.residual.skip: true is not text; expected a number,"
            + " a formula of depth and layers, or {start: NUMBER} (in quotes, \"true\" is text)"),
        List.of("model: {residual: {branch: {strat: 0}}}",
            "x.yaml:1: model.residual.branch: a parameter needs its start,"
                + " for example {start: 0.5, per: channel}"),
        List.of("model: {mlp: swiglu}",
            "x.yaml:1: model.mlp: swiglu is not known; expected one of plain, gated"),
        List.of("model: {activation: 'x * sigmiod(x)'}",
            "x.yaml:1: model.activation: column 5 of \"x * sigmiod(x)\": unknown name sigmiod; nearest: sigmoid"),
        List.of("model: 3", "x.yaml:1: model: 3 is a value; expected a group of keys"),
        List.of("model:", "x.yaml:1: model: no value; give one, or leave the key out"),
        List.of("train: {steps: 1e3}", "x.yaml:1: train.steps: 1e3 is not written as a whole number; write 1000"),
        List.of("train: {steps: 20.0}", "x.yaml:1: train.steps: 20.0 is not written as a whole number; write 20"),
        List.of("train: {steps: 0x10}", "x.yaml:1: train.steps: 0x10 is not written as a whole number; write 16"),
        List.of("train: {steps: 1e99}", "x.yaml:1: train.steps: 1e99 is out of range; expected 1 to 999999999"),
        List.of("train: {steps: 1099511627776}",
            "x.yaml:1: train.steps: 1099511627776 is out of range; expected 1 to 999999999"),
        List.of("train: {steps: .inf}", "x.yaml:1: train.steps: .inf is out of range; expected 1 to 999999999"),
        List.of("train: {steps: .nan}", "x.yaml:1: train.steps: .nan is not a whole number; expected 1 to 999999999"),
        List.of("train: {seed: 9223372036854775808}",
            "x.yaml:1: train.seed: 9223372036854775808 is out of range; expected a whole number of 64 bits"),
        List.of("optim: {lr: .nan}",
            "x.yaml:1: optim.lr: .nan is out of range; expected 0 or more"),
        List.of("optim: {lr: 1e400}", "x.yaml:1: optim.lr: 1e400 is out of range; expected 0 or more"),
        List.of("optim: {lr: 1e-400}", "x.yaml:1: optim.lr: 1e-400 is out of range; expected 0 or more"),
        List.of("optim: {lr: '1'}", "x.yaml:1: optim.lr: \"1\" is not a number; expected 0 or more"),
        List.of("optim: {lr: 1_000}", "x.yaml:1: optim.lr: 1_000 is not a number; expected 0 or more"),
        List.of("optim: {eps: 0}", "x.yaml:1: optim.eps: 0 is out of range; expected a number above 0"),
        List.of("optim:\n  lr: 1e-5\n  min_lr: 1e-3", "x.yaml:3: optim.min_lr is 0.001, above optim.lr 1e-5;"
            + " expected at most optim.lr, or schedule: constant"),
        List.of("optim:\n  warmup_steps: 3000",
            "x.yaml:1: optim.decay_steps is 2000, not above optim.warmup_steps 3000;"
                + " expected a later step, or schedule: constant"),
        List.of("optim:\n  schedule: wsd\n  cooldown_steps: 1901",
            "x.yaml:3: optim.cooldown_steps is 1901, more than the 1900 steps between optim.warmup_steps and"
                + " optim.decay_steps; expected at most that, or schedule: linear"),
        List.of("optim: {groups: {}}", "x.yaml:1: optim.groups: a group of keys is not a list; expected"
            + " [{of: \"*.alpha\", lr_factor: 30, weight_decay: 0.1}]"),
        List.of("optim: {groups: [{of: tok_emb.weight, lr: 3}]}",
            "x.yaml:1: optim.groups[0].lr: unknown key. Valid keys here: of, lr_factor, weight_decay"),
        List.of("optim: {groups: [{of: tok_emb.weight}]}", "x.yaml:1: optim.groups[0]: lr_factor and weight_decay are"
            + " missing; expected [{of: \"*.alpha\", lr_factor: 30, weight_decay: 0.1}]"),
        List.of("optim: {groups: [{lr_factor: 3}]}", "x.yaml:1: optim.groups[0]: of is missing; expected"
            + " [{of: \"*.alpha\", lr_factor: 30, weight_decay: 0.1}]"),
        List.of("optim:\n  groups:\n    - {of: \"*.weight\", lr_factor: 3}\n    - {of: \"*.wieght\", lr_factor: 3}",
            "x.yaml:2: optim.groups[1].of is '*.wieght', the name of no parameter; did you mean *.weight? Names:"
                + " tok_emb.weight, pos_emb.weight, blocks.*.attn.pre.weight, blocks.*.attn.qkv.weight,"
                + " blocks.*.attn.proj.weight, blocks.*.mlp.pre.weight, blocks.*.mlp.fc.weight,"
                + " blocks.*.mlp.proj.weight, final.weight"),
        List.of("optim: {betas: [0.9]}",
            "x.yaml:1: optim.betas: a list is not a list of 2 numbers; expected [0.9, 0.99]"),
        List.of("optim: {betas: 0.9}", "x.yaml:1: optim.betas: 0.9 is not a list of 2 numbers; expected [0.9, 0.99]"),
        List.of("optim: {betas: [0.9, 1]}",
            "x.yaml:1: optim.betas[1]: 1 is out of range; expected a number from 0 to below 1"),
        List.of("# a\n\noptim: {learning_rate: 1}", "x.yaml:3: optim.learning_rate: unknown key; did you mean optim.lr?"
            + " Valid keys here: type, lr, min_lr, schedule, warmup_steps, decay_steps, cooldown_steps, betas, eps, momentum,"
            + " weight_decay, clip_norm, groups"),
        List.of("data:\n  \"val\": 1", "x.yaml:2: data.val: unknown key; did you mean data.val_fraction?"
            + " Valid keys here: corpus, val_fraction, train_fraction, token"),
        List.of("lr: 3e-4", "x.yaml:1: lr: unknown key; did you mean optim.lr?"),
        List.of("data.corpus: a.txt",
            "x.yaml:1: data.corpus: unknown key; in a file it is written data: {corpus: ...}"),
        List.of("modle: {}", "x.yaml:1: modle: unknown key; did you mean model?"
            + " Valid keys here: name, data, model, optim, train, runtime, output"),
        List.of("zebra: {}",
            "x.yaml:1: zebra: unknown key. Valid keys here: name, data, model, optim, train, runtime, output"),
        List.of("train:\n  steps: 5\n  batch: 1\n  steps: 5",
            "x.yaml:4: train.steps: the key is given twice, first on line 2"),
        List.of("data: {val_fraction: 1}",
            "x.yaml:1: data.val_fraction: 1 is out of range; expected a number above 0 and below 1"),
        List.of("data: {corpus: 3}", "x.yaml:1: data.corpus: 3 is not text; expected builtin:NAME, a path,"
            + " or {url:, sha256:} (in quotes, \"3\" is text)"),
        List.of("data: {corpus: ''}", "x.yaml:1: data.corpus is ''; expected a path"),
        List.of("data: {corpus: {url: 'https://a.b'}}",
            "x.yaml:1: data.corpus: sha256 is missing; expected {url: https://..., sha256: ...}"),
        List.of("data: {corpus: {url: 'ftp://a.b', sha256: x}}",
            "x.yaml:1: data.corpus.url is 'ftp://a.b'; expected an https URL; of a local file, data.corpus is the path"),
        List.of("data: {corpus: {url: 'http://a.b', sha256: x}}",
            "x.yaml:1: data.corpus.url is 'http://a.b'; expected an https URL; of a local file, data.corpus is the path"),
        List.of("data: {corpus: {url: 'https:a', sha256: x}}",
            "x.yaml:1: data.corpus.url is 'https:a'; expected an https URL; of a local file, data.corpus is the path"),
        List.of("data: {corpus: {url: 'https://a b', sha256: x}}",
            "x.yaml:1: data.corpus.url is 'https://a b', not a URL: Illegal character in authority"),
        List.of("data: {corpus: {url: 'https://a.b', sha256: x}}",
            "x.yaml:1: data.corpus.sha256 is 'x'; expected 64 hexadecimal digits"),
        List.of("name: 2024", "x.yaml:1: name: 2024 is not text; expected text (in quotes, \"2024\" is text)"),
        List.of("name: a/b", "x.yaml:1: name is 'a/b'; expected letters, digits, '.', '_' and '-', at most 64,"
            + " a letter or digit first"),
        List.of("name: {}", "x.yaml:1: name: a group of keys; expected text"),
        List.of("runtime: {threads: 0}", "x.yaml:1: runtime.threads: 0 is out of range; expected 1 to 4096, or auto"),
        List.of("runtime: {threads: all}",
            "x.yaml:1: runtime.threads: all is not a whole number; expected 1 to 4096, or auto"),
        List.of("runtime: {backend: cpu, precision: tf32}",
            "x.yaml:1: runtime.precision is tf32, which the backend cpu does not have; expected fp32 or bf16, or runtime.backend cuda"),
        List.of("runtime: {backend: cuda, precision: fp64}",
            "x.yaml:1: runtime.precision is fp64, which the backend cuda does not have; expected fp32, tf32 or bf16, or runtime.backend nd4j"),
        List.of("runtime: {backend: cpu, precision: fp64}",
            "x.yaml:1: runtime.precision is fp64, which the backend cpu does not have; expected fp32 or bf16, or runtime.backend nd4j"),
        List.of("runtime: {backend: cudda}",
            "x.yaml:1: runtime.backend: cudda is not known; did you mean cuda? Expected one of auto, nd4j, cpu, cuda"));
  }

  @Test
  void ofTwoGroupsThatSayTheSameOfAParameterTheLaterWins() {
    RunConfig config = read(
        "optim: {weight_decay: 0.5, groups: [{of: 'blocks.*.w*t', lr_factor: 3, weight_decay: 0}, {of: '*.weight', lr_factor: 4},"
            + " {of: 'tok_emb.weight', weight_decay: 7}]}",
        "model.width=128");
    assertThat(
        List.of("blocks.b.weight", "blocks.weight", "blocks.b.w0t", "tok_emb.weight", "xblocks.b.w0t", "blocks.b.w0t1"))
        .extracting(
            name -> config.optim().rule(new Parameter(0, name, Parameter.Initial.constant(0), true, List.of(1, 1))))
        .containsExactly(rule(4, 0), rule(4, 0.5), rule(3, 0), rule(4, 7), rule(1, 0.5), rule(1, 0.5));
  }

  private static Rule rule(double lrFactor, double weightDecay) {
    return new Rule(Rule.Type.ADAMW, lrFactor, weightDecay);
  }

  @ParameterizedTest
  @MethodSource("wrong")
  void aWrongValueIsOneLineWithPlaceAndExpectation(List<String> yamlAndMessage) {
    assertThatThrownBy(() -> read(yamlAndMessage.get(0))).isInstanceOf(ConfigException.class)
        .hasMessage(yamlAndMessage.get(1));
  }

  @Test
  void aConfigurationRefusesWhatTheReaderRefuses() {
    RunConfig d = RunConfig.DEFAULT;
    assertThatThrownBy(() -> new RunConfig("a",
        new RunConfig.Data(new RunConfig.Corpus.Named("a"), Double.NaN, 1, RunConfig.Token.CHAR),
        d.model(), d.optim(), d.train(), d.runtime(), d.output())).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("data.val_fraction is NaN; expected a number above 0 and below 1");
    assertThatThrownBy(() -> d.withSteps(0)).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("train.steps is 0; expected 1 to 999999999");
    assertThatThrownBy(() -> d.with(OptionalInt.of(0))).isInstanceOf(IllegalArgumentException.class)
        .hasMessage("runtime.threads is 0; expected 1 to 4096, or auto");
    assertThatThrownBy(() -> new RunConfig.Output("a\0b", false)).isInstanceOf(IllegalArgumentException.class)
        .hasMessageEndingWith("; expected a path");
  }

  @Test
  void aTildeInAPathIsTheHomeFolder() {
    String home = HomeFolder.of(System.getenv());
    RunConfig c = read("{data: {corpus: ~/a b.txt}, output: {dir: ~/runs}}");
    assertThat(c.data().corpus()).isEqualTo(new RunConfig.Corpus.Named(home + "/a b.txt"));
    assertThat(c.output().dir()).isEqualTo(home + "/runs");
    assertThat(read("{data: {corpus: ~user/a.txt}, output: {dir: a/~}}").output().dir()).isEqualTo("a/~");
    assertThat(ConfigReader.beside(Path.of("/studies/x.yaml"), "~/base.yaml")).isEqualTo(Path.of(home, "base.yaml"));
    assertThat(ConfigReader.beside(Path.of("/studies/x.yaml"), "../base.yaml")).isEqualTo(Path.of("/base.yaml"));
  }

  @Test
  void allThatIsWrongIsSaidAtOnceALineEach() {
    assertThatThrownBy(() -> read("modle: {}\nmodel: {widht: 32, norm: {all: dty}}\noptim: {lr: -1, min_lr: x}\n"))
        .isInstanceOf(ConfigException.class).message()
        .satisfies(message -> assertThat(message.lines()).satisfiesExactly(
            line -> assertThat(line).startsWith("x.yaml:1: modle: unknown key"),
            line -> assertThat(line).startsWith("x.yaml:2: model.widht: unknown key"),
            line -> assertThat(line).startsWith("x.yaml:2: model.norm.all: unknown norm type 'dty'"),
            line -> assertThat(line).startsWith("x.yaml:3: optim.lr: -1 is out of range"),
            line -> assertThat(line).startsWith("x.yaml:3: optim.min_lr: x is not a number")));
    assertThatThrownBy(() -> read("optim: {min_lr: x}\nmodel: {norm: {all: dty}}\nmodle: {}\n")).message()
        .satisfies(message -> assertThat(message.lines()).as("in the order of the file")
            .extracting(line -> line.substring(0, 9)).containsExactly("x.yaml:1:", "x.yaml:2:", "x.yaml:3:"));
  }

  /// A joiner (Persian, emoji), a control character: nobody can see them, and a folder may have them all the same.
  @ParameterizedTest
  @ValueSource(strings = { "\u0645\u06CC\u200C\u0631\u0648\u0645", "\uD83D\uDC68\u200D\uD83D\uDC69", "a\u001B[2Jb",
      "line\nbreak" })
  void aPathNeedNotBePrintable(String path) {
    String written = RunConfigWriter.yaml(RunConfig.DEFAULT.placed("x", Path.of(path), OptionalInt.empty()));
    assertThat(written.codePoints().filter(c -> c != '\n')).allMatch(Printable::is);
    assertThat(read(written).output().dir()).isEqualTo(path);
  }

  @Test
  void aFileThatCannotBeReadIsNamed(@TempDir Path dir) throws IOException {
    Path missing = dir.resolve("missing.yaml");
    assertThatThrownBy(() -> TestNorms.reader().read(missing, List.of())).isInstanceOf(ConfigException.class)
        .hasMessage(missing + ": no such file");
    assertThatThrownBy(() -> TestNorms.reader().read(dir, List.of())).isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(dir + ": ");
    Path latin1 = Files.write(dir.resolve("latin1.yaml"), new byte[]{ 'a', (byte) 0xE9, ':' });
    assertThatThrownBy(() -> TestNorms.reader().read(latin1, List.of())).isInstanceOf(ConfigException.class)
        .hasMessage(latin1 + ": is not UTF-8 text");
    Path large = Files.write(dir.resolve("large.yaml"), new byte[(1 << 20) + 1]);
    assertThatThrownBy(() -> TestNorms.reader().read(large, List.of())).isInstanceOf(ConfigException.class)
        .hasMessage(large + ": is larger than 1 MiB; expected a configuration");
  }
}

package norma.train.config;

import static norma.train.config.TestNorms.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Random;
import norma.optim.Rule;
import norma.optim.Schedule.Shape;
import norma.models.GptConfig;
import norma.models.NormSlots;
import norma.models.BlockName;
import norma.models.Slot;
import norma.nn.NormSpec;
import norma.nn.NormType;
import norma.nn.Setting;
import norma.train.files.HomeFolder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunConfigWriterTest {
  private static final List<List<ParameterGroup>> GROUPS = List.of(List.of(),
      List.of(new ParameterGroup("*", OptionalDouble.of(0.5), OptionalDouble.empty()),
          new ParameterGroup("tok_emb.weight", OptionalDouble.of(30), OptionalDouble.of(1e-9))));

  @Test
  void theDefaultsAreWrittenAsInTheDocumentation() {
    assertThat(RunConfigWriter.yaml(RunConfig.DEFAULT)).isEqualTo("""
        name: char-cpu
        data:
          corpus: "builtin:dickens"
          val_fraction: 0.1
          train_fraction: 1.0
          token: char
        model:
          layers: 4
          heads: 4
          kv_heads: heads
          width: 128
          context: 64
          positions: learned
          mlp_ratio: 4
          bias: false
          dropout: 0.0
          activation: gelu
          mlp: plain
          tie_embeddings: true
          embedding_scale: none
          residual:
            skip: 1
            branch: 1
          logits: none
          init:
            std: 0.02
            residual: scaled
          norm:
            all: layernorm
        optim:
          type: adamw
          lr: 0.001
          min_lr: 0.0001
          schedule: cosine
          warmup_steps: 100
          decay_steps: 2000
          cooldown_steps: 200
          betas: [0.9, 0.99]
          eps: 1e-8
          momentum: 0.95
          weight_decay: 0.1
          clip_norm: 1.0
          groups: []
        train:
          steps: 2000
          batch: 12
          accumulate: 1
          sync_every: 1
          outer_lr: 0.7
          outer_momentum: 0.9
          seed: 1337
          log_every: 10
          eval_every: 250
          eval_batches: 20
          eval_tokens: all
          sample_every: 0
          checkpoint_every: 500
          keep_checkpoints: 2
          on_nonfinite: stop
          layers_every: 250
          norm_every: 250
          init_from: none
        runtime:
          backend: auto
          threads: auto
          shards: auto
          precision: fp32
        output:
          dir: runs
          tensorboard: false
        """);
  }

  @Test
  void slotsAreWrittenAsShortlyAsStaysExact() {
    RunConfig config = read("", "model.norm={attn: {pre: {type: dyt, alpha: 0.8}}, mlp: {post: rmsnorm}, qk: derf,"
        + " blocks: [{of: '0-1,3', mlp.pre: dyt}, {of: 2, attn.branch: none, attn.pre: none}]}");
    assertThat(RunConfigWriter.yaml(config)).contains("  norm:\n" + """
            attn: {pre: {type: dyt, alpha: 0.8}}
            mlp: {pre: dyt, post: rmsnorm}
            final: layernorm
            qk: derf
            blocks:
              - {of: "2", attn.pre: none, mlp.pre: layernorm}
        """.indent(0) + "optim:");
  }

  @ParameterizedTest
  @CsvSource({ "0.001,0.001", "1.0E-4,0.0001", "1.0E-8,1e-8", "2.5E-7,2.5e-7", "-3.0E-5,-3e-5", "1.0,1.0",
      "1234567.5,1234567.5",
      "1.0E7,1e7", "1.7976931348623157E308,1.7976931348623157e308", "4.9E-324,4.9e-324", "-0.0,-0.0", "0.1,0.1" })
  void numbersReadWell(double value, String text) {
    assertThat(YamlText.of(value)).isEqualTo(text);
  }

  @Test
  void numbersRoundTrip() {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      double value = i % 2 == 0 ? Double.longBitsToDouble(random.nextLong()) : random.nextGaussian() * 1e-3;
      if (Double.isFinite(value)) {
        String text = YamlText.of(value);
        assertThat(Double.parseDouble(text)).isEqualTo(value);
        assertThat(YamlText.isNumber(new Node.Scalar(Location.COMMAND_LINE, text, true))).isTrue();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = { "plain", "null", "true", "1", "1e3", "a b", "it's", "quote\"d", "back\\slash", "a: b", "#x",
      "ünï",
      "日本", "\uD83D\uDE00", " lead", "{x}", "*a", "builtin:dickens", "C:\\data\\x.txt", "-", "~", ".inf" })
  void textRoundTrips(String text) {
    assertThat(read("output: {dir: " + YamlText.of(text) + "}").output().dir())
        .isEqualTo(HomeFolder.resolve(text)); // a tilde is the home folder
  }

  @Test
  void whatIsWrittenReadsBackEqual() {
    Random random = new Random(42);
    for (int i = 0; i < 50; i++) {
      RunConfig config = random(random);
      String yaml = RunConfigWriter.yaml(config);
      RunConfig back = read(yaml);
      assertThat(back).as(yaml).isEqualTo(config);
      assertThat(RunConfigWriter.yaml(back)).isEqualTo(yaml);
      assertThat(RunConfigWriter.differences(config, back)).isEmpty();
      RunConfig other = random(random);
      assertThat(RunConfigWriter.differences(config, other)).isNotEmpty();
    }
  }

  @Test
  void differencesNameThePathAndBothValues() {
    assertThat(RunConfigWriter.differences(RunConfig.DEFAULT, read("", "optim.lr=3e-4", "name=b")))
        .extracting(Object::toString).containsExactly("Difference[path=name, left=char-cpu, right=b]",
            "Difference[path=optim.lr, left=0.001, right=0.0003]");
    assertThat(RunConfigWriter.differences(RunConfig.DEFAULT, read("", "model.norm.all=dyt")))
        .containsExactly(new RunConfigWriter.Difference("model.norm.all", "layernorm", "dyt"));
    assertThat(RunConfigWriter.differences(RunConfig.DEFAULT, read("", "model.norm.all=dyt", "model.norm.final=derf")))
        .containsExactly(new RunConfigWriter.Difference("model.norm.attn.pre", "layernorm", "dyt"),
            new RunConfigWriter.Difference("model.norm.mlp.pre", "layernorm", "dyt"),
            new RunConfigWriter.Difference("model.norm.final", "layernorm", "derf"));
    assertThat(RunConfigWriter.differences(read("", "model.norm.blocks=[{of: 2, attn.pre: none}]"), RunConfig.DEFAULT))
        .containsExactly(new RunConfigWriter.Difference("model.norm.blocks.2.attn.pre", "none", "layernorm"));
  }

  @Test
  void flatPathsAreComplete() {
    Map<String, String> flat = RunConfigWriter.flatten(RunConfig.DEFAULT);
    int keys = (int) ConfigKey.all().filter(key -> !key.path().startsWith("model.norm.")).count();
    assertThat(flat).hasSize(keys + Slot.values().length).containsEntry("train.steps", "2000")
        .containsEntry("optim.betas", "[0.9, 0.99]")
        .containsEntry("model.norm.final", "layernorm").containsEntry("data.corpus", "\"builtin:dickens\"");
  }

  private static RunConfig random(Random r) {
    int layers = 1 + r.nextInt(8);
    int heads = 1 + r.nextInt(4);
    RunConfig.Corpus corpus = r.nextBoolean()
        ? new RunConfig.Corpus.Named(pick(r, List.of("builtin:dickens", "a b.txt", "1", "null", "data/ü.txt")))
        : new RunConfig.Corpus.Download(URI.create("https://example.org/a?b=%20" + r.nextInt(9)),
            String.format(Locale.ROOT, "%064x", r.nextLong()));
    double lr = Math.abs(r.nextGaussian());
    int warmup = r.nextInt(1000);
    return new RunConfig("run-" + r.nextInt(100),
        new RunConfig.Data(corpus, 0.01 + 0.9 * r.nextDouble(), 1 - r.nextDouble(),
            pick(r, List.of(RunConfig.Token.values()))),
        new GptConfig(layers, heads, r.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(1),
            heads * 2 * (1 + r.nextInt(64)), 1 + r.nextInt(512),
            pick(r, List.of(GptConfig.Positions.values())), 1 + r.nextInt(8), r.nextBoolean(),
            r.nextDouble(), GptConfig.Activation.GELU, pick(r, List.of(GptConfig.MlpType.values())),
            r.nextBoolean(), pick(r, List.of(GptConfig.EmbeddingScale.values())),
            new GptConfig.Residual(factor(r), factor(r)),
            pick(r, List.of(GptConfig.Activation.NONE, new GptConfig.Activation("15 * atan(x / 15)"))),
            new GptConfig.Init(
                new GptConfig.Expression(r.nextBoolean() ? YamlText.of(10 * (1 - r.nextDouble())) : "2 / width"),
                pick(r, List.of(GptConfig.ResidualInit.values()))),
            slots(r, layers)),
        new RunConfig.Optim(pick(r, List.of(Rule.Type.values())), lr, lr * r.nextDouble(),
            pick(r, List.of(Shape.values())), warmup,
            warmup + 100 + r.nextInt(1000), 1 + r.nextInt(100), List.of(r.nextDouble(), r.nextDouble()),
            Math.pow(10, -12 * r.nextDouble()),
            r.nextDouble(), r.nextDouble(), r.nextInt(2), pick(r, GROUPS)),
        new RunConfig.Train(3 * (1 + r.nextInt(9999)), 1 + r.nextInt(99), 1 + r.nextInt(9), 1 + 2 * r.nextInt(2),
            1 - r.nextDouble(), r.nextDouble(), r.nextLong(), r.nextInt(99),
            r.nextInt(99), 1 + r.nextInt(99),
            r.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(512 + r.nextInt(99)), r.nextInt(99), r.nextInt(99),
            1 + r.nextInt(9), pick(r, List.of(RunConfig.OnNonfinite.values())), r.nextInt(99), r.nextInt(99),
            r.nextBoolean() ? Optional.empty() : Optional.of(Path.of(pick(r, List.of("/runs/a b", "./none", "1"))))),
        new RunConfig.Runtime(pick(r, List.of(RunConfig.BackendChoice.AUTO, RunConfig.BackendChoice.ND4J)),
            r.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(1 + r.nextInt(64)),
            r.nextBoolean() ? OptionalInt.empty() : OptionalInt.of(1 + r.nextInt(64)),
            pick(r, List.of(RunConfig.Precision.FP32, RunConfig.Precision.FP64))),
        new RunConfig.Output(pick(r, List.of("runs", "/tmp/a b", "true", "./x")), r.nextBoolean()));
  }

  private static GptConfig.Factor factor(Random r) {
    String number = YamlText.of(1 + r.nextDouble());
    return r.nextBoolean()
        ? new GptConfig.Expression(pick(r, List.of("1", "-3", number, "(2 * layers)^0.25", "1 / sqrt(2 * depth)")))
        : new GptConfig.Factor.Learned(
            new norma.nn.Learnable(r.nextGaussian(), r.nextBoolean(), false, false, r.nextBoolean()));
  }

  private static NormSlots slots(Random r, int layers) {
    NormSpec pre = spec(r);
    NormSlots slots = NormSlots.all(pre, layers);
    for (Slot slot : Slot.values()) {
      if (slot == Slot.QK || r.nextInt(3) > 0) {
        continue;
      }
      for (int i = 0; i < layers; i++) {
        String name = new BlockName(slot.path(), slot.sublayer().isEmpty() ? -1 : i).toString();
        slots = r.nextInt(3) > 0 ? slots : slots.with(name, r.nextBoolean() ? pre : spec(r));
      }
    }
    Map<Slot, NormSpec> outside = new EnumMap<>(slots.outside());
    outside.put(Slot.QK, r.nextBoolean() ? NormSpec.NONE : spec(r));
    return new NormSlots(outside, slots.blocks());
  }

  private static NormSpec spec(Random r) {
    NormType type = pick(r, TestNorms.ALL);
    Map<String, Object> settings = new LinkedHashMap<>();
    for (Setting setting : type.settings()) {
      if (r.nextInt(3) == 0) {
        settings.put(setting.name(), switch (setting) {
          case Setting.Number _ -> r.nextDouble() + 1e-9;
          case Setting.Count count -> 1 + r.nextInt(count.max());
          case Setting.Flag _ -> r.nextBoolean();
          case Setting.Choice choice -> pick(r, choice.choices());
        });
      }
    }
    return new NormSpec(type.name(), settings);
  }

  private static <T> T pick(Random r, List<T> values) {
    return values.get(r.nextInt(values.size()));
  }
}

package norma.train.export;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import norma.train.cli.Outcome;
import norma.train.config.ConfigException;
import norma.train.data.DataException;
import norma.train.files.Tree;
import norma.train.run.Logits;
import norma.train.run.Runs;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelImportTest {
  private static final int[] IDS = { 3, 1, 4, 1, 5, 9, 2, 6, 5 };

  @TempDir
  private static Path folder;
  private static Path text;
  private static Path plain;
  private static Path biased;
  private static Path bytes;
  private static Path ofPlain;

  @BeforeAll
  static void train() throws IOException {
    text = Files.writeString(folder.resolve("text.txt"), "The quick brown fox, jumping over 13 lazy dogs;\n"
        .repeat(30));
    plain = train("plain");
    ofPlain = exported(plain, "exported");
    biased = train("biased", "model.bias=true", "model.norm.all={type: layernorm, eps: 1e-3}",
        "model.tie_embeddings=false", "model.activation='" + Gpt2.ACTIVATIONS.get("gelu_new") + "'");
    bytes = train("bytes", "data.token=byte", "model.activation=relu");
  }

  private static Path train(String name, String... settings) throws IOException {
    List<String> command = new ArrayList<>(List.of("train", "data.corpus='" + text + "'", "output.dir='"
        + folder.resolve(name) + "'", "model.layers=2", "model.heads=4", "model.width=16", "model.context=20",
        "train.steps=10", "train.batch=2", "train.eval_batches=1", "optim.warmup_steps=0", "optim.lr=0.03"));
    command.addAll(List.of(settings));
    return made(folder.resolve(name), command);
  }

  /// The one run that a command makes in a folder.
  private static Path made(Path runs, List<String> command) throws IOException {
    Outcome.ok(command);
    return Tree.list(runs).getFirst();
  }

  private static Path exported(Path run, String to) {
    Path hf = folder.resolve(to);
    Outcome.ok("export", run.toString(), "--to", "hf", "--out", hf.toString());
    return hf;
  }

  private static List<String> command(Path model, Path runs, String... more) {
    List<String> command = new ArrayList<>(List.of("import", model.toString(), "output.dir='" + runs + "'"));
    command.addAll(List.of(more));
    return command;
  }

  private static String ok(String... command) {
    Outcome outcome = Outcome.of(command);
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.err()).isEmpty();
    return outcome.out();
  }

  @Test
  void whatWasExportedComesBackWithTheSameLogits() throws Exception {
    int i = 0;
    for (Path run : List.of(plain, biased, bytes)) {
      Path runs = folder.resolve("back" + i++);
      Path back = made(runs, command(exported(run, "hf" + i), runs, "data.corpus='" + text + "'"));
      assertThat(Logits.of(back, IDS)).isEqualTo(Logits.of(run, IDS));
    }
  }

  @Test
  void anImportedRunIsSampledEvaluatedInspectedListedTrainedAndExported() throws Exception {
    Path runs = folder.resolve("used");
    Path run = made(runs, command(exported(biased, "mine"), runs, "data.corpus='" + text + "'"));
    assertThat(run.getFileName().toString()).startsWith("mine-");
    String name = run.toString();
    assertThat(ok("sample", name, "--tokens", "20", "--prompt", "The "))
        .isEqualTo(ok("sample", biased.toString(), "--tokens", "20", "--prompt", "The "));
    String evaluated = ok("eval", name).replaceFirst(".*: ", "");
    assertThat(evaluated).isEqualTo(ok("eval", biased.toString()).replaceFirst(".*: ", ""));
    assertThat(ok("inspect", name)).contains("blocks.1.mlp.pre", "step 0");
    assertThat(ok("ls", runs.toString())).contains("mine-", "imported", "0/2000");
    assertThat(ok("report", name)).contains("report.html");
    Path tuned = made(folder.resolve("tuned"), List.of("train", "--init-from", name, "train.steps=2", "output.dir='"
        + folder.resolve("tuned") + "'", "optim.warmup_steps=0"));
    assertThat(ok("eval", tuned.toString())).contains("step 2");
    assertThat(ok("train", "--resume", name, "train.steps=2")).contains("completed at step 2");
    assertThat(exported(run, "again")).isNotEmptyDirectory();
  }

  /// As nanoGPT's `ckpt.pt` has them: (out, in), under torch.compile's prefix, the head twice, without a mask of its own.
  private static Path nanoGpt(Path run, String to) throws IOException {
    Map<String, Tensor> nano = new LinkedHashMap<>();
    Safetensors.read(run.resolve("checkpoints/step-0000010/model.safetensors"))
        .forEach((name, tensor) -> nano.put("_orig_mod." + Gpt2.name(name), tensor));
    nano.putIfAbsent("_orig_mod.lm_head.weight", Objects.requireNonNull(nano.get("_orig_mod.transformer.wte.weight")));
    nano.put("_orig_mod.transformer.h.0.attn.bias", new Tensor(new int[]{ 1, 1, 2, 2 }, new float[4]));
    Path file = Files.createDirectories(folder.resolve(to)).resolve("model.safetensors");
    Safetensors.write(file, nano, Map.of());
    return file;
  }

  @Test
  void aNanoGptNeedsItsTextAndItsHeads() throws Exception {
    Path file = nanoGpt(plain, "nano");
    Path runs = folder.resolve("nanos");
    Outcome.of(command(file, runs, "--vocabulary", text.toString())).refused(2, "give model.heads=N");
    Path run = made(runs, command(file, runs, "--vocabulary", text.toString(), "model.heads=4", "--name", "nano"));
    assertThat(run.getFileName().toString()).startsWith("nano-");
    assertThat(run.resolve("config.yaml")).content().contains("corpus: \"" + text);
    assertThat(Logits.of(run, IDS)).isEqualTo(Logits.of(plain, IDS));
    Files.writeString(file.resolveSibling("config.json"), "{\"n_head\": 4, \"n_layer\": 2, \"dropout\": 0.0}");
    Path list = Files.copy(plain.resolve("checkpoints/step-0000010/vocab.json"), folder.resolve("characters.json"));
    Path second = folder.resolve("second");
    assertThat(Logits.of(made(second, command(folder.resolve("nano"), second, "--vocabulary", list.toString(),
        "data.corpus='" + text + "'")), IDS)).isEqualTo(Logits.of(plain, IDS));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "3 | hf: no such file or folder | rm", "3 | has no model.safetensors; expected | rm model.safetensors",
      "3 | ckpt.pt is a pickle, which can run code | pickle", "3 | pytorch_model.bin is a pickle | pickles",
      "3 | names of GPT-2 or nanoGPT | tensor wpe.weight=rope", "3 | no matrix transformer.wpe.weight | drop wpe",
      "3 | no tensor blocks.1.mlp.pre.weight; the configuration asks for shape [16] | drop h.1.ln_2.weight",
      "3 | two tensors for wte.weight | tensor x=wte.weight", "3 | too short for a header | model.safetensors ",
      "3 | has model_type \"llama\"; expected gpt2 | \"gpt2\"->\"llama\"",
      "3 | has n_head \"4\"; expected a whole number | \"n_head\" : 4->\"n_head\" : \"4\"",
      "2 | model.heads is 5, which does not divide | \"n_head\" : 4->\"n_head\" : 5",
      "3 | has activation_function swish; expected one of [gelu, gelu_new, relu, silu] | \"gelu\"->\"swish\"",
      "3 | layer_norm_epsilon -1 | 1.0E-5->-1", "3 | config.json is not JSON | {->[[",
      "3 | tokenizer of type BPE; Norma's tokens are characters or bytes | t \"WordLevel\"->\"BPE\"",
      "3 | has a token T with the number 77777777 | t \"T\" : 6->\"T\" : 77777777",
      "3 | does not number its characters in their order | t \"T\" : 6->\"T\" : 9",
      "3 | does not number its characters in their order | t \"T\" : 6->\"T\" : 6, \"\u00e9\" : 6",
      "3 | tokenizer.json is not JSON: Broken surrogate pair | t \"T\"->\"\\ud800\"",
      "3 | tokenizer.json is not JSON: Unexpected low surrogate | t \"T\"->\"\\udc00\"",
      "3 | has 32 tokens, and nothing says which; expected --vocabulary | rm tokenizer.json",
      "3 | 'é' (U+00E9) not in the vocabulary of 32 characters: use only characters of the training corpus; data.corpus=FILE | data.corpus=é",
      "2 | name is '../x'; expected letters | --name ../x", "3 | a file with this name is in the way | output.dir" })
  void whatIsWrongIsOneLineAndLeavesNothing(int code, String message, String damage) throws Exception {
    Path hf = folder.resolve("hf");
    Path runs = folder.resolve("none");
    Tree.delete(hf);
    Tree.delete(runs);
    Outcome.of(damaged(Runs.copy(ofPlain, hf), runs, damage)).refused(code, message);
    assertThat(runs).satisfiesAnyOf(place -> assertThat(place).doesNotExist(),
        place -> assertThat(place).isRegularFile());
    Files.deleteIfExists(runs);
  }

  private static List<String> damaged(Path hf, Path runs, String damage) throws IOException {
    String[] words = damage.split(" ", 2);
    Path weights = hf.resolve("model.safetensors");
    Path corpus = text;
    List<String> more = new ArrayList<>();
    switch (words[0]) {
      case "rm" -> {
        if (words.length == 1) {
          Tree.delete(hf);
        } else {
          Files.delete(hf.resolve(words[1]));
        }
      }
      case "pickle" -> Files.move(weights, hf.resolve("ckpt.pt"));
      case "pickles" -> {
        Files.copy(weights, hf.resolve("optimizer.pt"));
        Files.move(weights, hf.resolve("pytorch_model.bin"));
      }
      case "tensor", "drop" -> {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Safetensors.read(weights).forEach((name, tensor) -> {
          if (words[0].equals("tensor")) {
            String[] names = words[1].split("=", 2);
            tensors.put(name.replace(names[0], names[1]), tensor);
            tensors.putIfAbsent(names[1], new Tensor(new int[0], new float[1]));
          } else if (!name.contains(words[1])) {
            tensors.put(name, tensor);
          }
        });
        Files.delete(weights);
        Safetensors.write(weights, tensors, Map.of());
      }
      case "model.safetensors" -> Files.writeString(weights, "x");
      case "--name" -> more.addAll(List.of(words));
      case "output.dir" -> Files.writeString(runs, "");
      case "data.corpus=é" -> corpus = Files.writeString(folder.resolve("other.txt"), "é and e\n".repeat(100));
      default -> {
        Path file = hf.resolve(words[0].equals("t") ? "tokenizer.json" : "config.json");
        String[] change = (words[0].equals("t") ? words[1] : damage).split("->", 2);
        String before = Files.readString(file);
        assertThat(before).contains(change[0]);
        Files.writeString(file, before.replaceFirst(java.util.regex.Pattern.quote(change[0]),
            java.util.regex.Matcher.quoteReplacement(change[1])));
      }
    }
    more.add("data.corpus='" + corpus + "'");
    return command(hf, runs, more.toArray(String[]::new));
  }

  /// Any byte of the two JSON files may be another, or missing.
  @Test
  void damagedJsonIsReadOrRefused() throws Exception {
    Path hf = exported(bytes, "fuzzed");
    Random random = new Random(3);
    for (String name : List.of("config.json", "tokenizer.json")) {
      byte[] whole = Files.readAllBytes(hf.resolve(name));
      for (int i = 0; i < 150; i++) {
        byte[] damaged = random.nextInt(4) == 0 ? Arrays.copyOf(whole, random.nextInt(whole.length)) : whole.clone();
        for (int k = random.nextInt(3); k >= 0 && damaged.length > 0; k--) {
          damaged[random.nextInt(damaged.length)] = (byte) (random.nextBoolean()
              ? "{}[]\",:0-9e\\u".charAt(random.nextInt(
                  13))
              : random.nextInt(256));
        }
        Files.write(hf.resolve(name), damaged);
        try {
          if (name.equals("config.json")) {
            assertThat(ForeignModel.read(hf, false).vocabulary()).isEqualTo(256);
          } else {
            assertThat(CharTokenizer.read(hf.resolve(name)).size()).isPositive();
          }
        } catch (DataException | ConfigException e) {
          assertThat(e.getMessage()).hasLineCount(1).contains(name);
        }
      }
      Files.write(hf.resolve(name), whole);
    }
  }
}

package norma.train.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import norma.train.files.Printable;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class HostileYamlTest {

  static Stream<List<String>> hostile() {
    return Stream.of(
        List.of("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]", "x.yaml:1: a: an anchor or alias (& or *)"),
        List.of("name: *other", "x.yaml:1: name: an anchor or alias"),
        List.of("model: &m {<<: *m}", "x.yaml:1: model: an anchor or alias"),
        List.of("name: !!java.net.URL [\"http://example.org\"]",
            "x.yaml:1: name: a tag (tag:yaml.org,2002:java.net.URL)"),
        List.of("name: !!javax.script.ScriptEngineManager {}", "x.yaml:1: name: a tag ("),
        List.of("!!java.lang.Object {}", "x.yaml:1: a tag ("),
        List.of("train: {steps: !!int '5'}", "x.yaml:1: train.steps: a tag (tag:yaml.org,2002:int)"),
        List.of("name: ! x", "x.yaml:1: name: a tag (!)"),
        List.of("!x name: y", "x.yaml:1: a tag (!x)"),
        List.of("name: a\n---\nname: b", "x.yaml:2: a second document; expected one"),
        List.of("[".repeat(10_000), "x.yaml:1: nested more than 16 levels deep"),
        List.of("{a: ".repeat(10_000), "x.yaml:1: nested more than 16 levels deep"),
        List.of("- ".repeat(10_000), "x.yaml:1: nested more than 16 levels deep"),
        List.of("? ".repeat(10_000), "x.yaml:1: a list or a group of keys as a key"),
        List.of("[a, b]: c", "x.yaml:1: a list or a group of keys as a key; expected a word"),
        List.of("train:\n  steps: " + "9".repeat(900_000), "x.yaml:2: train.steps: 999999"),
        List.of("optim:\n  lr: " + "9".repeat(900_000), "x.yaml:2: optim.lr: 999999"),
        List.of("optim:\n  lr: 0x" + "f".repeat(900_000), "x.yaml:2: optim.lr: 0xffff"),
        List.of("optim: {lr: 1e999999999999}", "x.yaml:1: optim.lr: 1e999999999999 is out of range"),
        List.of("train: {steps: 1e-999999999}", "x.yaml:1: train.steps: "),
        List.of("name: \"" + "x".repeat(900_000) + "\"", "x.yaml:1: name is 'xxxx"),
        List.of("x".repeat(900_000) + ": 1", "x.yaml:"),
        List.of("? " + "x".repeat(900_000) + "\n: 1", "x.yaml:1: xxxx"),
        List.of("a".repeat(1 << 21), "x.yaml: is larger than 1 MiB"),
        List.of("name: a\nmodel: \0", "x.yaml:2: not valid YAML: \\u0000 is not a printable character"),
        List.of("name:\n\tx: 1", "x.yaml:2: not valid YAML: "),
        List.of("\tname: x", "x.yaml:1: not valid YAML: "), List.of("name: x\n y: z: w", "x.yaml:2: not valid YAML: "),
        List.of("model: {layers: 2", "x.yaml:1: not valid YAML: "),
        List.of("%YAML 2.0\n---\nname: x", "x.yaml: not valid YAML: "),
        List.of("name: \"\\UFFFFFFFF\"", "x.yaml: not valid YAML: an escape that is not a character"),
        List.of("name: \"\\U00110000\"", "x.yaml:1: not valid YAML: "),
        List.of("name: \"\\xZZ\"", "x.yaml:1: "),
        List.of("%TAG ! tag:x,2000:\n---\nname: !a x", "x.yaml:3: name: a tag"),
        List.of("name: \"\\uD800\"", "x.yaml:1: "), List.of("name: \"a\\u2028b\"", "x.yaml:1: name is 'a\\u2028b'"),
        List.of("\"a\\nb\": 1", "x.yaml:1: a\\u000Ab: unknown key."),
        List.of("just text", "x.yaml:1: just text is not a configuration"),
        List.of("- a", "x.yaml:1: a list is not a configuration"), List.of("~", "x.yaml:1: ~ is not a configuration"),
        List.of("@name: x", "x.yaml:1: not valid YAML: "), List.of("<<: {name: x}", "x.yaml:1: <<: unknown key."));
  }

  @ParameterizedTest
  @MethodSource("hostile")
  void hostileInputIsOneLine(List<String> yamlAndStart) {
    assertThatThrownBy(() -> TestNorms.read(yamlAndStart.get(0))).isInstanceOf(ConfigException.class).message()
        .startsWith(yamlAndStart.get(1)).doesNotContain("\n").hasSizeLessThan(600);
  }

  /// 2,000 damaged copies of a valid file: each is either still valid, or one line.
  @Test
  void damagedFilesNeverFailInAnotherWay() {
    String valid = RunConfigWriter.yaml(TestNorms.read("data: {corpus: {url: 'https://a.b/c', sha256: "
        + "ab".repeat(32) + "}}", "model.norm.all={type: dyisru, beta: 2}",
        "model.norm.blocks=[{of: '0,2-3', attn.pre: {type: dyt, alpha: 1e-7}}]"));
    String alphabet = "0123456789aez-+.,:;#&*!|>'\"%@`[]{}()<>~\\/ \t\n\r\0\u0085\u2028\uFEFF\uD800é";
    Random random = new Random(20250101);
    int refused = 0;
    for (int i = 0; i < 2000; i++) {
      StringBuilder damaged = new StringBuilder(valid);
      for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
        int at = random.nextInt(damaged.length());
        char c = alphabet.charAt(random.nextInt(alphabet.length()));
        switch (random.nextInt(4)) {
          case 0 -> damaged.insert(at, c);
          case 1 -> damaged.setCharAt(at, c);
          case 2 -> damaged.delete(at, Math.min(damaged.length(), at + 1 + random.nextInt(20)));
          default -> damaged.insert(at, damaged.substring(random.nextInt(at + 1), at));
        }
      }
      try {
        TestNorms.read(damaged.toString());
      } catch (ConfigException e) {
        refused++;
        assertThat(String.valueOf(e.getMessage()).split("\n", -1)).allMatch(line -> line.startsWith("x.yaml")
            && line.codePoints().allMatch(Printable::is));
      }
    }
    assertThat(refused).isGreaterThan(1000);
  }
}

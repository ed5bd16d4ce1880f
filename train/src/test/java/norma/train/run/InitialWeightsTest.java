package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import norma.autodiff.ParameterBuffer;
import norma.train.config.RunConfig;
import norma.weights.Safetensors;
import norma.weights.Safetensors.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `train.init_from`: what a new run has from a trained one.
class InitialWeightsTest {
  @TempDir
  private Path folder;

  private Path trained;

  @BeforeEach
  void train() {
    trained = Runs.trained(folder, -1);
  }

  private RunConfig from(Path weights, String... settings) {
    return Runs.config(folder, Runs.with(settings, "train.init_from='" + weights + "'"));
  }

  private static Session start(RunConfig config) {
    return Session.start(config, true);
  }

  private static double[] numbers(Session session, String name) {
    return session.backend().read(session.weights().of(Runs.parameter(session, name)));
  }

  private static double[] numbers(Map<String, Tensor> tensors, String name) {
    Tensor tensor = Objects.requireNonNull(tensors.get(name));
    return IntStream.range(0, tensor.data().length).mapToDouble(i -> tensor.data()[i]).toArray();
  }

  @Test
  void everyWeightIsTheTrainedOneAndTheMomentsAreZero() throws Exception {
    Path checkpoint = trained.resolve("checkpoints/step-0000003");
    Map<String, Tensor> tensors = Safetensors.read(checkpoint.resolve("model.safetensors"));
    try (Session session = start(from(checkpoint, "optim.lr=3e-4", "train.seed=5"))) {
      assertThat(session.weights().parameters()).hasSameSizeAs(tensors.keySet()).allSatisfy(
          parameter -> assertThat(session.backend().read(session.weights().of(parameter)))
              .isEqualTo(numbers(tensors, parameter.name())));
      assertThat(new TrainStep(session).state()).isNotEmpty()
          .allSatisfy(moments -> assertThat(session.backend().read(moments.values().flat())).containsOnly(0.0));
      assertThat(session.initial()).hasValueSatisfying(initial -> {
        assertThat(initial.taken()).hasSize(tensors.size());
        assertThat(initial.fresh()).isEmpty();
        assertThat(initial.left()).isEmpty();
      });
    }
  }

  @Test
  void anotherNormIsATransplant() throws Exception {
    Map<String, Tensor> tensors = Safetensors.read(trained.resolve("checkpoints/step-0000006/model.safetensors"));
    try (Session session = start(from(trained, "model.norm.mlp.pre={type: dyt, alpha: 0.75}",
        "model.norm.final=none"))) {
      InitialWeights initial = session.initial().orElseThrow();
      assertThat(initial.fresh()).containsExactly("blocks.0.mlp.pre.alpha");
      assertThat(initial.left()).containsExactly("final.weight");
      assertThat(numbers(session, "blocks.0.mlp.pre.alpha")).containsExactly(0.75);
      assertThat(numbers(session, "blocks.0.mlp.pre.weight"))
          .isEqualTo(numbers(tensors, "blocks.0.mlp.pre.weight"));
    }
  }

  @Test
  void ofAnotherTextEveryCharacterThatBothKnowHasItsRow() throws Exception {
    Path text = Files.writeString(folder.resolve("other.txt"), "The Äpfel and quick zebras jump over 12 Zäune.\n"
        .repeat(20));
    RunConfig config = from(trained, "data.corpus='" + text + "'", "model.tie_embeddings=false");
    try (Session old = SavedRun.of(trained, null).checkpoint().session(Runs.config(folder), true);
        Session session = start(config)) {
      assertThat(session.initial().orElseThrow().rows()).isEqualTo(8); // Ä Z ä v z l . or what else is new
      assertThat(session.vocabulary().size()).isEqualTo(old.vocabulary().size() + 8);
      double[] before = numbers(old, "tok_emb.weight");
      double[] now = numbers(session, "tok_emb.weight");
      double[] drawn = ParameterBuffer.initial(session.model().perToken().getFirst(), config.train().seed());
      for (int id = 0; id < session.vocabulary().size(); id++) {
        int row = old.vocabulary().id(session.vocabulary().character(id));
        assertThat(Arrays.copyOfRange(now, 16 * id, 16 * id + 16)).isEqualTo(row < 0
            ? Arrays.stream(drawn, 16 * id, 16 * id + 16).map(value -> (float) value).toArray()
            : Arrays.copyOfRange(before, 16 * row, 16 * row + 16));
      }
    }
  }

  @Test
  void theRunGoesOnBitForBitAndBeforeItsFirstCheckpointBeginsAgain() throws Exception {
    RunConfig config = from(trained, "optim.lr=3e-4", "train.seed=2");
    Path undisturbed = Runs.train(config);
    Path run = Runs.train(config, 4);
    assertThat(run.resolve("config.yaml")).content().contains("init_from: \"" + trained.resolve(
        "checkpoints/step-0000006"));
    Runs.resume(run, -1);
    Runs.assertSame(run, undisturbed);
    Path killed = Runs.train(config, 2);
    Runs.delete(killed.resolve("checkpoints"));
    Runs.resume(killed, -1);
    Runs.assertSame(killed, undisturbed);
    assertThat(Runs.weights(undisturbed)).isNotEqualTo(Runs.weights(Runs.train(Runs.config(folder, "optim.lr=3e-4",
        "train.seed=2"))));
  }

  @Test
  void weightsThatHaveChangedOrAreGoneAreNamed() throws Exception {
    Path run = Runs.train(from(trained), 2);
    Runs.delete(run.resolve("checkpoints"));
    Path used = trained.resolve("checkpoints/step-0000006");
    Path other = Runs.train(Runs.config(folder, "train.seed=8")).resolve("checkpoints/step-0000006");
    Runs.delete(used);
    Runs.copy(other, used);
    assertThatThrownBy(() -> Runs.resume(run, -1)).isInstanceOf(RunException.class)
        .hasMessageContainingAll("train.init_from: ", used.toString(), "changed since", "start a new run");
    Runs.delete(used);
    assertThatThrownBy(() -> Runs.resume(run, -1)).isInstanceOf(RunException.class)
        .hasMessageContainingAll("train.init_from: there is no checkpoint " + used, "has those of steps 3");
    Runs.delete(trained);
    assertThatThrownBy(() -> Runs.resume(run, -1)).isInstanceOf(RunException.class)
        .hasMessageContaining("train.init_from: " + used + " is not a folder");
  }

  @ParameterizedTest
  @CsvSource({ "model.width=32, tok_emb.weight has shape [INT; 16] there and [INT; 32] here",
      "model.context=11, pos_emb.weight has shape [12; 16] there and [11; 16] here" })
  void weightsOfAnotherShapeAreOneLine(String setting, String message) {
    String pattern = message.replace("[", "\\[").replace("INT", "\\d+").replace(";", ",").replace("]", "\\]");
    assertThatThrownBy(() -> start(from(trained, setting))).isInstanceOf(RunException.class)
        .hasMessageMatching("train.init_from: .* does not fit: " + pattern + ".*; expected the run's own sizes.*");
  }

  @Test
  void noWeightsAreOneLine() {
    assertThatThrownBy(() -> start(from(folder))).isInstanceOf(RunException.class)
        .hasMessageContaining("train.init_from: " + folder + " is not a run folder");
  }
}

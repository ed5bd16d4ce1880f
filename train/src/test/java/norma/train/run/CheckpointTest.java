package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import norma.autodiff.Parameter;
import norma.train.config.Assignment;
import norma.train.config.RunConfig;
import norma.train.files.Disk;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import norma.weights.Safetensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
  private static final String[] KEEPS_ONE = { "train.keep_checkpoints=1", "train.eval_every=0" };
  private static final String[] KEEPS_TWO = { "train.keep_checkpoints=2", "train.eval_every=0" };

  @TempDir
  private Path folder;
  private final List<String> warnings = new ArrayList<>();

  @Test
  void weightsComeBackUnderTheNamesAndShapesOfTheContract() throws Exception {
    Path run = Runs.train(Runs.config(folder, "model.bias=true", "model.tie_embeddings=false",
        "model.norm.all=dyisru", "model.embedding_scale=learnable"));
    var tensors = Safetensors.read(SavedRun.of(run, null).checkpoint().folder().resolve("model.safetensors"));
    assertThat(tensors.keySet()).contains("tok_emb.weight", "pos_emb.weight", "embedding_scale",
        "blocks.0.attn.qkv.weight", "blocks.0.attn.qkv.bias", "blocks.0.attn.proj.weight", "blocks.0.mlp.fc.weight",
        "blocks.0.mlp.proj.weight", "lm_head.weight", "blocks.0.attn.pre.weight", "blocks.0.attn.pre.bias",
        "blocks.0.attn.pre.beta", "final.beta");
    assertThat(Objects.requireNonNull(tensors.get("blocks.0.attn.qkv.weight")).shape()).containsExactly(48, 16);
    assertThat(Objects.requireNonNull(tensors.get("blocks.0.mlp.proj.weight")).shape()).containsExactly(16, 64);
    assertThat(Objects.requireNonNull(tensors.get("embedding_scale")).shape()).isEmpty();
    RunConfig config = RunFolder.open(run).config(List.of());
    try (Session session = SavedRun.of(run, null).checkpoint().session(config, true)) {
      for (Parameter parameter : session.model().parameters()) {
        double[] values = session.backend().read(session.weights().of(parameter));
        float[] saved = Objects.requireNonNull(tensors.get(parameter.name())).data();
        for (int i = 0; i < saved.length; i++) {
          assertThat((float) values[i]).isEqualTo(saved[i]);
        }
      }
    }
  }

  @Test
  void onlyTheNewestAreKept() throws Exception {
    Path run = Runs.train(Runs.config(folder, "train.checkpoint_every=1", "train.keep_checkpoints=3"));
    assertThat(Runs.names(run.resolve("checkpoints"))).containsExactly("step-0000004", "step-0000005", "step-0000006");
  }

  @Test
  void theBestIsKeptBesideTheNewest() throws Exception {
    Path run = Runs.train(Runs.config(folder, "train.steps=9", "train.checkpoint_every=4", "train.eval_every=1",
        "train.keep_checkpoints=1", "optim.lr=0.5", "optim.schedule=constant", "optim.clip_norm=0"));
    Metrics metrics = Metrics.read(run);
    int best = metrics.last(Event.End.class).orElseThrow().bestStep();
    assertThat(best).as("this run gets worse").isLessThan(9);
    assertThat(Runs.names(run.resolve("checkpoints"))).containsExactly(Checkpoint.nameOf(best), "step-0000009");
  }

  @Test
  void damageIsNamedAndTheCheckpointBeforeIsOpened() throws Exception {
    Path run = Runs.trained(folder, -1);
    Path weights = SavedRun.of(run, null).checkpoint().folder().resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length / 2] ^= 1;
    Files.write(weights, bytes);
    assertThatThrownBy(() -> Checkpoint.verified(run.resolve("checkpoints/step-0000006")))
        .isInstanceOf(RunException.class)
        .hasMessageContainingAll(weights.toString(), "is damaged");
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(3);
    Files.delete(run.resolve("checkpoints/step-0000003/vocab.json"));
    assertThatThrownBy(() -> SavedRun.of(run, null).checkpoint()).isInstanceOf(RunException.class)
        .hasMessageContainingAll(weights.toString(), "is damaged");
  }

  @Test
  void aFolderWithoutAManifestIsNoCheckpoint() throws Exception {
    Path run = Runs.trained(folder, -1);
    Files.delete(run.resolve("checkpoints/step-0000006/manifest.json"));
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(3);
  }

  @Test
  void anotherArchitectureIsRefusedByTheNameOfTheTensor() {
    Path run = Runs.trained(folder, -1);
    RunConfig wider = RunFolder.open(run).config(Assignment.parse(List.of("model.mlp_ratio=2")));
    RunConfig deeper = RunFolder.open(run).config(Assignment.parse(List.of("model.norm.all=none")));
    Checkpoint checkpoint = SavedRun.of(run, null).checkpoint();
    assertThatThrownBy(() -> checkpoint.session(wider, true)).isInstanceOf(RunException.class)
        .hasMessageContainingAll("blocks.0.mlp.fc.weight", "[64, 16]", "[32, 16]");
    assertThatThrownBy(() -> checkpoint.session(deeper, true)).isInstanceOf(RunException.class)
        .hasMessageContaining("final.weight");
  }

  @Test
  void samplingNeedsNoCorpusAndEvaluationTheSameOne() throws Exception {
    Path run = Runs.train(Runs.config(folder));
    RunConfig config = RunFolder.open(run).config(List.of());
    Path text = folder.resolve("text.txt");
    Files.writeString(text, Files.readString(text).replace("brown", "crown")); // the same characters
    try (Session session = SavedRun.of(run, null).checkpoint().session(config, true)) {
      assertThatThrownBy(() -> RunFolder.open(run).requireSameText(session)).isInstanceOf(RunException.class)
          .hasMessageContainingAll(text.toString(), "changed since", "data.corpus");
    }
    Files.delete(text);
    try (LanguageModel language = SavedRun.of(run, null).checkpoint().languageModel(config, true)) {
      assertThat(new Sampler(language).sample("The ", new Sampler.Settings(5, 1, 0, 1))).hasSize(5);
    }
  }

  @Test
  void whatIsInTheWayIsSetAsideAndWhatItDoesNotKnowIsLeftAlone() throws Exception {
    RunConfig config = Runs.config(folder);
    Path run = Runs.trained(folder, -1);
    Path all = run.resolve("checkpoints");
    Path incomplete = Files.createDirectories(all.resolve("step-0000009"));
    Files.writeString(incomplete.resolve("model.safetensors"), "half");
    Files.createDirectories(all.resolve(".writing-step-0000008"));
    Files.createDirectories(all.resolve(".deleting-step-0000002"));
    Files.createDirectories(all.resolve(".writing-mine"));
    Files.createDirectories(all.resolve("copy of step-0000003"));
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(6);
    try (Session session = Session.start(config, true)) {
      new CheckpointWriter(run, session, new TrainStep(session).state(), Disk.real(), warnings::add)
          .write(Progress.START.at(9, 1, 0));
    }
    assertThat(Runs.names(all)).containsExactly(".writing-mine", "aside-step-0000009", "copy of step-0000003",
        "step-0000006", "step-0000009");
    assertThat(all.resolve("aside-step-0000009/model.safetensors")).content().isEqualTo("half");
  }

  @Test
  void whatCannotBeDeletedIsAWarningAndDoesNotStopTheNextOne() throws Exception {
    RunConfig config = Runs.config(folder, KEEPS_ONE);
    Path run = Runs.trained(folder, -1, KEEPS_ONE);
    Files.createDirectories(run.resolve("checkpoints/.deleting-step-0000002"));
    TestDisk disk = new TestDisk((_, path) -> path.toString().contains(".deleting-"));
    try (Session session = Session.start(config, true)) {
      var writer = new CheckpointWriter(run, session, new TrainStep(session).state(), disk, warnings::add);
      writer.write(Progress.START.at(9, 1, 0));
      writer.write(Progress.START.at(10, 1, 0));
    }
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(10);
    assertThat(warnings).hasSize(3).allMatch(line -> line.startsWith("cannot delete "));
  }

  @Test
  void aCheckpointWithADamagedManifestIsNeitherDeletedNorCounted() throws Exception {
    RunConfig config = Runs.config(folder, "train.keep_checkpoints=2");
    Path run = Runs.train(config);
    Files.writeString(run.resolve("checkpoints/step-0000006/manifest.json"), "{");
    try (Session session = Session.start(config, true)) {
      var writer = new CheckpointWriter(run, session, new TrainStep(session).state(), Disk.real(), warnings::add);
      for (int step = 7; step <= 9; step++) {
        writer.write(Progress.START.at(step, 1, 0));
      }
    }
    assertThat(Runs.names(run.resolve("checkpoints"))).containsExactly("step-0000003", "step-0000006",
        "step-0000008", "step-0000009");
    assertThat(warnings).singleElement().asString().contains("step-0000006", "damaged", "not deleted");
  }

  /// The newest may be damaged later: then the run goes on from the one before, which may have to go back as well.
  @Test
  void theCheckpointsThatAnyOfTheKeptWouldGoBackToAreKept() throws Exception {
    RunConfig config = Runs.config(folder, KEEPS_TWO);
    Path run = Runs.trained(folder, -1, KEEPS_TWO);
    try (Session session = Session.start(config, true)) {
      var writer = new CheckpointWriter(run, session, new TrainStep(session).state(), Disk.real(), warnings::add);
      Progress due = Progress.START.at(6, 1, 0).anchored(0, 1, 0);
      writer.write(due.at(7, 1, 0));
      writer.write(due.at(8, 1, 0).anchored(0, 1, 0));
    }
    assertThat(Runs.names(run.resolve("checkpoints"))).containsExactly("step-0000006", "step-0000007", "step-0000008");
  }

  /// Who needs room may delete a part of an older one; the newest is written all the same.
  @Test
  void anOlderOneWithoutItsStateDoesNotFailTheNext() throws Exception {
    RunConfig config = Runs.config(folder, KEEPS_TWO);
    Path run = Runs.trained(folder, -1, KEEPS_TWO);
    try (Session session = Session.start(config, true)) {
      var writer = new CheckpointWriter(run, session, new TrainStep(session).state(), Disk.real(), warnings::add);
      writer.write(Progress.START.at(7, 1, 0));
      Files.delete(run.resolve("checkpoints/step-0000007/state"));
      writer.write(Progress.START.at(8, 1, 0));
    }
    assertThat(SavedRun.of(run, null).checkpoint().step()).isEqualTo(8);
  }

  @Test
  void whatIsNamedLikeTheCheckpointsAndCannotBeListedIsAnError() throws Exception {
    Path run = Runs.trained(folder, -1);
    Runs.delete(run.resolve("checkpoints"));
    Files.createSymbolicLink(run.resolve("checkpoints"), folder.resolve("not mounted"));
    assertThatThrownBy(() -> Resumption.open(run, List.of())).isInstanceOf(RunException.class)
        .hasMessageContainingAll("cannot look for checkpoints", "checkpoints: no such file")
        .hasMessageNotContaining("\n");
  }

  @Test
  void whereverTheDiskFailsTheOldCheckpointsStayAndTheNextWriteSucceeds() throws Exception {
    RunConfig config = Runs.config(folder, KEEPS_ONE);
    Path first = Runs.trained(folder, -1, KEEPS_ONE);
    try (Session session = Session.start(config, true)) {
      var optimizer = new TrainStep(session).optimizer();
      for (int failing = 0;; failing++) {
        Path run = Runs.copy(first, folder.resolve("failing-" + failing));
        int at = failing;
        TestDisk disk = new TestDisk((operation, _) -> operation == at);
        boolean failed = false;
        warnings.clear();
        try {
          new CheckpointWriter(run, session, optimizer.state(), disk, warnings::add).write(Progress.START.at(9, 1, 0));
        } catch (java.io.IOException e) {
          failed = true;
        }
        assertThat(SavedRun.of(run, null).checkpoint().step()).as("operation %d", at)
            .isIn(failed ? List.of(6, 9) : List.of(9));
        if (at == disk.asked()) {
          assertThat(failed).isFalse();
          assertThat(at).isGreaterThan(20);
          break;
        }
        assertThat(failed || warnings.size() == 1).as("operation %d is heard of", at).isTrue();
        boolean there = Files.exists(run.resolve("checkpoints/step-0000009"));
        var retry = new CheckpointWriter(run, session, optimizer.state(), Disk.real(), warnings::add);
        retry.write(Progress.START.at(9, 1, 0));
        assertThat(Runs.names(run.resolve("checkpoints"))).as("operation %d, in place: %s", at, there)
            .containsExactly("step-0000009");
        retry.write(Progress.START.at(10, 1, 0));
        assertThat(Runs.names(run.resolve("checkpoints"))).as("operation %d", at).containsExactly("step-0000010");
      }
    }
  }
}

package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32C;
import norma.train.export.ExportFormat;
import norma.train.files.Tree;
import norma.train.metrics.Event;
import norma.train.metrics.Metrics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.shade.protobuf.ByteString;
import org.nd4j.shade.protobuf.UnknownFieldSet;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.HistogramProto;
import org.tensorflow.framework.Summary;

/// Event files, read by the classes of TensorFlow's messages that ND4J brings.
class TensorBoardTest {
  private static final String ON = "output.tensorboard=true";

  @TempDir
  private Path folder;

  private static List<Path> files(Path run) throws Exception {
    return Tree.list(run).stream().filter(file -> file.getFileName().toString().contains("tfevents")).toList();
  }

  /// An `Event` (`tensorflow/core/util/event.proto`), which ND4J does not have.
  ///
  /// @param starts whether it is a session log with status START
  private record Read(double time, long step, String fileVersion, Summary summary, boolean starts) {
    static Read of(byte[] message) throws Exception {
      UnknownFieldSet event = UnknownFieldSet.parseFrom(message);
      ByteString none = ByteString.EMPTY;
      ByteString log = event.getField(7).getLengthDelimitedList().stream().findFirst().orElse(none);
      return new Read(Double.longBitsToDouble(event.getField(1).getFixed64List().getFirst()),
          event.getField(2).getVarintList().stream().findFirst().orElse(0L),
          event.getField(3).getLengthDelimitedList().stream().findFirst().orElse(none).toStringUtf8(),
          Summary.parseFrom(event.getField(5).getLengthDelimitedList().stream().findFirst().orElse(none)),
          UnknownFieldSet.parseFrom(log).getField(1).getVarintList().equals(List.of(1L)));
    }
  }

  /// Every record's length and message have their checksums; the end may be torn.
  private static List<Read> events(byte[] bytes) throws Exception {
    List<Read> events = new ArrayList<>();
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (in.remaining() >= 12 && in.remaining() >= in.getLong(in.position()) + 16) {
      byte[] message = new byte[(int) in.getLong()];
      assertThat(in.getInt()).isEqualTo(masked(Arrays.copyOfRange(bytes, in.position() - 12, in.position() - 4)));
      in.get(message);
      assertThat(in.getInt()).isEqualTo(masked(message));
      events.add(Read.of(message));
    }
    return events;
  }

  private static int masked(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    long value = crc.getValue();
    return (int) (((value >>> 15) | (value << 17)) + 0xa282ead8L);
  }

  /// What TensorBoard shows of a run: a tag's values by their steps, in the order of the files. A start discards later steps
  /// (`plugin_event_accumulator.py`).
  private static Map<String, List<Map.Entry<Long, Summary.Value>>> shown(Path run) throws Exception {
    Map<String, List<Map.Entry<Long, Summary.Value>>> shown = new LinkedHashMap<>();
    for (Path file : files(run)) {
      for (Read event : events(Files.readAllBytes(file))) {
        if (event.starts) {
          shown.values().forEach(values -> values.removeIf(value -> value.getKey() >= event.step));
        }
        event.summary.getValueList().forEach(value -> shown
            .computeIfAbsent(value.getTag(), tag -> new ArrayList<>()).add(Map.entry(event.step, value)));
      }
    }
    return shown;
  }

  private static List<Map.Entry<Long, Summary.Value>> values(Path run, String tag) throws Exception {
    return shown(run).getOrDefault(tag, List.of());
  }

  private static String text(Path run, String tag) throws Exception {
    Summary.Value text = values(run, tag).getLast().getValue();
    assertThat(text.getMetadata().getPluginData().getPluginName()).isEqualTo("text");
    assertThat(text.getTensor().getDtype()).isEqualTo(DataType.DT_STRING);
    return text.getTensor().getStringVal(0).toStringUtf8();
  }

  private static List<Map.Entry<Integer, Double>> scalars(Path run, String tag) throws Exception {
    return values(run, tag).stream()
        .map(value -> Map.entry(value.getKey().intValue(), (double) value.getValue().getSimpleValue())).toList();
  }

  private static Map.Entry<Integer, Double> rounded(int step, double number) {
    return Map.entry(step, (double) (float) number);
  }

  private static void assertLosses(Path run, Path expected) throws Exception {
    assertThat(scalars(run, "train/loss")).isEqualTo(Metrics.read(expected).of(Event.Step.class).stream()
        .map(step -> rounded(step.step(), step.loss())).toList());
    assertThat(scalars(run, "eval/val_loss")).isEqualTo(Metrics.read(expected).of(Event.Eval.class).stream()
        .map(eval -> rounded(eval.step(), eval.valLoss())).toList());
  }

  @Test
  void tensorBoardShowsWhatTheLogSaysAndTheRunIsTheSame() throws Exception {
    String[] settings = { "model.norm.all=dyt", "train.sample_every=3" };
    Path without = Runs.train(Runs.config(folder, settings));
    Path run = Runs.train(Runs.config(folder, settings[0], settings[1], ON));
    Runs.assertSame(run, without);
    assertThat(files(without)).isEmpty();
    assertLosses(run, run);
    Metrics log = Metrics.read(run);
    Event.Slot slot = log.last(Event.Norm.class).orElseThrow().slots().getFirst();
    assertThat(scalars(run, "norm.alpha/" + slot.slot()).getLast())
        .isEqualTo(rounded(6, slot.scalars().getOrDefault("alpha", 0.0)));
    assertThat(scalars(run, "norm.in_rms/" + slot.slot()).getLast()).isEqualTo(rounded(6, slot.inRms()));
    assertThat(shown(run)).containsKeys("train/lr", "train/grad_norm", "train/tokens_per_s", "eval/train_loss",
        "norm/log_z").doesNotContainKey("norm.squash_slope/final.none");

    HistogramProto inputs = values(run, "norm.in/" + slot.slot()).getLast().getValue().getHisto();
    assertThat(Math.max(-inputs.getMin(), inputs.getMax())).isEqualTo(slot.inAbsmax());
    assertThat(Math.sqrt(inputs.getSumSquares() / inputs.getNum())).isCloseTo(slot.inRms(),
        org.assertj.core.api.Assertions.within(1e-12));
    assertThat(inputs.getBucketList().stream().mapToDouble(Double::doubleValue).sum()).isEqualTo(inputs.getNum());
    assertThat(inputs.getBucketLimitList()).isSorted().hasSameSizeAs(inputs.getBucketList()).endsWith(inputs.getMax());
    assertThat(inputs.getBucketList().stream().filter(count -> count > 0)).as("buckets with something in them")
        .hasSizeGreaterThan(20);

    assertThat(text(run, "sample")).isEqualTo(log.last(Event.Sample.class).orElseThrow().text().indent(4));
    assertThat(text(run, "config")).isEqualTo(Files.readString(run.resolve("config.yaml")).indent(4));
  }

  /// Every event file begins with these bytes: a message of 24, its checksum, and a time and `brain.Event:2` in it.
  @Test
  void theFileBeginsAsTensorFlowsDo() throws Exception {
    Path file = files(Runs.train(Runs.config(folder, "train.steps=1", ON))).getFirst();
    assertThat(file.getFileName().toString()).matches("events\\.out\\.tfevents\\.[0-9]{10}\\.norma");
    byte[] bytes = Files.readAllBytes(file);
    assertThat(HexFormat.of().formatHex(bytes, 0, 13)).isEqualTo("1800000000000000a37f4b2209");
    assertThat(events(bytes).getFirst().fileVersion()).isEqualTo("brain.Event:2");
    assertThat(events(Arrays.copyOf(bytes, bytes.length - 1))).as("of a killed run")
        .isEqualTo(events(bytes).subList(0, events(bytes).size() - 1));
  }

  @Test
  void whatAResumeDiscardsIsNotShownTwice() throws Exception {
    String[] settings = { "train.steps=8", "train.checkpoint_every=2", "train.keep_checkpoints=9", ON };
    Path undisturbed = Runs.train(Runs.config(folder, settings));
    Path run = Runs.train(Runs.config(folder, settings), 6);
    assertThat(Runs.resume(run.resolve("checkpoints/step-0000004"), -1).reason()).isEqualTo("completed");
    assertThat(files(run)).hasSize(2);
    assertLosses(run, undisturbed);
    assertThat(values(run, "norm.in/final")).hasSameSizeAs(values(undisturbed, "norm.in/final"));
  }

  @Test
  void aRunThatTurnsItOnShowsItsEarlierSteps() throws Exception {
    Path run = Runs.trained(folder, 4);
    Runs.resume(run, -1, ON);
    assertLosses(run, run);
    List<Read> events = events(Files.readAllBytes(files(run).getFirst()));
    assertThat(events.subList(1, events.size())).extracting(Read::time).isSorted();
  }

  @Test
  void aRunThatHadItOffIsExported() throws Exception {
    Path run = Runs.trained(folder, -1);
    Path file = ExportFormat.tensorboard.export(SavedRun.of(run, null), null).path();
    assertThat(file.getFileName().toString()).contains("tfevents");
    assertLosses(run.resolve("export"), run);
    assertThat(text(run.resolve("export"), "config")).contains("    name: char-cpu");
  }

  @Test
  void aRollbackTakesItsStepsBack() throws Exception {
    Path run = RollbackTest.trainWithFaults(folder, taken -> taken == 4, "train.on_nonfinite=rollback", ON);
    assertThat(Metrics.read(run).of(Event.Rollback.class)).hasSize(1);
    assertThat(files(run)).hasSize(1);
    assertLosses(run, run);
  }

  @Test
  void aFullDiskIsAWarningAndNothingIsMissing() throws Exception {
    List<String> warnings = new ArrayList<>();
    AtomicBoolean full = new AtomicBoolean();
    TestDisk disk = new TestDisk((_, path) -> full.get() && path.toString().contains("tfevents"));
    try (Session session = Session.start(Runs.config(folder, ON), true)) {
      new Trainer(session, Team.NONE,
          Runs.watching(step -> full.set(step.step() >= 2 && step.step() < 5), warnings::add), new AtomicBoolean(),
          disk)
          .run();
    }
    assertThat(warnings).singleElement().asString().contains("tfevents", "No space left", "training goes on");
    Path run = Runs.first(folder);
    assertLosses(run, run);
  }
}

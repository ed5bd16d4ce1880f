package norma.train.metrics;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import norma.train.files.Disk;
import norma.train.files.GrowingFile;
import norma.train.files.Protobuf;
import norma.train.files.Tree;

/// A run as TensorBoard shows it: the events of its log as an event file in its folder, scalars by their names in `metrics.jsonl`,
/// texts, and histograms of what enters the normalization slots. Each start of a run has a file; TensorBoard reads them in the order
/// of their names.
///
/// A file is a sequence of records: the length (8 bytes, little-endian), its checksum, an `Event` message, its checksum
/// (`tensorflow/core/lib/io/record_writer.h`). An `Event` has wall_time 1, step 2, and one of file_version 3, summary 5, session_log 7
/// (`tensorflow/core/util/event.proto`). Of a killed run the last record may be torn, which readers pass over.
public final class TensorBoardLog implements RunView {
  private static final Pattern NAME = Pattern.compile("events\\.out\\.tfevents\\.([0-9]{10})\\.norma");
  /// Twice those that TensorBoard draws.
  private static final int BUCKETS = 60;
  private static final String VERSION = "brain.Event:2";
  private static final int START = 1; // SessionLog.SessionStatus
  private static final int STRING = 7; // DataType.DT_STRING

  private static final LineFormat<Event.Step> STEP = new LineFormat<>(Event.Step.class);
  private static final LineFormat<Event.Team> TEAM = new LineFormat<>(Event.Team.class);
  private static final LineFormat<Event.Eval> EVAL = new LineFormat<>(Event.Eval.class);
  private static final LineFormat<Event.Norm> NORM = new LineFormat<>(Event.Norm.class);
  private static final LineFormat<Event.Slot> SLOT = new LineFormat<>(Event.Slot.class);

  private final Consumer<byte[]> records;
  private final Map<String, Protobuf> histograms = new HashMap<>(); // of a probe, until its event comes

  /// A new file, in which the run goes on after a step: what older ones have of later steps TensorBoard leaves out. Where there is no
  /// older one it begins with what the log has up to that step.
  ///
  /// @param step          0 for a run that begins
  /// @param configuration shown as a text
  /// @param warnings      hears, in one line, when it cannot be written
  /// @throws IOException if the folder or its log cannot be read
  public TensorBoardLog(Path runFolder, int step, String configuration, Disk disk, Consumer<String> warnings)
      throws IOException {
    List<Long> older = starts(runFolder);
    long start = Math.max(System.currentTimeMillis() / 1000, older.isEmpty() ? 0 : older.getLast() + 1);
    records = new GrowingFile(runFolder.resolve(name(start)), disk, warnings)::append;
    write(new Protobuf().number(1, now()).text(3, VERSION));
    if (step > 0 && older.isEmpty()) {
      replay(Metrics.read(runFolder), step);
    }
    int next = step == 0 ? 0 : step + 1;
    startAt(next);
    write(now(), next, text("config", configuration));
  }

  /// What an event file would have of a run that was written without.
  ///
  /// @param records takes the file's bytes, in pieces
  private TensorBoardLog(Metrics log, String configuration, Consumer<byte[]> records) {
    this.records = records;
    double start = now() - log.wallSeconds();
    write(new Protobuf().number(1, start).text(3, VERSION));
    write(start, 0, text("config", configuration));
    replay(log, Integer.MAX_VALUE);
  }

  /// An event file of what a run's log has: everything but histograms.
  ///
  /// @param configuration shown as a text
  /// @throws IOException if the log cannot be read
  public static byte[] of(Path runFolder, String configuration) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    new TensorBoardLog(Metrics.read(runFolder), configuration, bytes::writeBytes);
    return bytes.toByteArray();
  }

  /// An event file's name, by which TensorBoard knows it and orders it.
  ///
  /// @param start seconds since 1970
  public static String name(long start) {
    return String.format(Locale.ROOT, "events.out.tfevents.%010d.norma", start);
  }

  private static List<Long> starts(Path runFolder) throws IOException {
    return Tree.list(runFolder).stream().flatMap(path -> NAME.matcher(String.valueOf(path.getFileName())).results())
        .map(name -> Long.valueOf(name.group(1))).sorted().toList();
  }

  private static double now() {
    return System.currentTimeMillis() / 1e3;
  }

  /// As if it had been there, by the run's own clock.
  private void replay(Metrics log, int step) {
    double start = now() - log.wallSeconds();
    double elapsed = 0;
    for (Event event : log.events()) {
      if (event.step() <= step) {
        elapsed = event instanceof Event.Step taken ? taken.elapsedSeconds() : elapsed;
        append(event, start + elapsed);
      }
    }
  }

  @Override
  public void append(Event event) {
    append(event, now());
  }

  @Override
  public void input(String slot, double[] numbers) {
    double sum = 0;
    for (double number : numbers) {
      sum += number;
    }
    if (Double.isFinite(sum)) {
      histograms.put(slot, histogram(numbers, sum));
    }
  }

  private void append(Event event, double time) {
    switch (event) {
      case Event.Step step -> write(time, step.step(), add(new Protobuf(), "train/", "", STEP.numbers(step)));
      case Event.Eval eval -> write(time, eval.step(), add(new Protobuf(), "eval/", "", EVAL.numbers(eval)));
      case Event.Norm norm -> write(time, norm.step(), norm(norm));
      case Event.Team team -> write(time, team.step(), add(new Protobuf(), "team/", "", TEAM.numbers(team)));
      case Event.Sample sample -> write(time, sample.step(), text("sample", sample.text()));
      case Event.Diverged diverged ->
        write(time, diverged.step(), text("diverged", "first in " + diverged.firstBad()));
      case Event.Rollback rollback -> startAt(rollback.step() + 1);
      // Who starts says so itself; layers have a page of their own, and the last evaluation is the end's.
      case Event.Start start -> {
      }
      case Event.Layers layers -> {
      }
      case Event.End end -> {
      }
    }
  }

  private Protobuf norm(Event.Norm norm) {
    Protobuf summary = add(new Protobuf(), "norm/", "", NORM.numbers(norm));
    for (Event.Slot slot : norm.slots()) {
      add(summary, "norm.", "/" + slot.slot(), SLOT.numbers(slot));
      Protobuf histogram = histograms.remove(slot.slot());
      if (histogram != null) {
        summary.message(1, new Protobuf().text(1, "norm.in/" + slot.slot()).message(5, histogram));
      }
    }
    return summary;
  }

  private static Protobuf add(Protobuf summary, String before, String after, Map<String, Double> numbers) {
    numbers.forEach((name, number) -> summary.message(1,
        new Protobuf().text(1, before + name + after).number(2, number.floatValue())));
    return summary;
  }

  /// TensorBoard reads Markdown: four spaces keep lines as they are.
  private static Protobuf text(String tag, String text) {
    Protobuf tensor = new Protobuf().integer(1, STRING)
        .message(2, new Protobuf().message(2, new Protobuf().integer(1, 1)))
        .text(8, text.indent(4));
    Protobuf metadata = new Protobuf().message(1, new Protobuf().text(1, "text"));
    return new Protobuf().message(1, new Protobuf().text(1, tag).message(8, tensor).message(9, metadata));
  }

  /// Buckets of one width between the least and the greatest number.
  private static Protobuf histogram(double[] numbers, double sum) {
    double min = Arrays.stream(numbers).min().orElseThrow();
    double max = Arrays.stream(numbers).max().orElseThrow();
    double squares = 0;
    for (double number : numbers) {
      squares += number * number;
    }
    double width = (max - min) / BUCKETS;
    double[] counts = new double[BUCKETS];
    double[] limits = new double[BUCKETS];
    for (int i = 0; i < BUCKETS; i++) {
      limits[i] = i == BUCKETS - 1 ? max : min + width * (i + 1);
    }
    for (double number : numbers) {
      counts[width > 0 ? Math.min((int) ((number - min) / width), BUCKETS - 1) : BUCKETS - 1]++;
    }
    return new Protobuf().number(1, min).number(2, max).number(3, (double) numbers.length).number(4, sum)
        .number(5, squares).numbers(6, limits).numbers(7, counts);
  }

  /// What is there of this step and later ones is no longer so.
  private void startAt(int step) {
    write(new Protobuf().number(1, now()).integer(2, step).message(7, new Protobuf().integer(1, START)));
  }

  private void write(double time, int step, Protobuf summary) {
    write(new Protobuf().number(1, time).integer(2, step).message(5, summary));
  }

  private void write(Protobuf event) {
    byte[] message = event.toByteArray();
    ByteBuffer record = ByteBuffer.allocate(message.length + 16).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(message.length).putInt(checksum(record.array(), Long.BYTES)).put(message)
        .putInt(checksum(message, message.length));
    records.accept(record.array());
  }

  /// CRC-32C, turned and shifted so that one of bytes with checksums in them is sound (`tensorflow/core/lib/hash/crc32c.h`).
  private static int checksum(byte[] bytes, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, 0, length);
    return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
  }
}

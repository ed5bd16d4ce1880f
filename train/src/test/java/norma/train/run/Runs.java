package norma.train.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Stream;
import norma.autodiff.Parameter;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.files.Tree;
import norma.train.metrics.Event;

/// Small runs for tests.
public final class Runs {
  private static final List<String> SMALL = List.of("model.layers=1", "model.heads=2", "model.width=16",
      "model.context=12", "optim.warmup_steps=2", "optim.decay_steps=20", "train.steps=6", "train.batch=3",
      "train.log_every=1", "train.eval_every=3", "train.eval_batches=2", "train.checkpoint_every=3",
      "train.layers_every=2", "train.norm_every=2");

  /// Runs that some test of this JVM has trained, by their steps and settings.
  private static final Map<List<String>, Path> TRAINED = new ConcurrentHashMap<>();
  private static final AtomicInteger COPIES = new AtomicInteger();

  private Runs() {}

  /// A configuration of a second or less, on a text of 640 characters.
  static RunConfig config(Path folder, String... settings) {
    List<String> all = new ArrayList<>(SMALL);
    all.add("output.dir='" + folder.resolve("runs") + "'");
    all.add("data.corpus='" + text(folder) + "'");
    all.addAll(List.of(settings));
    return new ConfigReader(NormTypes.all()).read("test", "", Assignment.parse(all));
  }

  /// Settings, and more of them.
  static String[] with(String[] settings, String... more) {
    return Stream.concat(Stream.of(settings), Stream.of(more)).toArray(String[]::new);
  }

  /// The first of the runs whose configuration is made for a folder.
  static Path first(Path folder) {
    try {
      return Tree.list(folder.resolve("runs")).getFirst();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// Runs to the end and returns the run folder.
  static Path train(RunConfig config) {
    return train(config, -1);
  }

  /// Runs for some steps and returns the run folder.
  ///
  /// @param steps after which it is interrupted; negative for never
  static Path train(RunConfig config, int steps) {
    Path[] folder = new Path[1];
    AtomicBoolean stop = new AtomicBoolean();
    try (Session session = Session.start(config, true)) {
      new Trainer(session, new TrainObserver() {
        @Override
        public void started(Session started, norma.models.CostModel cost, Path path) {
          folder[0] = path;
        }

        @Override
        public void stepped(Event.Step step) {
          stop.set(step.step() == steps);
        }
      }, stop).run();
    }
    return folder[0];
  }

  /// A copy of a run that is trained once for all tests of this JVM. Its configuration names the first one's text and place.
  ///
  /// @param folder in which the copy is made
  /// @param steps  after which it is interrupted; negative for never
  static Path trained(Path folder, int steps, String... settings) {
    List<String> key = Stream.concat(Stream.of(Integer.toString(steps)), Stream.of(settings)).toList();
    Path first = TRAINED.computeIfAbsent(key, _ -> train(config(temporary(), settings), steps));
    return copy(first, folder.resolve("trained-" + COPIES.incrementAndGet()));
  }

  /// A folder that goes with the JVM.
  private static Path temporary() {
    try {
      Path folder = Files.createTempDirectory("norma-trained-");
      Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
      return folder;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// Hears of steps, and of trouble.
  static TrainObserver watching(Consumer<Event.Step> stepped, Consumer<String> warned) {
    return new TrainObserver() {
      @Override
      public void stepped(Event.Step step) {
        stepped.accept(step);
      }

      @Override
      public void warned(String message) {
        warned.accept(message);
      }
    };
  }

  /// Hears of steps.
  static TrainObserver watching(Consumer<Event.Step> stepped) {
    return watching(stepped, _ -> {});
  }

  /// A parameter of a session's model by its name.
  static Parameter parameter(Session session, String name) {
    return session.model().parameters().stream().filter(parameter -> parameter.name().equals(name)).findFirst()
        .orElseThrow();
  }

  /// Names of what is in a folder, in their order.
  public static List<String> names(Path folder) throws IOException {
    return Tree.list(folder).stream().map(path -> path.getFileName().toString()).toList();
  }

  /// Goes on with a run for some steps.
  ///
  /// @param steps after which it is interrupted again; negative for never
  static Event.End resume(Path run, int steps, String... settings) {
    AtomicBoolean stop = new AtomicBoolean();
    int[] taken = new int[1];
    try (Resumption resumption = Resumption.open(run, Assignment.parse(List.of(settings)));
        Session session = resumption.session(true)) {
      return new Trainer(session, resumption, Team.NONE, watching(_ -> stop.set(++taken[0] == steps)), stop).run();
    }
  }

  /// Weights, metrics and sample of two runs are the same but for times.
  static void assertSame(Path run, Path expected) throws IOException {
    assertSameSoFar(run, expected);
    assertThat(run.resolve("sample.txt")).hasSameTextualContentAs(expected.resolve("sample.txt"));
  }

  /// The same of runs that were stopped before their end, where each draws a sample.
  static void assertSameSoFar(Path run, Path expected) throws IOException {
    assertThat(weights(run)).isEqualTo(weights(expected));
    assertThat(withoutTimes(run.resolve("metrics.jsonl"))).isEqualTo(withoutTimes(expected.resolve("metrics.jsonl")));
  }

  /// Lines of a log without what a clock says.
  public static List<String> withoutTimes(Path log) throws IOException {
    return Files.readAllLines(log).stream().map(line -> line
        .replaceAll(",\"(step_ms|tokens_per_s|elapsed_s|forward_ms|backward_ms|gflops)\":[-0-9.E]+", "")).toList();
  }

  /// Bytes of the final weights.
  static byte[] weights(Path run) throws IOException {
    return Files.readAllBytes(SavedRun.of(run, null).checkpoint().folder().resolve("model.safetensors"));
  }

  /// Deletes a folder with all that is in it.
  static void delete(Path folder) {
    try {
      Tree.delete(folder);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /// Copies a folder with all that is in it.
  public static Path copy(Path from, Path to) {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : paths.toList()) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return to;
  }

  private static Path text(Path folder) {
    Path file = folder.resolve("text.txt");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      text.append("The ").append(i * 7919 % 97).append(" quick brown foxes jump.\n");
    }
    try {
      return Files.exists(file) ? file : Files.writeString(file, text);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

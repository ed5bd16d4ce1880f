package norma.bench.gpu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import norma.bench.Contender.Step;
import norma.bench.Operands;
import norma.bench.Shape;
import norma.bench.Side;
import norma.bench.gpu.Summary.Verdict;
import norma.train.config.Assignment;
import norma.train.config.RunConfig.Token;
import norma.train.data.Corpora;
import norma.train.data.Vocabulary;
import norma.train.metrics.Median;
import norma.train.run.RunException;

/// Training steps of the model of `configs/char-gpu.yaml` without dropout, in bf16: Norma and, where Python has it, PyTorch, eager and
/// compiled, each in a process of its own. They take turns; who is not at work waits for input.
final class Throughput {
  /// Ways to compile that are tried with the first norm; the faster one stays.
  private static final List<String> MODES = List.of("default", "reduce-overhead");
  private static final String NORMA = "Norma";
  private static final String EAGER = "eager";
  private static final String COMPILED = "compiled, ";
  private static final Shape FULL = Shape.M.with(25, 6, 25);
  private static final Shape QUICK = new Shape("quick", 2, 16, 32, 1, 2, 1, 2, 1, 0, 0);

  private final Summary summary;
  private final Path logs;
  private final String corpus;
  private final int vocabulary;
  private final String script; // empty: no PyTorch
  private final Shape shape;
  private List<String> compiled = MODES;

  private Throughput(Summary summary, Path logs, String corpus, String script, Shape shape) {
    this.summary = summary;
    this.logs = logs;
    this.corpus = corpus;
    this.vocabulary = Vocabulary.of(Corpora.load(corpus, Token.CHAR)).size();
    this.script = script;
    this.shape = shape;
  }

  /// @param arguments file of a [Summary], folder for logs, corpus, command that runs PyTorch's side or nothing, and `quick` for
  ///                  sizes that only show that everything runs, or `prepare` to let PyTorch compile, and measure nothing
  public static void main(String[] arguments) {
    OneLine.orEnd(() -> {
      String mode = arguments.length > 4 ? arguments[4] : "";
      Throughput throughput = new Throughput(new Summary(Path.of(arguments[0])), Path.of(arguments[1]), arguments[2],
          arguments[3], mode.equals("quick") ? QUICK : FULL);
      if (mode.equals("prepare")) {
        throughput.prepare();
      } else {
        boolean complete = true;
        for (String norm : Operands.NORMS) {
          complete &= throughput.compare(norm);
        }
        System.exit(complete ? 0 : 1);
      }
    });
  }

  /// @return whether Norma's side could be measured
  private boolean compare(String norm) {
    Map<String, Side> sides = start(norm);
    try {
      Map<String, Double> millis = measure(norm, sides);
      if (!millis.containsKey(NORMA)) {
        summary.add("tokens/s, " + norm, "not measured", "", Verdict.FAILED);
        return false;
      }
      show(norm, millis);
      return true;
    } finally {
      sides.values().forEach(Side::close);
    }
  }

  /// Starts and warms up all at once: that takes most of the time, and nothing is measured. Sides that fail are said and left out.
  private Map<String, Side> start(String norm) {
    Map<String, Side.Command> commands = new LinkedHashMap<>();
    commands.put(NORMA, norma(norm));
    if (!script.isEmpty()) {
      commands.put(EAGER, torch(norm, "eager"));
      compiled.forEach(mode -> commands.put(COMPILED + mode, torch(norm, mode)));
    }
    Map<String, Future<Side>> started = new LinkedHashMap<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(commands.size())) {
      commands.forEach((name, command) -> started.put(name, pool.submit(() -> warm(name, command, norm))));
    }
    Map<String, Side> sides = new LinkedHashMap<>();
    started.forEach((name, side) -> {
      try {
        sides.put(name, side.get());
      } catch (InterruptedException | ExecutionException e) {
        System.out.println(norm + ", " + name + ": " + (e.getCause() instanceof RunException why
            ? why.getMessage()
            : e.toString()));
      }
    });
    if (norm.equals(Operands.NORMS.getFirst())) {
      sides.forEach((name, side) -> System.out.println(name + ": " + side.fact(name.equals(NORMA)
          ? "backend"
          : "build")));
    }
    return sides;
  }

  /// PyTorch keeps what it has compiled, of all norms at once.
  private void prepare() {
    try (ExecutorService pool = Executors.newFixedThreadPool(Operands.NORMS.size())) {
      Operands.NORMS.forEach(norm -> pool.execute(() -> MODES.forEach(mode -> {
        try {
          warm("prepare-" + mode, torch(norm, mode), norm).close();
        } catch (RunException e) {
          System.out.println(e.getMessage());
        }
      })));
    }
  }

  private Side warm(String name, Side.Command command, String norm) {
    Side side = new Side(command, logs.resolve(norm + "-" + name.replace(", ", "-") + ".log"));
    try {
      side.run(shape.warmup());
      return side;
    } catch (RunException e) {
      side.close();
      throw e;
    }
  }

  /// Median milliseconds of a step. A side that fails is said, closed and left out; without Norma's nothing is measured.
  private Map<String, Double> measure(String norm, Map<String, Side> sides) {
    Map<String, List<Double>> millis = new LinkedHashMap<>();
    for (int block = 0; block < shape.blocks() && sides.containsKey(NORMA); block++) {
      new LinkedHashMap<>(sides).forEach((name, side) -> {
        try {
          double nanos = side.run(shape.steps()).stream().mapToLong(Step::nanos).sum();
          millis.computeIfAbsent(name, of -> new ArrayList<>()).add(nanos / shape.steps() / 1e6);
        } catch (RunException e) {
          System.out.println(norm + ", " + name + ": " + e.getMessage());
          side.close();
          sides.remove(name);
          millis.remove(name);
        }
      });
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    millis.forEach((name, of) -> medians.put(name, Median.of(of)));
    return medians;
  }

  private void show(String norm, Map<String, Double> millis) {
    double norma = Objects.requireNonNull(millis.get(NORMA));
    millis.forEach((name, of) -> System.out.printf(Locale.ROOT, "%-10s %-26s %8.2f ms a step, %9.0f tokens/s%s%n", norm,
        name, of, tokens() / of * 1e3,
        name.equals(NORMA) ? "" : String.format(Locale.ROOT, ", Norma %.2f x", of / norma)));
    String figure = String.format(Locale.ROOT, "%.0f", tokens() / norma * 1e3);
    Optional<String> best = compiled.stream().filter(mode -> millis.containsKey(COMPILED + mode))
        .min(Comparator.comparing(mode -> millis.get(COMPILED + mode)));
    if (best.isEmpty()) {
      summary.add("tokens/s, " + norm, figure + ", nothing to compare with", "", Verdict.SHOWN);
      return;
    }
    compiled = List.of(best.get());
    double ratio = Objects.requireNonNull(millis.get(COMPILED + best.get())) / norma;
    Double eager = millis.get(EAGER);
    String beside = eager == null ? "" : String.format(Locale.ROOT, ", %.2f x eager", eager / norma);
    summary.add("tokens/s, " + norm, String.format(Locale.ROOT, "%s, %.2f x compiled PyTorch%s", figure, ratio, beside),
        "at least 1.00 x compiled", shape.equals(QUICK) ? Verdict.SHOWN : Verdict.goal(ratio >= 1));
  }

  private int tokens() {
    return shape.batch() * shape.context();
  }

  private Side.Command norma(String norm) {
    List<String> settings = new ArrayList<>(shape.settings());
    settings.addAll(List.of("model.norm.all=" + norm, Assignment.text("data.corpus", corpus), "runtime.backend=cuda",
        "runtime.precision=bf16"));
    return Side.Command.norma(settings);
  }

  private Side.Command torch(String norm, String mode) {
    List<String> words = new ArrayList<>(List.of("python3", script));
    words.addAll(List.of(norm, mode, Integer.toString(vocabulary)));
    IntStream.of(shape.layers(), shape.heads(), shape.width(), shape.context(), shape.batch())
        .forEach(size -> words.add(Integer.toString(size)));
    return new Side.Command("PyTorch " + mode, words, Map.of());
  }
}

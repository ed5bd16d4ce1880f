package norma.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.Stream;
import norma.bench.Comparison.Agreement;
import norma.bench.Comparison.Sample;
import norma.bench.Contender.Step;
import norma.train.metrics.Metrics;

/// Starts the processes of a comparison and lets them take turns.
///
/// @param logs             folder for what they write to standard error
/// @param torchEnvironment of PyTorch's, instead of what it would have
/// @param report           for what the sides tell of themselves
record Trials(Path logs, Map<String, String> torchEnvironment, CompareReport report) {
  /// Of a setting of PyTorch's, until the better one is known.
  private static final int CHOICE_BLOCKS = 5;

  /// One model on one text.
  ///
  /// @param norm     in all slots
  /// @param settings of Norma's configuration, for both sides
  record Model(Shape shape, String norm, List<String> settings) {
    String log(String side) {
      return shape + "-" + norm + "-" + side + ".log";
    }
  }

  /// Multiply-adds in registers.
  void peak() {
    progress("measuring the register peak");
    try (Side peak = new Side(norma("norma.bench.Peak", List.of()), logs.resolve("peak.log"))) {
      report.peak(Double.parseDouble(peak.fact("one_thread")), Double.parseDouble(peak.fact("all_cores")));
    }
  }

  /// The faster of two settings of PyTorch's.
  TorchChoice.Round round(Model model, TorchSetting one, TorchSetting other) {
    progress(model.shape + ": PyTorch with " + one + " or " + other);
    try (Side first = torch(model, one, "torch-one"); Side second = torch(model, other, "torch-other")) {
      first.run(model.shape.choiceWarmup());
      second.run(model.shape.choiceWarmup());
      List<List<Step>> steps = inTurn(List.of(first, second), CHOICE_BLOCKS, model.shape.choiceSteps(), block -> {});
      return new TorchChoice.Round(one, other, Sample.of(steps.getFirst(), 0).medianMillis(),
          Sample.of(steps.getLast(), 0).medianMillis());
    }
  }

  /// Steps of both sides.
  Comparison steps(Model model, TorchSetting setting) {
    progress(model.shape + ", " + model.norm + ": starting both sides");
    try (Side norma = new Side(norma("norma.bench.NormaSide", model.settings), logs.resolve(model.log("norma")));
        Side torch = torch(model, setting, "torch")) {
      report.fact("Norma", norma.fact("backend"));
      report.fact("PyTorch", torch.fact("build"));
      Agreement agreement = Agreement.of(norma.run(Comparison.FIRST_STEPS), torch.run(Comparison.FIRST_STEPS));
      progress(model.shape + ", " + model.norm + ": warming up");
      norma.run(model.shape.warmup() - Comparison.FIRST_STEPS);
      torch.run(model.shape.warmup() - Comparison.FIRST_STEPS);
      List<List<Step>> steps = inTurn(List.of(norma, torch), model.shape.blocks(), model.shape.steps(),
          block -> progress(model.shape + ", " + model.norm + ": block " + block + " of " + model.shape.blocks()));
      return new Comparison(model.shape, model.norm, Long.parseLong(norma.fact("tokens")),
          Double.parseDouble(norma.fact("flops")), agreement, Sample.of(steps.getFirst(), norma.peakBytes()),
          Sample.of(steps.getLast(), torch.peakBytes()));
    }
  }

  /// `norma train` as a user starts it, and PyTorch's steps, half of them before and half after.
  ///
  /// @param quick whether PyTorch only does two blocks and its median counts for all steps
  WholeRun wholeRun(Model model, TorchSetting setting, boolean quick) throws IOException {
    int steps = StepServer.config(model.settings).train().steps();
    progress(model.shape + ", " + model.norm + ": warming up");
    command(List.of("--help"), logs.resolve("help.log")); // makes the class cache where there is none
    try (Side torch = torch(model, setting, "torch")) {
      report.fact("PyTorch", torch.fact("build"));
      List<Step> first = torch.run(model.shape.warmup());
      List<WholeRun.Run> runs = new ArrayList<>();
      List<Double> torchSeconds = new ArrayList<>();
      int half = quick ? model.shape.steps() : (steps + 1) / 2;
      for (int block = 1; block <= model.shape.blocks(); block++) {
        progress(model.shape + ", " + model.norm + ": run " + block + " of " + model.shape.blocks());
        List<Step> torchSteps = new ArrayList<>(torch.run(half));
        runs.add(run(model));
        torchSteps.addAll(torch.run(quick ? half : steps - half));
        torchSeconds.add(WholeRun.seconds(torchSteps, steps));
      }
      return WholeRun.of(model, steps, runs, torchSeconds, first);
    }
  }

  /// Runs `norma train` and reads what it leaves behind.
  private WholeRun.Run run(Model model) throws IOException {
    Path folder = Files.createTempDirectory(logs, "run-");
    try {
      List<String> words = new ArrayList<>(List.of("train"));
      words.addAll(model.settings);
      words.add("output.dir=" + folder);
      double seconds = command(words, logs.resolve(model.log("norma")));
      return WholeRun.Run.of(seconds, Metrics.read(only(folder)));
    } finally {
      delete(folder);
    }
  }

  /// Seconds of Norma's command line, as a user waits for it.
  private static double command(List<String> arguments, Path log) throws IOException {
    Side.Command norma = new Side.Command("Norma", List.of(System.getProperty("norma.home") + "/norma"), Map.of());
    long start = System.nanoTime();
    Process process = norma.with(arguments).builder().redirectErrorStream(true).redirectOutput(log.toFile()).start();
    try {
      if (process.waitFor() != 0) {
        throw new CompareException(
            "norma " + arguments.getFirst() + " ended with code " + process.exitValue() + "; its log is "
                + log);
      }
      return (System.nanoTime() - start) / 1e9;
    } catch (InterruptedException e) {
      process.destroy();
      throw new CompareException("interrupted while norma " + arguments.getFirst() + " ran");
    }
  }

  private static Path only(Path folder) throws IOException {
    try (Stream<Path> runs = Files.list(folder)) {
      return runs.findFirst().orElseThrow();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /// Runs steps of several sides in turn.
  ///
  /// @param steps    of a block
  /// @param progress is told each block's number before it runs
  /// @return all steps of each side
  private static List<List<Step>> inTurn(List<Side> sides, int blocks, int steps, IntConsumer progress) {
    List<List<Step>> all = sides.stream().<List<Step>>map(side -> new ArrayList<>()).toList();
    for (int block = 1; block <= blocks; block++) {
      progress.accept(block);
      for (int i = 0; i < sides.size(); i++) {
        all.get(i).addAll(sides.get(i).run(steps));
      }
    }
    return all;
  }

  private Side torch(Model model, TorchSetting setting, String log) {
    return new Side(setting.command(torchEnvironment, model.settings), logs.resolve(model.log(log)));
  }

  /// The launcher with another main class: flags, libraries and environment are the product's own.
  private static Side.Command norma(String mainClass, List<String> arguments) {
    return new Side.Command("Norma", List.of(System.getProperty("norma.bench.launcher"), mainClass), Map.of())
        .with(arguments);
  }

  private static void progress(String line) {
    System.err.println("bench/compare: " + line);
  }
}

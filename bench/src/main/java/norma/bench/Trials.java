package norma.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import norma.bench.Comparison.Agreement;
import norma.bench.Comparison.Sample;
import norma.bench.Contender.Step;

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
    report.peak(Peak.gigaflops(1), Peak.gigaflops(Runtime.getRuntime().availableProcessors()));
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
    try (Side norma = new Side(Side.Command.norma(model.settings), logs.resolve(model.log("norma")));
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

  private static void progress(String line) {
    System.err.println("bench/compare: " + line);
  }
}

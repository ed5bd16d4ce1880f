package norma.train.profile;

import java.util.List;
import norma.train.config.RunConfig;
import norma.train.run.RecordedStep;

/// Where the time of one configuration's training step goes.
///
/// @param name     of the case
/// @param settings that make it differ from the others, `key=value`
/// @param config   complete
/// @param backend  one line for people
/// @param peaks    of the machine, with as many threads
/// @param steps    whole steps
/// @param rows     parts and phases, in the order of the model
/// @param memory   of the process
/// @param recorded some steps, for the trace
public record Profile(String name, List<String> settings, RunConfig config, String backend, Peaks peaks, Steps steps,
    List<Row> rows, MemoryUse memory, List<RecordedStep> recorded) {

  public Profile {
    settings = List.copyOf(settings);
    rows = List.copyOf(rows);
    recorded = List.copyOf(recorded);
  }

  /// Whole steps.
  ///
  /// @param plain    milliseconds, nobody watching
  /// @param watched  milliseconds, every span recorded
  /// @param overhead median over pairs of neighbouring steps of watched / plain, minus 1
  /// @param rounds   median of the plain steps in each round, milliseconds: rounds of different cases with the same number
  ///     were neighbours in time
  /// @param slots    median of all normalization slots together in each round, milliseconds, both directions
  /// @param count    measured steps of either kind
  /// @param tokens   of a step
  /// @param flops    of a step, by the cost model
  public record Steps(Quartiles plain, Quartiles watched, double overhead, List<Double> rounds, List<Double> slots,
      int count,
      long tokens,
      double flops) {
    public Steps {
      rounds = List.copyOf(rounds);
      slots = List.copyOf(slots);
    }

    /// Rate of the plain steps.
    public double tokensPerSecond() {
      return tokens / plain.median() * 1e3;
    }

    /// Rate of the plain steps.
    public double gigaflops() {
      return flops / plain.median() / 1e6;
    }
  }

  /// Memory in bytes.
  ///
  /// @param passTokens of one pass of one worker
  /// @param weights   parameters
  /// @param gradients of all shards
  /// @param moments   of the optimizer
  /// @param kept      for backward by one pass of one worker, by the cost model
  /// @param arena     held by the arenas of all workers: activations and gradients of the passes in flight, at their peak
  /// @param resident  of the whole process after the steps, if this was its only case; 0 otherwise, and where the system does
  ///     not tell
  public record MemoryUse(long passTokens, long weights, long gradients, long moments, long kept, long arena,
      long resident) {}

  /// Share of the watched step that layers and phases account for; the rest is waiting, or in no row.
  public double attributed() {
    return rows.stream().filter(row -> row.group() != Row.Group.REST).mapToDouble(Row::share).sum();
  }

  /// Share of one of the last two rows.
  public double share(String row) {
    return rows.stream().filter(r -> r.name().equals(row)).mapToDouble(Row::share).sum();
  }
}

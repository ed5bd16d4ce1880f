package norma.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import norma.bench.TorchSetting.Blas;

/// PyTorch at its best on one shape: which BLAS and how many threads.
///
/// @param best   the setting
/// @param rounds in which settings were tried, two at a time
record TorchChoice(TorchSetting best, List<Round> rounds) {

  /// Two settings beside each other.
  ///
  /// @param millis      median time of a step of `one`, in milliseconds
  /// @param otherMillis that of `other`
  record Round(TorchSetting one, TorchSetting other, double millis, double otherMillis) {
    TorchSetting faster() {
      return otherMillis < millis ? other : one;
    }

    @Override
    public String toString() {
      return String.format(Locale.ROOT, "%s %.1f ms, %s %.1f ms", one, millis, other, otherMillis);
    }
  }

  /// Measures two settings in alternating blocks of steps.
  @FunctionalInterface
  interface Measurement {
    Round of(TorchSetting one, TorchSetting other);
  }

  TorchChoice {
    rounds = List.copyOf(rounds);
  }

  /// Tries the libraries with all threads, then the faster one with half of the threads for as long as fewer are faster: two
  /// threads may share a core, and a small model may have no work for many.
  ///
  /// @param libraries to choose from, at least one
  /// @param most      threads to begin with
  /// @param least     threads to end with
  static TorchChoice of(List<Blas> libraries, int most, int least, Measurement measurement) {
    List<Round> rounds = new ArrayList<>();
    TorchSetting best = new TorchSetting(libraries.getFirst(), most);
    for (Blas other : libraries.subList(1, libraries.size())) {
      rounds.add(measurement.of(best, new TorchSetting(other, most)));
      best = rounds.getLast().faster();
    }
    while (best.threads() / 2 >= least) {
      TorchSetting fewer = new TorchSetting(best.blas(), best.threads() / 2);
      rounds.add(measurement.of(best, fewer));
      if (!rounds.getLast().faster().equals(fewer)) {
        break;
      }
      best = fewer;
    }
    return new TorchChoice(best, rounds);
  }

  /// The setting and what it was chosen from.
  @Override
  public String toString() {
    return best + (rounds.isEmpty()
        ? ", as asked for"
        : "; tried: " + rounds.stream().map(Round::toString).collect(Collectors.joining("; ")));
  }
}

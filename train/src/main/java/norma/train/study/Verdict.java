package norma.train.study;

import java.util.Collection;
import java.util.Locale;

/// The verdict on a variant, in fixed words; in the order in which a headline tells them.
public enum Verdict {
  BETTER("better"), WORSE("worse"),
  /// Every run of it diverged, or has learned the frequencies of the characters at most. No number of seeds makes that a comparison.
  DOES_NOT_TRAIN("does not train"), NO_DIFFERENCE_SHOWN("no difference shown"), TOO_FEW_SEEDS("too few seeds to tell"),
  /// Every run of its baseline diverged: there is no loss to hold its own against, with any number of seeds.
  NO_PAIRS("no pairs, since the baseline diverged"),
  /// No run of it came to its end, for reasons that are not the variant's: all failed.
  FAILED("failed"), NOT_RUN("not run yet");

  /// The share of false alarms that is accepted over all comparisons of a study.
  public static final double LEVEL = 0.05;

  private final String words;

  Verdict(String words) {
    this.words = words;
  }

  /// Judges a variant.
  ///
  /// @param results     of all its runs
  /// @param baseline    results of all its baseline's
  /// @param p           after Holm's correction
  /// @param comparisons in the study
  static Verdict of(Collection<CellResult> results, Collection<CellResult> baseline, PairedDifferences differences,
      double p, int comparisons) {
    if (results.isEmpty()) {
      return NOT_RUN;
    }
    if (results.stream().allMatch(CellResult::failed)) {
      return FAILED;
    }
    if (results.stream().allMatch(result -> result.failed() || result.untrained())) {
      return DOES_NOT_TRAIN;
    }
    boolean noPairs = baseline.stream().anyMatch(CellResult::diverged)
        && baseline.stream().allMatch(result -> result.failed() || result.diverged());
    return noPairs
        ? NO_PAIRS
        : of(differences, p, comparisons);
  }

  /// Judges a variant of which some runs were trained.
  static Verdict of(PairedDifferences differences, double p, int comparisons) {
    if (p <= LEVEL) {
      return differences.mean() < 0 ? BETTER : WORSE;
    }
    boolean tooFew = differences.pairs() == 0
        || PairedDifferences.smallestP(differences.pairs()) * Math.max(1, comparisons) > LEVEL;
    return tooFew ? TOO_FEW_SEEDS : NO_DIFFERENCE_SHOWN;
  }

  /// The words alone.
  public String words() {
    return words;
  }

  /// The words with what they leave open: of no difference the largest one that the interval does not exclude, of too few seeds what was seen.
  ///
  /// @param deciding seeds that would be enough; 0 if that is not known
  String text(PairedDifferences differences, int deciding) {
    return switch (this) {
      case NO_DIFFERENCE_SHOWN -> String.format(Locale.ROOT, "%s (could be as large as %.4f)", words,
          differences.studentInterval().largest());
      case TOO_FEW_SEEDS -> deciding == 0
          ? words
          : words + " (" + differences.signs() + "; " + deciding + " seeds would show it)";
      default -> words;
    };
  }
}

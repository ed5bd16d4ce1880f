package norma.train.study;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;

/// How one run of a study ended: `cells/CELL.json`. Losses in nats per token; NaN where there is none.
///
/// @param cell        of the study
/// @param status      `completed`, `diverged` or `failed`
/// @param folder      of the run, below the study's folder
/// @param bestLoss    lowest validation loss: exact, or an estimate where the run has `train.eval_tokens`
/// @param finalLoss   exact validation loss after the last step
/// @param int8Loss    the same of the same weights with linear layers in int8; NaN where nobody has measured it
/// @param unigramLoss  of the tokens' frequencies alone; NaN where nobody has measured it
/// @param steps       taken
/// @param seconds     of the whole run
/// @param tokensPerSecond median of the logged steps
/// @param peakMebibytes   most memory of the process while it ran
/// @param fingerprint CPU, JDK, build, backend and text: pairs with different ones are not compared silently
/// @param error       why it failed or where it diverged, empty otherwise
public record CellResult(String cell, String status, String folder, @JsonProperty("best_val_loss") double bestLoss,
    int bestStep, @JsonProperty("final_val_loss") double finalLoss, @JsonProperty("int8_val_loss") double int8Loss,
    @JsonProperty("unigram_loss") double unigramLoss, int steps, double seconds,
    @JsonProperty("tokens_per_s") double tokensPerSecond,
    @JsonProperty("peak_rss_mib") double peakMebibytes, Map<String, String> fingerprint, String error) {
  /// Of [#unigramLoss], by which a run must fall below it to have learned more; far below what one character of context is worth, which is a fifth
  /// of the loss in the built-in corpus.
  private static final double LEARNED = 0.02;
  static final String COMPLETED = "completed";
  static final String DIVERGED = "diverged";
  static final String FAILED = "failed";

  public CellResult {
    status = status.equals("crashed") ? FAILED : status; // the word before 2026-12
    fingerprint = Map.copyOf(fingerprint);
  }

  /// Makes the result of a run that has recorded nothing.
  static CellResult without(String cell, String status, String error) {
    return new CellResult(cell, status, "", Double.NaN, 0, Double.NaN, Double.NaN, Double.NaN, 0,
        Double.NaN, Double.NaN, Double.NaN, Map.of(), error);
  }

  /// The same run as another cell's, elsewhere.
  CellResult as(String otherCell, String otherFolder) {
    return new CellResult(otherCell, status, otherFolder, bestLoss, bestStep, finalLoss, int8Loss, unigramLoss, steps,
        seconds, tokensPerSecond, peakMebibytes, fingerprint, error);
  }

  /// Says whether the run was trained to its end.
  public boolean completed() {
    return status.equals(COMPLETED);
  }

  /// What a run has learned of its text, held against the frequencies of the tokens.
  enum Learned {
    /// Less than they tell.
    LESS,
    /// The frequencies and nothing else.
    FREQUENCIES,
    /// More, or nobody knows.
    MORE,
    /// The run did not come to its end.
    NO_LOSS
  }

  Learned learned() {
    return !completed()
        ? Learned.NO_LOSS
        : bestLoss > (1 + LEARNED) * unigramLoss
            ? Learned.LESS
            : bestLoss > (1 - LEARNED) * unigramLoss ? Learned.FREQUENCIES : Learned.MORE;
  }

  /// Says whether it is a result, and none of training: the run diverged, or learned no more than the frequencies.
  boolean untrained() {
    return diverged() || (completed() && learned() != Learned.MORE);
  }

  boolean diverged() {
    return status.equals(DIVERGED);
  }

  /// Says whether it is no result: the run could not be trained to any end.
  public boolean failed() {
    return status.equals(FAILED);
  }
}

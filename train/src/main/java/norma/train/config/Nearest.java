package norma.train.config;

import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Finds the valid name that a wrong one was probably meant to be.
public final class Nearest {
  /// What nanoGPT and PyTorch call the same things.
  private static final Map<String, String> SYNONYMS = Map.ofEntries(Map.entry("n_layer", "layers"),
      Map.entry("n_head", "heads"), Map.entry("n_embd", "width"), Map.entry("d_model", "width"),
      Map.entry("hidden_size", "width"), Map.entry("block_size", "context"), Map.entry("learning_rate", "lr"),
      Map.entry("max_iters", "steps"), Map.entry("warmup_iters", "warmup_steps"),
      Map.entry("lr_decay_iters", "decay_steps"), Map.entry("grad_clip", "clip_norm"),
      Map.entry("eval_iters", "eval_batches"),
      Map.entry("eval_interval", "eval_every"), Map.entry("log_interval", "log_every"),
      Map.entry("gradient_accumulation_steps", "accumulate"), Map.entry("dtype", "precision"),
      Map.entry("device", "backend"), Map.entry("out_dir", "dir"), Map.entry("dataset", "corpus"),
      Map.entry("ln", "layernorm"), Map.entry("rms", "rmsnorm"));

  private Nearest() {}

  /// The nearest of the valid names, or null if none is near.
  public static @Nullable String of(String wrong, Collection<String> valid) {
    String synonym = SYNONYMS.get(wrong);
    if (synonym != null && valid.contains(synonym)) {
      return synonym;
    }
    String best = null;
    int bestDistance = 1 + (wrong.length() < 4 ? 1 : Math.max(2, wrong.length() / 3));
    for (String candidate : valid) {
      int distance = sharePrefix(wrong, candidate) ? 1 : distance(wrong, candidate);
      if (distance < bestDistance) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return best;
  }

  /// The end of an error message: `; did you mean x? Known: x, y`, or `. Known: x, y` where no name is near.
  ///
  /// @param prefix of the name that was meant
  /// @param known  introduces the valid names, `Known: `
  public static String advice(String prefix, String wrong, Collection<String> valid, String known) {
    String nearest = of(wrong, valid);
    return (nearest == null ? ". " : "; did you mean " + prefix + nearest + "? ") + known + String.join(", ", valid);
  }

  private static boolean sharePrefix(String a, String b) {
    return Math.min(a.length(), b.length()) >= 3 && (a.startsWith(b) || b.startsWith(a));
  }

  /// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
  private static int distance(String a, String b) {
    if (Math.abs(a.length() - b.length()) > 8) {
      return Integer.MAX_VALUE; // never near, and a key may be a megabyte long
    }
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(d[i - 1][j - 1] + change, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
        if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}

package norma.train.run;

import java.nio.file.Path;
import java.util.List;
import norma.array.Array;
import norma.array.DType;
import norma.autodiff.Pass;
import norma.autodiff.Tape;

/// What a run's model makes of tokens.
public final class Logits {
  private Logits() {}

  /// Of the last checkpoint.
  ///
  /// @param ids (T)
  /// @return (T, V)
  public static double[] of(Path run, int[] ids) {
    SavedRun saved = SavedRun.of(run, null);
    try (LanguageModel model = saved.checkpoint().languageModel(saved.folder().config(List.of()), true);
        Tape tape = new Tape(model.kernels(), model.weights(), null, Pass.EVALUATION, null)) {
      Array input = model.backend().allocate(DType.INT32, 1, ids.length);
      model.backend().write(input, ids);
      return model.backend().read(model.model().logits(tape, input).value());
    }
  }
}

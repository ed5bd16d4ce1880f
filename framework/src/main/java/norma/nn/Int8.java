package norma.nn;

import norma.array.Array;
import norma.autodiff.Pass;
import norma.kernels.Kernels;
import norma.ops.LinearOp;
import norma.ops.Op;

/// Every linear layer reads its input and its weight rounded to int8 by [Kernels#roundRows], one scale for each token and for each
/// output; the bias stays. This is LLM.int8() without its outliers (arXiv:2208.07339, section 2), the W8A8 of SmoothQuant without its
/// smoothing (arXiv:2211.10438).
public final class Int8 {
  /// An evaluation in int8.
  public static final Pass EVALUATION = new Pass(false, Int8::rounded, 0, 0, 0, 0, null);

  private Int8() {}

  private static Array[] rounded(Kernels kernels, Op<?> op, Array[] inputs) {
    if (!(op instanceof LinearOp)) {
      return inputs;
    }
    Array[] rounded = inputs.clone();
    for (int i = 0; i < 2; i++) {
      rounded[i] = kernels.arena().empty(inputs[i].dtype(), inputs[i].shape());
      kernels.roundRows(inputs[i], rounded[i]);
    }
    return rounded;
  }
}

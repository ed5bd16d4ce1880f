package norma.train.data;

import java.util.List;
import java.util.function.LongBinaryOperator;
import java.util.stream.IntStream;

/// Windows over the tokens of one split: inputs, and the targets one token later.
public final class Windows {
  private final int[] tokens;
  private final int context;

  /// A window's place: inputs `[start, start + length)`, targets `[start + 1, start + length + 1)`.
  public record Window(int start, int length) {}

  /// @param tokens (tokens) at least `context + 1`; not copied, not to be modified
  /// @param context T, the length of a window, 1 or more
  public Windows(int[] tokens, int context) {
    assert context > 0 && tokens.length > context : "a split was not checked";
    this.tokens = tokens;
    this.context = context;
  }

  /// Fills consecutive sequences of a stream: those of a whole step, or of a part of one by itself. Sequence `i`
  /// starts at `draw(i)` in `[0, tokens - T)`, nanoGPT's `randint(len(data) - block_size)`: every start that leaves
  /// room for the last target.
  ///
  /// @param draw the random numbers: a uniform one in `[0, bound)` for a place in the stream and a bound, the same whenever it is asked
  /// @param first the number of row 0's sequence, 0 or more
  /// @param inputs (B, T) filled; B is its length by T
  /// @param targets (B, T) filled
  public void sequences(LongBinaryOperator draw, long first, int[] inputs, int[] targets) {
    assert inputs.length % context == 0 && targets.length == inputs.length : "rows of another length";
    for (int row = 0; row < inputs.length / context; row++) {
      long start = draw.applyAsLong(first + row, tokens.length - context);
      copy(new Window(Math.toIntExact(start), context), row, inputs, targets);
    }
  }

  /// The windows of exact evaluation: consecutive, stride T, the last one shorter where T does not divide the
  /// `tokens - 1` predictions. Window `i` has the inputs `[i T, min((i + 1) T, tokens - 1))`, so that every token but the
  /// first is a target exactly once.
  public List<Window> exact() {
    int predictions = tokens.length - 1;
    return IntStream.range(0, Math.ceilDiv(predictions, context))
        .mapToObj(i -> new Window(i * context, Math.min(context, predictions - i * context))).toList();
  }

  /// Whole windows of [#exact] with at most so many predictions in all, spread evenly over the tokens: the same at every call. All of
  /// [#exact] where that is not too much.
  ///
  /// @param most T or more
  public List<Window> spread(int most) {
    if (most >= tokens.length - 1) {
      return exact();
    }
    int whole = (tokens.length - 1) / context;
    int count = most / context;
    return IntStream.range(0, count).mapToObj(i -> (int) ((2L * i + 1) * whole / (2L * count)))
        .map(window -> new Window(window * context, context)).toList();
  }

  /// Copies a window to the start of a row; the rest of the row, for a shorter window, is left as it is.
  ///
  /// @param inputs (B, T)
  /// @param targets (B, T)
  public void copy(Window window, int row, int[] inputs, int[] targets) {
    System.arraycopy(tokens, window.start, inputs, row * context, window.length);
    System.arraycopy(tokens, window.start + 1, targets, row * context, window.length);
  }
}

package norma.autodiff;

import norma.array.Array;
import org.jspecify.annotations.Nullable;

/// A value on a [Tape].
public final class Tensor {
  private final Array value;
  private final @Nullable Parameter parameter;
  private final boolean differentiable;
  @Nullable
  Gradient gradient; // while the tape is played backwards

  /// A gradient, and how many tensors hold its memory at this moment: while there are several, nobody may write to it.
  static final class Gradient {
    final Array array;
    private final int[] owners;

    private Gradient(Array array, int[] owners) {
      this.array = array;
      this.owners = owners;
    }

    /// In memory of its own.
    Gradient(Array array) {
      this(array, new int[]{ 1 });
    }

    /// The same memory, perhaps under another shape, for one more tensor.
    Gradient share(Array view) {
      owners[0]++;
      return new Gradient(view, owners);
    }

    /// One tensor less holds it.
    void release() {
      owners[0]--;
    }

    boolean shared() {
      return owners[0] > 1;
    }

    @SuppressWarnings("ReferenceEquality") // the same memory, not equal memory
    boolean holds(Array other) {
      long from = other.offset();
      return array.memory() == other.memory() && from < array.offset() + array.size()
          && array.offset() < from + other.size();
    }
  }

  Tensor(Array value, @Nullable Parameter parameter, boolean differentiable) {
    this.value = value;
    this.parameter = parameter;
    this.differentiable = differentiable;
  }

  /// The numbers. Gone when the tape is closed, unless this is a parameter or a constant.
  public Array value() {
    return value;
  }

  /// The parameter that this is the value of, if it is one.
  public @Nullable Parameter parameter() {
    return parameter;
  }

  boolean differentiable() {
    return differentiable;
  }

  @Override
  public String toString() {
    return (parameter == null ? "" : parameter.name() + " ") + value;
  }
}

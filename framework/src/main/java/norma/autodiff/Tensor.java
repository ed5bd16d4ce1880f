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

  /// A gradient. While several tensors hold its memory nobody may write to it; when none does, it can be used again.
  static final class Gradient {
    final Array array;
    private final Block block;

    private static final class Block {
      private final Array whole;
      private int owners = 1; // tensors that hold it at this moment

      Block(Array whole) {
        this.whole = whole;
      }
    }

    private Gradient(Array array, Block block) {
      this.array = array;
      this.block = block;
    }

    /// In memory of its own.
    Gradient(Array array) {
      this(array, new Block(array));
    }

    /// The same memory, perhaps under another shape, for one more tensor.
    Gradient share(Array view) {
      block.owners++;
      return new Gradient(view, block);
    }

    /// One tensor less holds it.
    ///
    /// @return the memory, if that was the last one
    @Nullable
    Array release() {
      block.owners--;
      return block.owners == 0 ? block.whole : null;
    }

    boolean shared() {
      return block.owners > 1;
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

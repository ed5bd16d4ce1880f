package norma.models;

import norma.autodiff.Scope;
import norma.autodiff.Tape;
import norma.autodiff.Tensor;
import norma.nn.Norm;
import norma.nn.NormSpec;
import norma.nn.NormTypes;

/// A named place in the model for a normalization.
public final class NormSlot {
  private final String name;
  private final NormSpec spec;
  private final int width;
  private final Norm norm;

  /// @param spec  what stands in the slot
  /// @param scope the slot's name
  /// @param width channels C
  /// @param bias  the model's `bias`
  NormSlot(NormSpec spec, Scope scope, int width, boolean bias) {
    this.name = scope.name();
    this.spec = spec;
    this.width = width;
    this.norm = NormTypes.create(spec, scope, width, bias);
  }

  /// One of a block's.
  ///
  /// @param block its index
  /// @param scope the block's
  /// @param width channels C
  static NormSlot of(GptConfig config, int block, Slot slot, Scope scope, int width) {
    return new NormSlot(config.norm().of(block, slot), scope.child(slot.path()), width, config.bias());
  }

  /// @param x (..., C)
  Tensor forward(Tape tape, Tensor x) {
    return norm.forward(tape, x);
  }

  /// For example `blocks.0.attn.pre`.
  public String name() {
    return name;
  }

  /// Name of the norm type.
  public String type() {
    return spec.type();
  }

  /// Channels C of its input.
  public int width() {
    return width;
  }

  /// Whether nothing stands in it.
  public boolean isEmpty() {
    return spec.type().equals("none");
  }

  /// The layer.
  public Norm norm() {
    return norm;
  }
}

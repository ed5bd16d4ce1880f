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
  private final Norm norm;

  /// @param spec  what stands in the slot
  /// @param scope the slot's name
  /// @param width channels C
  /// @param bias  the model's `bias`
  NormSlot(NormSpec spec, Scope scope, int width, boolean bias) {
    this.name = scope.name();
    this.spec = spec;
    this.norm = NormTypes.create(spec, scope, width, bias);
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

  /// The layer.
  public Norm norm() {
    return norm;
  }
}

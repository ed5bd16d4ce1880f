package norma.autodiff;

import java.util.List;
import norma.array.Array;

/// A learnable tensor: its name, shape and how it starts. Its numbers lie in a [ParameterBuffer].
///
/// @param index   position in the model's list
/// @param name    path of scopes, for example `blocks.0.attn.qkv.weight`
/// @param initial starting values
/// @param decays  whether weight decay applies: to matrices, to vectors and scalars only where their layer says so
/// @param dims    shape, none for a scalar
public record Parameter(int index, String name, Initial initial, boolean decays, List<Integer> dims) {

  /// Starting values: normally distributed with this mean and standard deviation, constant for a deviation of 0.
  public record Initial(double mean, double std) {

    /// All elements equal.
    public static Initial constant(double value) {
      return new Initial(value, 0);
    }

    /// Normal around 0.
    public static Initial normal(double std) {
      return new Initial(0, std);
    }
  }

  /// The shape.
  public int[] shape() {
    return dims.stream().mapToInt(Integer::intValue).toArray();
  }

  /// Number of elements.
  public long size() {
    return Array.size(shape());
  }
}

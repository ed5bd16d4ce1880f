package norma.nn;

import java.util.List;
import norma.autodiff.Scope;

/// A kind of normalization that a slot can name. Norma's own types and a user's are found in the same way, by
/// [java.util.ServiceLoader]; `docs/your-own-norm.md` shows how one is written.
public interface NormType {

  /// The name in the configuration: lower case, one word.
  String name();

  /// What a slot of this type can set. A setting called `bias` has the model's `bias` as its default.
  List<Setting> settings();

  /// A layer of this type in one slot.
  ///
  /// @param scope    name of the slot, under which the parameters are declared
  /// @param width    channels C of its input
  /// @param settings of the slot, complete
  Norm create(Scope scope, int width, NormSettings settings);
}

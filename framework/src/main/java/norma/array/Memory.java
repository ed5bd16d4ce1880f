package norma.array;

/// A flat run of elements that one backend owns. Arrays are windows on it.
public interface Memory extends AutoCloseable {

  /// Type of every element.
  DType dtype();

  /// Number of elements.
  long length();

  /// Fills everything with NaN (integers with their smallest value), so that reading it shows. For debugging.
  void poison();

  /// Gives the memory back. Arrays on it must not be used any more.
  @Override
  void close();
}

package norma.array;

/// Element types of an [Array].
public enum DType {
  FLOAT32(4), FLOAT64(8), INT32(4),
  /// The upper half of a float32; activations on a GPU only.
  BFLOAT16(2);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /// Bytes of one element.
  public int bytes() {
    return bytes;
  }
}

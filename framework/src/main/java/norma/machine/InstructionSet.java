package norma.machine;

/// The vectors that code is assembled for.
public enum InstructionSet {
  /// 256 bits: ymm0 to ymm14, where ymm15 is the mask.
  AVX2("AVX2", 8, 15),
  /// 512 bits: zmm0 to zmm31, where k1 is the mask.
  AVX512("AVX-512", 16, 32);

  private final String label;
  private final int lanes;
  private final int registers;

  InstructionSet(String label, int lanes, int registers) {
    this.label = label;
    this.lanes = lanes;
    this.registers = registers;
  }

  /// Its name, for people.
  public String label() {
    return label;
  }

  /// Numbers of 32 bits in a vector.
  public int lanes() {
    return lanes;
  }

  /// Vector registers beside the mask.
  public int registers() {
    return registers;
  }

  /// Bytes of a vector.
  public int bytes() {
    return 4 * lanes;
  }

  /// Vectors that hold so many numbers.
  public int vectors(int numbers) {
    return (numbers + lanes - 1) / lanes;
  }
}

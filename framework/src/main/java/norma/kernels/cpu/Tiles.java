package norma.kernels.cpu;

/// What all products are made of. A sum goes over the inner dimension in order, by fused
/// multiply-adds from zero on; where it is added to something, it is finished first.
///
/// Operands are float32 as they lie. Tiles of bfloat16 want them rounded, by [#rows], [#columns] and [#pack], and read two steps of the
/// inner dimension as one number of 32 bits.
interface Tiles {

  /// Columns of a panel.
  int panel();

  /// In a few words, for people.
  String description();

  /// Numbers of 32 bits that hold so many steps of the inner dimension.
  default int steps(int inner) {
    return inner;
  }

  /// `C = A B`, or `C += A B`.
  ///
  /// @param inner      in numbers, not in steps
  /// @param a          (rows, steps), or (steps, rows) if it is transposed
  /// @param transposed whether A is the transpose of what lies there
  /// @param b          (steps, columns)
  /// @param c          (rows, columns), apart from the operands
  void multiply(int rows, int columns, int inner, Matrix a, boolean transposed, Panels b, Matrix c, boolean add);

  /// A left operand (rows, inner), in spare memory unless it can be read as it lies.
  default Matrix rows(Matrix a, int rows, int inner, Spare spare) {
    return a;
  }

  /// A left operand that is transposed, (inner, rows), in spare memory unless it can be read as it lies.
  default Matrix columns(Matrix a, int inner, int rows, Spare spare) {
    return a;
  }

  /// Packs (inner, columns) into panels.
  void pack(Matrix b, int inner, int columns, Panels to);

  /// Writes the transpose of (rows, columns), numbers of 32 bits.
  void transpose(Matrix from, int rows, int columns, Matrix to);

  /// Packs the transpose of (columns, steps), which [#rows] has made ready, into panels.
  default void packTransposed(Matrix b, int inner, int columns, Panels to) {
    for (int j = 0; j < columns; j += panel()) {
      transpose(b.from(j), Math.min(panel(), columns - j), steps(inner), to.panel(j / panel()));
    }
  }
}

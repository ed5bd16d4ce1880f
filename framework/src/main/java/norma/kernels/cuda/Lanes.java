package norma.kernels.cuda;

/// How the lanes of a warp lie over a row: each has `chunks` runs of `count` neighbours, which are 32 `count` elements apart. What lies
/// beyond one such piece of the row is another piece. A kernel is compiled for one width, so that its loops have constant bounds and what
/// a lane has of a row stays in registers.
///
/// @param width  of the row
/// @param count  neighbours: of one access to memory
/// @param chunks accesses
record Lanes(int width, int count, int chunks) {
  static final int WARP = 32;

  /// The lanes' shares that leave fewest lanes idle.
  ///
  /// @param most  elements of a lane
  /// @param widest elements of the widest access
  static Lanes of(int width, int most, int widest) {
    int part = Math.ceilDiv(width, Math.ceilDiv(width, WARP * most));
    Lanes best = new Lanes(width, 1, Math.ceilDiv(part, WARP));
    for (int count = 2; count <= widest; count *= 2) {
      Lanes other = new Lanes(width, count, Math.ceilDiv(part, WARP * count));
      if (width % count == 0 && other.piece() <= best.piece()) {
        best = other;
      }
    }
    return best;
  }

  /// Elements of a row that a warp holds at once.
  int piece() {
    return WARP * count * chunks;
  }

  /// Elements that a lane holds at once.
  int held() {
    return count * chunks;
  }

  int pieces() {
    return Math.ceilDiv(width, piece());
  }

  /// Whether every lane has its share of every piece.
  boolean full() {
    return width % piece() == 0;
  }
}

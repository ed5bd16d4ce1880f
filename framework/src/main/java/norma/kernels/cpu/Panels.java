package norma.kernels.cpu;

import java.lang.foreign.MemorySegment;

/// The right operand of a product: panels of [Tiles#panel] columns, the last one narrower.
///
/// @param at   the first element of the first panel
/// @param step from one step of the inner dimension to the next, in elements
/// @param next from one panel to the next, in elements
record Panels(MemorySegment segment, long at, long step, long next) {

  /// A matrix as it lies.
  static Panels of(Matrix b, Tiles tiles) {
    return new Panels(b.segment(), b.at(), b.row(), tiles.panel());
  }

  /// Panels that lie one after the other in spare memory, to be packed.
  static Panels in(Spare spare, int inner, int columns, Tiles tiles) {
    int panel = tiles.panel();
    long next = (long) panel * tiles.steps(inner);
    return new Panels(spare.floats(Math.ceilDiv(columns, panel) * next), 0, panel, next);
  }

  /// One panel.
  Matrix panel(int number) {
    return new Matrix(segment, at + number * next, step);
  }
}

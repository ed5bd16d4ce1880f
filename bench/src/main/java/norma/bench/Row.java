package norma.bench;

import java.util.List;
import java.util.Map;

/// A line of a comparison's table: one model, both sides.
///
/// Implementations print themselves for people ([#line]) and name their figures for programs ([#figures], [#samples]).
sealed interface Row permits Comparison, WholeRun {
  /// S or M.
  String shape();

  /// Type in every slot of the GPT-2 arrangement.
  String norm();

  /// Whether both sides computed the same.
  boolean agrees();

  /// The line of a table in Markdown.
  ///
  /// @param peak GFLOP/s of multiply-adds in registers on all cores
  String line(double peak);

  /// One number each, in the order of the columns.
  ///
  /// @param peak as in [#line]
  Map<String, Object> figures(double peak);

  /// Every measurement.
  Map<String, List<Double>> samples();
}

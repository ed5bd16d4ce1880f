package norma.bench;

import java.util.List;
import java.util.Map;

/// A line of a comparison's table: one model, both sides.
///
/// @param norm    type in every slot of the GPT-2 arrangement
/// @param agrees  whether both sides computed the same
/// @param line    of the table in Markdown
/// @param figures one number each, in the order of the columns
/// @param samples every measurement
record Row(Shape shape, String norm, boolean agrees, String line, Map<String, Object> figures,
    Map<String, List<Double>> samples) {}

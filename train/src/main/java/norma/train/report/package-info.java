/// Tables, charts and pages: one [norma.train.report.Table] for terminal, Markdown, HTML and CSV, one
/// [norma.train.report.Svg] with the colours, one [norma.train.report.Template] for the pages.
/// A run's own page and pictures are made from its folder alone; nothing here starts or loads a model.
@NullMarked
package norma.train.report;

import org.jspecify.annotations.NullMarked;

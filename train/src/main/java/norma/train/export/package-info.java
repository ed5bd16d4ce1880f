/// A run in the forms of other tools. Each form is a constant of [norma.train.export.ExportFormat] and a class that writes it; what a
/// model computes is read from the ops and formulas that it is made of. Nothing here trains, and nothing here prints.
@NullMarked
package norma.train.export;

import org.jspecify.annotations.NullMarked;

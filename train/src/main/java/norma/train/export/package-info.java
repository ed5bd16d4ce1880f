/// A run in the forms of other tools, and models of others as runs ([norma.train.export.ModelImport]). Each form is a constant of
/// [norma.train.export.ExportFormat], which knows what writes it; what a model computes is read from the ops and formulas that it is
/// made of. Nothing here trains, and nothing here prints.
@NullMarked
package norma.train.export;

import org.jspecify.annotations.NullMarked;

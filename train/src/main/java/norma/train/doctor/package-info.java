/// `norma doctor`: what slows a run on this machine. Each check reads texts of the system or counts for less than a second, and becomes a
/// [norma.train.doctor.Finding]. Training steps are measured by `norma profile`.
@NullMarked
package norma.train.doctor;

import org.jspecify.annotations.NullMarked;

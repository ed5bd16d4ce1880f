/// `norma doctor`: what slows a run on this machine. What is recognized in a text (a file of the system, a flag) is separate from
/// what is measured, and both become a [norma.train.doctor.Finding].
@NullMarked
package norma.train.doctor;

import org.jspecify.annotations.NullMarked;

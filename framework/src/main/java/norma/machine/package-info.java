/// Machine code: assembled here, mapped here, called from here. It knows nothing of arrays or kernels.
///
/// [norma.machine.Assembler] writes instructions for x86-64 with AVX2 or AVX-512, [norma.machine.Executable] makes functions of
/// them, and [norma.machine.Cpu] says what the CPU and the operating system can run. Nothing else in Norma maps memory that can
/// be executed. The reasons are in `docs/decisions/0009-machine-code.md`.
///
/// A fault inside of a function ends the process without a Java stack: whoever calls one has checked that the addresses, strides
/// and counts stay inside of live memory.
@NullMarked
package norma.machine;

import org.jspecify.annotations.NullMarked;

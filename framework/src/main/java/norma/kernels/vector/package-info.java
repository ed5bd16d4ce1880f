/// Fused float32 kernels for host memory, written with the JDK's Vector API: the only package that uses it.
///
/// Each family is one file with forward and backward side by side. Offsets are `long`: a sum of what stays the same in a loop and
/// of a constant times the loop's `int`, from which HotSpot proves the bounds once before the loop. The last columns that do
/// not fill a vector are scalar.
///
/// With more than about 25 vector operations in one compilation HotSpot stops inlining them, every vector becomes an object and
/// the kernel ten times slower. So the innermost loops are in classes whose names end in `Loops`, which callers must not
/// absorb: the launcher and the tests say so by `-XX:CompileCommand=dontinline,*Loops::*`. Products and packing are there as a
/// whole, or HotSpot compiles them again inside of everybody who calls them, attention first. The other way round, a load or a
/// store that HotSpot happens to have compiled on its own stays a call, and its vector an object: `inline,...Vectors::*` and
/// `...::*Here`, helpers of loops, forbid that. Without the flags the results are the same.
@NullMarked
package norma.kernels.vector;

import org.jspecify.annotations.NullMarked;

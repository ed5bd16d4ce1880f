/// Looks at trained runs: the curves of their normalization slots, element-wise functions fitted to these, and transplants of the fits.
/// It trains nothing of its own and knows no study.
@NullMarked
package norma.train.inspect;

import org.jspecify.annotations.NullMarked;

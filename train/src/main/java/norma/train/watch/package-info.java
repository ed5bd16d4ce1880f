/// A page in a browser that follows runs and studies while they go on: who may see it, and when it changes. What it shows is the reports'.
@NullMarked
package norma.train.watch;

import org.jspecify.annotations.NullMarked;

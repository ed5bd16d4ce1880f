/// Several processes that take one step together, on one machine or many. The process that trains gives parts of each step's batch to those that
/// have joined it, with the weights, and gets their gradients back; so a process that joins has no state, and may come and go.
/// What a step computes is the run's business: here are connections, and who computes what.
@NullMarked
package norma.train.team;

import org.jspecify.annotations.NullMarked;

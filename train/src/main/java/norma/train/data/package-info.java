/// From a text to batches of token ids: [norma.train.data.Corpora] loads a [norma.train.data.Corpus],
/// [norma.train.data.Vocabulary] numbers its characters, [norma.train.data.Split] cuts it in two,
/// [norma.train.data.Windows] cuts windows from a split. A character is a Unicode code point; nothing is normalized.
///
/// Shapes: B batch, T time (the context).
@NullMarked
package norma.train.data;

import org.jspecify.annotations.NullMarked;

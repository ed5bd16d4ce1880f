package norma.kernels;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.array.Array;
import norma.formula.Formula;
import norma.kernels.KernelCall.Kind;
import norma.kernels.KernelCall.Operand;
import org.jspecify.annotations.Nullable;

/// The kernels of a training step, for those who check or measure them.
///
/// @param batch B
/// @param time  T
/// @param width C
/// @param heads H
public record KernelCalls(int batch, int time, int width, int heads) {

  /// R.
  public int rows() {
    return batch * time;
  }

  /// `y = a + b`.
  public KernelCall add() {
    return forward("add", List.of(rows(width), rows(width)), List.of(rows(width)), 0,
        (k, in, out) -> k.add(in[0], in[1], to(out[0])));
  }

  /// Dropout.
  public KernelCall dropout(DropMask mask) {
    return forward("dropout", List.of(rows(width)), List.of(rows(width)), 0,
        (k, in, out) -> k.dropout(in[0], mask, grad(out[0])));
  }

  /// A normalization, an activation or a gate, with the slopes that it keeps.
  ///
  /// @param name of the formula
  public KernelCall formula(String name, Formula formula) {
    List<Operand> inputs = inputs(formula);
    int count = inputs.size();
    inputs.add(statistics(formula));
    return forward("formula " + name, inputs, formula.outputNames().stream().map(_ -> rows(width)).toList(), 0,
        (k, in, out) -> k.formula(formula, Arrays.asList(in).subList(0, count),
            Stream.of(out).map(KernelCalls::to).toList(), in[count]));
  }

  /// Gradients of [#formula], which gets slopes in the places of x and u where forward keeps those.
  public KernelCall formulaBackward(String name, Formula formula) {
    List<Operand> inputs = inputs(formula);
    List<Operand> outputs = List.copyOf(inputs);
    int statistics = outputs.size() + 1;
    boolean slopes = formula.outputNames().size() > 1;
    inputs.addFirst(rows(width));
    inputs.add(statistics(formula));
    if (!slopes) {
      inputs.add(Operand.of(Kind.KEPT, rows(), width)); // y, which only forward needs
    }
    KernelCall.Body forward = (k, in, out) -> k.formula(formula, Arrays.asList(in).subList(1, statistics),
        List.of(in[statistics + 1]), in[statistics]);
    return new KernelCall("formulaBackward " + name, inputs, outputs, 0, slopes ? KernelCall.NOTHING : forward,
        (k, in, out) -> k.formulaBackward(formula, in[0], Arrays.asList(in).subList(1, statistics), in[statistics],
            Arrays.asList(out)));
  }

  /// `y = x W^T`, with a bias or without.
  ///
  /// @param out columns of y
  public KernelCall linear(int out, boolean bias) {
    List<Operand> inputs = new ArrayList<>(List.of(rows(width), Operand.of(Kind.MATRIX, out, width)));
    if (bias) {
      inputs.add(Operand.of(Kind.SMALL, out));
    }
    return forward("linear", inputs, List.of(rows(out)), 2.0 * rows() * width * out,
        (k, in, y) -> k.linear(in[0], in[1], bias ? in[2] : null, to(y[0])));
  }

  /// Gradients of [#linear] for x, W and, with a bias, b.
  public KernelCall linearBackward(int out, boolean bias) {
    List<Operand> outputs = new ArrayList<>(List.of(rows(width), Operand.of(Kind.WEIGHT, out, width)));
    if (bias) {
      outputs.add(Operand.of(Kind.SMALL, out));
    }
    return forward("linearBackward", List.of(rows(out), rows(width), Operand.of(Kind.MATRIX, out, width)), outputs,
        4.0 * rows() * width * out,
        (k, in, d) -> k.linearBackward(in[0], in[1], in[2], d[0], d[1], bias ? d[2] : null));
  }

  /// Causal attention: two products of the lower triangle.
  ///
  /// @param kvHeads K
  public KernelCall attention(int kvHeads, DropMask drop) {
    return forward("attention", List.of(sequences(qkv(kvHeads))),
        List.of(sequences(width), Operand.of(Kind.STATISTICS, batch, heads, time)), 4 * pairs(),
        (k, in, out) -> k.attention(in[0], heads, drop, to(out[0]), to(out[1])));
  }

  /// Gradient of [#attention]: the scores once more, then the gradients of weights, queries, keys and values (Dao et al.,
  /// arXiv:2205.14135), five products.
  ///
  /// @param kvHeads K
  public KernelCall attentionBackward(int kvHeads, DropMask drop) {
    return new KernelCall("attentionBackward",
        List.of(sequences(width), sequences(qkv(kvHeads)), Operand.of(Kind.KEPT, batch, time, width),
            Operand.of(Kind.STATISTICS, batch, heads, time)),
        List.of(sequences(qkv(kvHeads))), 10 * pairs(), (k, in, out) -> k.attention(in[1], heads, drop, in[2], in[3]),
        (k, in, out) -> k.attentionBackward(in[0], in[1], in[2], in[3], heads, drop, out[0]));
  }

  /// Attention of the newest of [#rows] tokens of one sequence.
  ///
  /// @param kvHeads K
  /// @param newest  how many
  public KernelCall cachedAttention(int kvHeads, int newest) {
    List<Operand> inputs = List.of(Operand.of(Kind.ACTIVATION, 1, newest, qkv(kvHeads)),
        Operand.of(Kind.CACHE, rows(), qkv(kvHeads) - width));
    double pairs = (rows() - (newest - 1) / 2.0) * newest * width;
    return forward("cachedAttention", inputs, List.of(Operand.of(Kind.ACTIVATION, 1, newest, width)), 4 * pairs,
        (k, in, out) -> k.cachedAttention(in[0], in[1], rows() - newest, heads, to(out[0])));
  }

  /// Rotary position embedding of queries and keys; its gradient costs the same.
  ///
  /// @param kvHeads   K
  /// @param headWidth even
  /// @param first     position of the first row
  public KernelCall rotate(int kvHeads, int headWidth, int first) {
    Operand qkv = sequences((heads + 2 * kvHeads) * headWidth);
    return forward("rotate", List.of(qkv), List.of(qkv), 0,
        (k, in, out) -> k.rotate(in[0], heads + kvHeads, headWidth, first, false, grad(out[0])));
  }

  private int qkv(int kvHeads) {
    return width / heads * (heads + 2 * kvHeads);
  }

  /// Pairs of a query and a key that it sees, over all heads, times the head's width.
  private double pairs() {
    return (double) rows() * (time + 1) / 2 * width;
  }

  /// Rows of two tables, or of one.
  ///
  /// @param vocabulary V
  /// @param positions  at least first + T; 0 without
  /// @param first      position of each sequence's first token
  public KernelCall embedding(int vocabulary, int positions, int first) {
    List<Operand> inputs = new ArrayList<>(
        List.of(Operand.ids(vocabulary, batch, time), Operand.of(Kind.WEIGHT, vocabulary, width)));
    if (positions > 0) {
      inputs.add(Operand.of(Kind.WEIGHT, positions, width));
    }
    return forward("embedding", inputs, List.of(sequences(width)), 0,
        (k, in, out) -> k.embedding(in[0], in[1], positions > 0 ? in[2] : null, first, to(out[0])));
  }

  /// Gradients of the two tables.
  public KernelCall embeddingBackward(int vocabulary, int positions) {
    return forward("embeddingBackward", List.of(sequences(width), Operand.ids(vocabulary, batch, time)),
        List.of(Operand.of(Kind.WEIGHT, vocabulary, width), Operand.of(Kind.WEIGHT, positions, width)), 0,
        (k, in, out) -> k.embeddingBackward(in[0], in[1], out[0], out[1]));
  }

  /// Loss, and the gradient of the logits if it is asked for.
  ///
  /// @param scale weight of one row
  public KernelCall crossEntropy(int vocabulary, double scale, boolean gradient) {
    Operand loss = Operand.of(Kind.LOSS);
    return forward("crossEntropy", List.of(rows(vocabulary), Operand.ids(vocabulary, rows())),
        gradient ? List.of(loss, rows(vocabulary)) : List.of(loss), 0,
        (k, in, out) -> k.crossEntropy(in[0], in[1], scale, to(out[0]), gradient ? to(out[1]) : null));
  }

  /// A copy of activations.
  public static KernelCall copy(int elements) {
    Operand activations = Operand.of(Kind.ACTIVATION, elements);
    return forward("multiply", List.of(activations), List.of(activations), 0,
        (k, in, out) -> k.multiply(in[0], 1, grad(out[0])));
  }

  /// Gradients of a step's shards, added up, and the sum of their squares.
  ///
  /// @param shards without the first, which the others are added to
  public static KernelCall sum(int parameters, int shards) {
    List<Operand> inputs = new ArrayList<>(List.of(Operand.of(Kind.UPDATED, parameters)));
    IntStream.range(0, shards).forEach(i -> inputs.add(Operand.of(Kind.WEIGHT, parameters)));
    return forward("sumInPlace", inputs, List.of(), 0, (k, in, out) -> {
      if (Double.isNaN(k.sumInPlace(in[0], Arrays.asList(in).subList(1, in.length)))) {
        throw new IllegalStateException("the sum of squares is no number");
      }
    });
  }

  /// One update of some parameters.
  public static KernelCall adamW(int parameters) {
    AdamW constants = new AdamW(1e-6, 0.9, 0.99, 1e-8, 0.1, 100, 1);
    Operand updated = Operand.of(Kind.UPDATED, parameters);
    return forward("adamWInPlace", List.of(updated, Operand.of(Kind.WEIGHT, parameters), updated, updated), List.of(),
        0,
        (k, in, out) -> k.adamWInPlace(in[0], in[1], in[2], in[3], constants));
  }

  private static KernelCall forward(String kernel, List<Operand> inputs, List<Operand> outputs, double flops,
      KernelCall.Body body) {
    return new KernelCall(kernel, List.copyOf(inputs), List.copyOf(outputs), flops, KernelCall.NOTHING, body);
  }

  private Operand rows(int columns) {
    return Operand.of(Kind.ACTIVATION, rows(), columns);
  }

  private Operand sequences(int columns) {
    return Operand.of(Kind.ACTIVATION, batch, time, columns);
  }

  private List<Operand> inputs(Formula formula) {
    List<Operand> all = new ArrayList<>(formula.inputs().stream().map(_ -> rows(width)).toList());
    formula.parameters().forEach(p -> all.add(p.perChannel() ? Operand.of(Kind.SMALL, width) : Operand.of(Kind.SMALL)));
    return all;
  }

  private Operand statistics(Formula formula) {
    return new Operand(Kind.STATISTICS, 0, k -> new int[]{ k.kept(formula), rows() });
  }

  static Grad grad(@Nullable Grad grad) {
    return Objects.requireNonNull(grad);
  }

  static Array to(@Nullable Grad grad) {
    return grad(grad).array();
  }
}

package norma.train.profile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import norma.models.BlockName;

/// One part of a layer, or one phase, in a step.
///
/// @param name     `blocks.0.attn.qkv`, `optimizer`, `waiting`, ...
/// @param group    what kind of work it is
/// @param forward  milliseconds in a step, the mean over the workers, so that rows add up to the step; phases have only these
/// @param backward milliseconds in a step, likewise
/// @param calls    in a step, of all workers
/// @param share    of the half of the steps whose length is nearest to the median, 0 to 1; shares of all rows add up to 1
/// @param work     what has to be done in a step
/// @param memory   what it keeps
/// @param roof     the least time that the machine's peaks allow, NaN where nothing is counted
public record Row(String name, Group group, Quartiles forward, Quartiles backward, int calls, double share, Work work,
    Memory memory, Roof roof) {

  /// A kind of work, with its name for people and its place in the palette. Groups without a colour of their own stand apart from
  /// those with the same.
  public enum Group {
    /// Token and position embedding with what belongs to it.
    EMBEDDING("embedding", 7),
    /// Normalization slots.
    NORM("normalization", 1),
    /// Products of linear layers in attention: queries, keys and values, and the projection.
    ATTENTION_PRODUCTS("attention products", 0),
    /// Attention proper: scores, softmax and weighted sum.
    ATTENTION("attention", 5),
    /// Products of the MLP.
    MLP_PRODUCTS("MLP products", 2),
    /// The activation.
    ACTIVATION("activation", 3),
    /// Residual adds and dropout.
    RESIDUAL("residual", 4),
    /// The product with the vocabulary, and the loss.
    HEAD("head and loss", 6),
    /// Work of no layer: weights in the order of products, data, clipping, optimizer.
    PHASE("phases", 7),
    /// Workers that wait for the slowest, and what stands in no other row.
    REST("rest", 7);

    final String title;
    final int colour;

    Group(String title, int colour) {
      this.title = title;
      this.colour = colour;
    }
  }

  /// Counted, not measured: see [norma.ops.Cost].
  ///
  /// @param forwardFlops  of a step
  /// @param backwardFlops of a step
  /// @param forwardBytes  read and written in a step, each array of an operation once
  /// @param backwardBytes likewise
  public record Work(double forwardFlops, double backwardFlops, double forwardBytes, double backwardBytes) {
    static final Work NONE = new Work(0, 0, 0, 0);

    /// Both directions.
    public double flops() {
      return forwardFlops + backwardFlops;
    }

    /// Both directions.
    public double bytes() {
      return forwardBytes + backwardBytes;
    }
  }

  /// Bytes of one pass of one worker.
  ///
  /// @param kept  for backward, by the cost model: an array that two operations keep counts at the first
  /// @param arena taken from the arena in forward: output, savings, temporaries that live to the end of the pass
  public record Memory(long kept, long arena) {
    static final Memory NONE = new Memory(0, 0);
  }

  /// The least time that the machine's peaks allow.
  ///
  /// @param millis    least time of a step's work
  /// @param copies    what copies of its bytes take alone
  /// @param bandwidth whether bytes bound it, not products
  public record Roof(double millis, double copies, boolean bandwidth) {
    static final Roof NONE = new Roof(Double.NaN, Double.NaN, false);
  }

  /// Milliseconds of both directions.
  public double millis() {
    return forward.median() + backward.median();
  }

  /// Rate of a step's tokens through this row; NaN for waiting and the rest, which no token passes.
  public double tokensPerSecond(long tokens) {
    return group == Group.REST ? Double.NaN : tokens / millis() * 1e3;
  }

  /// Reached in both directions together; NaN where nothing is counted.
  public double gigaflops() {
    return work.flops() == 0 ? Double.NaN : work.flops() / millis() / 1e6;
  }

  /// Reached in both directions together; NaN where nothing is counted.
  public double gigabytes() {
    return work.bytes() == 0 ? Double.NaN : work.bytes() / millis() / 1e6;
  }

  /// Floating-point operations for each byte; NaN where no bytes are counted.
  public double intensity() {
    return work.bytes() == 0 ? Double.NaN : work.flops() / work.bytes();
  }

  /// How many times longer it takes than the peaks allow; NaN where nothing is counted.
  public double distance() {
    return millis() / roof.millis;
  }

  /// Sums the rows that stand in every block over the blocks, and leaves the rest as it is; in the order of the rows.
  static List<Row> overBlocks(List<Row> rows) {
    List<Row> sums = new ArrayList<>();
    parts(rows).forEach((name, some) -> sums.add(sum(name, some.getFirst().group(), some)));
    return sums;
  }

  /// The rows by their names without the block.
  static Map<String, List<Row>> parts(List<Row> rows) {
    return rows.stream().collect(
        Collectors.groupingBy(row -> BlockName.of(row.name()).path(), LinkedHashMap::new, Collectors.toList()));
  }

  /// Their sum. Quartiles are added like medians, which is right where the rows are slow and fast in the same steps, and too wide
  /// otherwise. Nothing is counted where one of them takes time and has no counted work: the others' work would stand beside its time.
  static Row sum(String name, Group group, List<Row> rows) {
    boolean counted = rows.stream().noneMatch(row -> row.millis() > 0 && Double.isNaN(row.roof().millis()));
    Work work = counted
        ? new Work(sum(rows, row -> row.work().forwardFlops()), sum(rows, row -> row.work().backwardFlops()),
            sum(rows, row -> row.work().forwardBytes()), sum(rows, row -> row.work().backwardBytes()))
        : Work.NONE;
    Memory memory = new Memory(rows.stream().mapToLong(row -> row.memory().kept()).sum(),
        rows.stream().mapToLong(row -> row.memory().arena()).sum());
    return new Row(name, group, spread(rows, Row::forward), spread(rows, Row::backward),
        rows.stream().mapToInt(Row::calls).sum(), sum(rows, Row::share), work, memory,
        counted ? roof(rows) : Roof.NONE);
  }

  private static Roof roof(List<Row> rows) {
    List<Row> counted = rows.stream().filter(row -> !Double.isNaN(row.roof().millis())).toList();
    if (counted.isEmpty()) {
      return Roof.NONE;
    }
    double millis = sum(counted, row -> row.roof().millis());
    double bytes = sum(counted, row -> row.roof().bandwidth() ? row.roof().millis() : 0);
    return new Roof(millis, sum(counted, row -> row.roof().copies()), bytes > millis / 2);
  }

  private static Quartiles spread(List<Row> rows, Function<Row, Quartiles> direction) {
    return new Quartiles(sum(rows, row -> direction.apply(row).median()), sum(rows, row -> direction.apply(row).low()),
        sum(rows, row -> direction.apply(row).high()));
  }

  private static double sum(List<Row> rows, ToDoubleFunction<Row> number) {
    return rows.stream().mapToDouble(number).sum();
  }
}

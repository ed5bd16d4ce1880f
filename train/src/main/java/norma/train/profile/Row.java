package norma.train.profile;

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
public record Row(String name, Group group, Spread forward, Spread backward, int calls, double share, Work work,
    Memory memory, Roof roof) {

  /// Kinds of work.
  public enum Group {
    /// Token and position embedding with what belongs to it.
    EMBEDDING,
    /// Normalization slots.
    NORM,
    /// Products of linear layers in attention: queries, keys and values, and the projection.
    ATTENTION_PRODUCTS,
    /// Attention proper: scores, softmax and weighted sum.
    ATTENTION,
    /// Products of the MLP.
    MLP_PRODUCTS,
    /// The activation.
    ACTIVATION,
    /// Residual adds and dropout.
    RESIDUAL,
    /// The product with the vocabulary, and the loss.
    HEAD,
    /// What is no layer: weights in the order of products, data, clipping, optimizer.
    PHASE,
    /// Workers that wait for the slowest, and what stands in no other row.
    REST
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

  /// What the machine's peaks allow.
  ///
  /// @param millis    least time of a step's work
  /// @param bandwidth whether bytes bound it, not products
  public record Roof(double millis, boolean bandwidth) {
    static final Roof NONE = new Roof(Double.NaN, false);
  }

  /// Milliseconds of both directions.
  public double millis() {
    return forward.median() + backward.median();
  }

  /// Of a step's tokens through this row; NaN for waiting and the rest, which no token passes.
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
}

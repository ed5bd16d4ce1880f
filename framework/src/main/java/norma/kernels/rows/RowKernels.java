package norma.kernels.rows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import norma.array.Array;
import norma.array.DType;
import norma.array.HostMemory;
import norma.formula.Expr;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.Interpreter;
import norma.formula.Plan;
import norma.formula.Routine;
import norma.kernels.Grad;
import norma.kernels.rows.RowPrograms.Program;
import norma.kernels.rows.RowPrograms.Wanted;
import org.jspecify.annotations.Nullable;

/// Calls the code of formulas, for one worker thread: computes numbers and vectors before a call and gradients of parameters after it.
/// Sums over rows run in float for a vector's channels, in double over the rows' values for numbers.
public final class RowKernels implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final long LINE = HostMemory.ALIGNMENT_BYTES;

  private final RowPrograms programs;
  private final IdentityHashMap<Program, Rows> known = new IdentityHashMap<>();
  private HostMemory spare = HostMemory.allocate(DType.FLOAT32, 1);

  /// @param programs of the backend
  public RowKernels(RowPrograms programs) {
    this.programs = programs;
  }

  /// Values of a row that forward leaves for backward.
  public int statistics(Formula formula) {
    return programs.plan(formula).kept().size();
  }

  /// See [norma.kernels.Kernels#formula].
  public void forward(Formula formula, List<Array> inputs, List<Array> outputs, Array statistics) {
    Call call = new Call(programs.forward(formula, inputs.getFirst().dim(-1)), formula, inputs);
    call.elements(formula.inputs(), inputs);
    call.elements(formula.outputNames(), outputs);
    call.rows("stored0", call.program.kept(), statistics);
    call.bound.run(call.rows);
  }

  /// See [norma.kernels.Kernels#formulaBackward].
  public void backward(Formula formula, Array dy, List<Array> inputs, Array statistics,
      List<@Nullable Grad> gradients) {
    int points = formula.inputs().size();
    List<Boolean> wanted = new ArrayList<>();
    List<Boolean> added = new ArrayList<>();
    for (Grad gradient : gradients) {
      added.add(added.size() < points && gradient != null && gradient.add());
      wanted.add(gradient != null);
    }
    Program program = programs.backward(formula, inputs.getFirst().dim(-1), new Wanted(wanted, added));
    Call call = new Call(program, formula, inputs);
    call.elements(List.of("dy"), List.of(dy));
    call.elements(formula.saved(), inputs);
    for (int i = 0; i < points; i++) {
      Grad gradient = gradients.get(i);
      if (gradient != null) {
        call.elements(List.of("d" + formula.inputs().get(i)), List.of(gradient.array()));
      }
    }
    List<@Nullable Grad> ofParameters = gradients.subList(points, gradients.size());
    call.rows("kept0", program.kept(), statistics);
    call.sums(ofParameters);
    call.bound.run(call.rows);
    call.put(formula, ofParameters);
  }

  /// A routine, which remembers its operands: the same one for every call.
  ///
  /// @param width elements of a row
  public Rows routine(Routine routine, int width) {
    return routine(routine, width, width);
  }

  /// The same with strided operands.
  ///
  /// @param stride elements from row to row of theirs
  public Rows routine(Routine routine, int width, int stride) {
    return bound(programs.routine(routine, width, stride));
  }

  private Rows bound(Program program) {
    return known.computeIfAbsent(program, Rows::new);
  }

  private MemorySegment floats(long size) {
    if (spare.length() < size) {
      spare.close();
      spare = HostMemory.allocate(DType.FLOAT32, size);
    }
    return spare.segment();
  }

  @Override
  public void close() {
    known.values().forEach(Rows::close);
    spare.close();
  }

  /// One call. The spare memory has vectors that were computed, then sums over rows, then values of rows to add up.
  private final class Call {
    private final Program program;
    private final Plan plan;
    private final int rows;
    private final int width;
    private final Rows bound;
    private final MemorySegment memory;
    private final long vector; // bytes from one to the next
    private final long sums;
    private final long totals;
    private final Interpreter caller;

    Call(Program program, Formula formula, List<Array> inputs) {
      this.program = program;
      plan = program.plan();
      rows = inputs.getFirst().rows();
      width = inputs.getFirst().dim(-1);
      List<Array> parameters = inputs.subList(formula.inputs().size(), inputs.size());
      bound = bound(program);
      vector = (4L * width + LINE - 1) & -LINE;
      sums = vector * plan.channels().size();
      totals = sums + vector * plan.sums().size();
      memory = floats(totals / 4 + (long) plan.totals().size() * rows);
      Map<String, double[]> values = new HashMap<>();
      for (int i = 0; i < parameters.size(); i++) {
        Parameter parameter = formula.parameters().get(i);
        if (!parameter.perChannel() || program.computes()) {
          values.put(parameter.name(), parameters.get(i).numbers());
        }
      }
      caller = new Interpreter(1, width, values);
      for (int k = 0; k < plan.channels().size(); k++) {
        channel(k, plan.channels().get(k), formula, parameters);
      }
      double[] numbers = new double[plan.numbers().size()];
      for (int k = 0; k < numbers.length; k++) {
        numbers[k] = caller.of(plan.numbers().get(k))[0];
      }
      bound.numbers(numbers);
    }

    private void channel(int k, Expr e, Formula formula, List<Array> parameters) {
      int i = formula.index(e);
      if (i >= 0) {
        bind("channel0", k, parameters.get(i).segment(), 0);
        return;
      }
      double[] numbers = caller.of(e);
      for (int c = 0; c < width; c++) {
        memory.set(FLOAT, k * vector + 4L * c, (float) numbers[c]);
      }
      bind("channel0", k, memory, k * vector / 4);
    }

    /// Streams of one kind follow each other.
    private void bind(String first, int k, MemorySegment segment, long at) {
      bound.bind(program.streams().of(first) + k, segment, at);
    }

    void elements(List<String> streams, List<Array> arrays) {
      for (int i = 0; i < streams.size(); i++) {
        bound.bind(program.streams().of(streams.get(i)), arrays.get(i).segment(), 0);
      }
    }

    /// Values of rows, one kind after the other.
    ///
    /// @param places of the streams among the kinds
    void rows(String first, List<Integer> places, Array array) {
      for (int k = 0; k < places.size(); k++) {
        bind(first, k, array.segment(), (long) places.get(k) * rows);
      }
    }

    void sums(List<@Nullable Grad> gradients) {
      for (int k = 0; k < plan.sums().size(); k++) {
        int i = program.direct().get(k);
        Grad gradient = i < 0 ? null : gradients.get(i);
        if (gradient == null) {
          memory.asSlice(sums + k * vector, 4L * width).fill((byte) 0);
          bind("sum0", k, memory, (sums + k * vector) / 4);
        } else {
          bind("sum0", k, gradient.start(), 0);
        }
      }
      for (int k = 0; k < plan.totals().size(); k++) {
        bind("total0", k, memory, totals / 4 + (long) k * rows);
      }
    }

    /// Gradients that are not sums over rows themselves.
    void put(Formula formula, List<@Nullable Grad> gradients) {
      for (int k = 0; k < plan.sums().size(); k++) {
        if (program.direct().get(k) < 0) {
          caller.put(plan.sums().get(k), numbers(sums + k * vector, width));
        }
      }
      for (int k = 0; k < plan.totals().size(); k++) {
        double total = 0;
        for (double value : numbers(totals + 4L * k * rows, rows)) {
          total += value;
        }
        caller.put(plan.totals().get(k), new double[]{ total });
      }
      for (int i = 0; i < gradients.size(); i++) {
        Grad gradient = gradients.get(i);
        Expr e = program.gradients().get(i);
        if (gradient != null && e != null && !program.direct().contains(i)) {
          put(gradient, caller.of(e), formula.parameters().get(i).perChannel() ? width : 1);
        }
      }
    }

    private double[] numbers(long from, int count) {
      return DType.FLOAT32.numbers(memory.asSlice(from, 4L * count));
    }

    private void put(Grad gradient, double[] values, int size) {
      MemorySegment to = gradient.array().segment();
      for (int i = 0; i < size; i++) {
        double value = values[values.length == 1 ? 0 : i];
        to.set(FLOAT, 4L * i, (float) (gradient.add() ? to.get(FLOAT, 4L * i) + value : value));
      }
    }
  }
}

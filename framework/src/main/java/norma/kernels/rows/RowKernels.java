package norma.kernels.rows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import norma.array.Array;
import norma.array.DType;
import norma.array.HostMemory;
import norma.formula.Expr;
import norma.formula.Expr.Leaf;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.Interpreter;
import norma.formula.Plan;
import norma.kernels.Grad;
import norma.kernels.rows.RowPrograms.Program;
import norma.kernels.rows.RowPrograms.Wanted;
import norma.machine.InstructionSet;
import org.jspecify.annotations.Nullable;

/// Calls the code of formulas, for one worker thread: computes numbers and vectors before a call and gradients of parameters after it.
/// Sums over rows run in float for a vector's channels, in double over the rows' values for numbers.
public final class RowKernels implements AutoCloseable {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final long LINE = HostMemory.ALIGNMENT_BYTES;

  private final RowPrograms programs;
  private final Map<Program, HostMemory> tables = new HashMap<>();
  private HostMemory spare = HostMemory.allocate(DType.FLOAT32, 1);

  /// @param programs of the backend
  public RowKernels(RowPrograms programs) {
    this.programs = programs;
  }

  /// Values of a row that forward leaves for backward.
  public int statistics(Formula formula) {
    return programs.plan(formula).kept().size();
  }

  /// See [norma.kernels.FormulaKernels#formula].
  public void forward(Formula formula, Array x, List<Array> parameters, Array y, @Nullable Array slope,
      Array statistics) {
    Call call = new Call(programs.forward(formula, x.dim(-1)), formula, x, parameters);
    call.elements("x", x);
    call.elements("y", y);
    if (slope != null) {
      call.elements("slope", slope);
    }
    call.rows("stored", statistics);
    call.run();
  }

  /// See [norma.kernels.FormulaKernels#formulaBackward].
  public void backward(Formula formula, Array dy, Array x, List<Array> parameters, Array statistics, @Nullable Grad dx,
      List<@Nullable Grad> gradients) {
    List<Boolean> wanted = new ArrayList<>();
    for (Grad gradient : gradients) {
      wanted.add(gradient != null);
    }
    Program program = programs.backward(formula, x.dim(-1), new Wanted(dx != null, dx != null && dx.add(), wanted));
    Call call = new Call(program, formula, x, parameters);
    call.elements("dy", dy);
    call.elements(formula.keepsSlope() ? "slope" : "x", x);
    if (dx != null) {
      call.elements("dx", dx.array());
    }
    call.rows("kept", statistics);
    call.sums(gradients);
    call.run();
    call.put(formula, gradients);
  }

  private MemorySegment table(Program program) {
    HostMemory table = tables.get(program);
    if (table == null) {
      table = HostMemory.allocate(DType.FLOAT32, program.tableBytes() / 4);
      tables.put(program, table);
      InstructionSet set = programs.set();
      for (Map.Entry<Object, Integer> vector : program.vectors().entrySet()) {
        if (vector.getKey() instanceof Integer bits) {
          fill(table.segment(), vector.getValue(), bits, set.lanes());
        } else if (vector.getKey().equals(RowEmitter.MASK)) {
          if (set == InstructionSet.AVX2) {
            fill(table.segment(), vector.getValue(), -1, program.rest());
          } else {
            fill(table.segment(), vector.getValue(), (1 << program.rest()) - 1, 1);
          }
        }
      }
    }
    return table.segment();
  }

  private static void fill(MemorySegment table, int at, int bits, int lanes) {
    for (int i = 0; i < lanes; i++) {
      table.set(ValueLayout.JAVA_INT, at + 4L * i, bits);
    }
  }

  private MemorySegment floats(long size) {
    if (spare.length() < size) {
      spare.close();
      spare = HostMemory.allocate(DType.FLOAT32, size);
    }
    return spare.segment();
  }

  private static double[] read(Array array) {
    double[] values = new double[Math.toIntExact(array.size())];
    MemorySegment segment = array.segment();
    for (int i = 0; i < values.length; i++) {
      values[i] = array.dtype() == DType.FLOAT64
          ? segment.getAtIndex(ValueLayout.JAVA_DOUBLE, i)
          : segment.get(FLOAT, 4L * i);
    }
    return values;
  }

  @Override
  public void close() {
    tables.values().forEach(HostMemory::close);
    spare.close();
  }

  /// One call. The spare memory has vectors that were computed, then sums over rows, then values of rows to add up.
  private final class Call {
    private final Program program;
    private final Plan plan;
    private final int rows;
    private final int width;
    private final MemorySegment table;
    private final MemorySegment memory;
    private final long vector; // bytes from one to the next
    private final long sums;
    private final long totals;
    private final Interpreter caller;

    Call(Program program, Formula formula, Array x, List<Array> parameters) {
      this.program = program;
      plan = program.plan();
      rows = x.rows();
      width = x.dim(-1);
      table = table(program);
      vector = (4L * width + LINE - 1) & -LINE;
      sums = vector * plan.channels().size();
      totals = sums + vector * plan.sums().size();
      memory = floats(totals / 4 + (long) plan.totals().size() * rows);
      Map<String, double[]> values = new HashMap<>();
      for (int i = 0; i < parameters.size(); i++) {
        Parameter parameter = formula.parameters().get(i);
        if (!parameter.perChannel() || program.computes()) {
          values.put(parameter.name(), read(parameters.get(i)));
        }
      }
      caller = Formula.interpreter(width, values);
      for (int k = 0; k < plan.channels().size(); k++) {
        channel(k, plan.channels().get(k), formula, parameters);
      }
      for (Expr number : plan.numbers()) {
        Integer place = program.vectors().get(number);
        if (place != null) {
          int bits = Float.floatToRawIntBits((float) caller.of(number)[0]);
          fill(table, place, bits, programs.set().lanes());
        }
      }
    }

    private void channel(int k, Expr e, Formula formula, List<Array> parameters) {
      for (int i = 0; i < parameters.size() && e instanceof Leaf leaf; i++) {
        if (formula.parameters().get(i).name().equals(leaf.name())) {
          address("channel", k, parameters.get(i), 0, 4L * width);
          return;
        }
      }
      double[] numbers = caller.of(e);
      for (int c = 0; c < width; c++) {
        memory.set(FLOAT, k * vector + 4L * c, (float) numbers[c]);
      }
      address("channel", k, memory.address() + k * vector);
    }

    private void address(String stream, int k, long value) {
      Integer place = program.streams().get(stream);
      if (place != null) {
        table.set(ValueLayout.JAVA_LONG, place + 8L * k, value);
      }
    }

    private void address(String stream, int k, Array array, long from, long bytes) {
      Objects.checkFromIndexSize(from, bytes, array.bytes());
      address(stream, k, array.segment().address() + from);
    }

    void elements(String stream, Array array) {
      address(stream, 0, array, 0, 4L * rows * width);
    }

    /// Values of rows, one kind after the other.
    void rows(String stream, Array array) {
      int count = stream.equals("kept") ? plan.kept().size() : array.dim(0);
      for (int k = 0; k < count; k++) {
        address(stream, k, array, 4L * (stream.equals("kept") ? program.places().get(k) : k) * rows, 4L * rows);
      }
    }

    void sums(List<@Nullable Grad> gradients) {
      for (int k = 0; k < plan.sums().size(); k++) {
        int i = program.direct().get(k);
        Grad gradient = i < 0 ? null : gradients.get(i);
        if (gradient == null) {
          memory.asSlice(sums + k * vector, 4L * width).fill((byte) 0);
          address("sum", k, memory.address() + sums + k * vector);
        } else {
          if (!gradient.add()) {
            gradient.array().segment().fill((byte) 0);
          }
          address("sum", k, gradient.array(), 0, 4L * width);
        }
      }
      for (int k = 0; k < plan.totals().size(); k++) {
        address("total", k, memory.address() + totals + 4L * k * rows);
      }
    }

    void run() {
      if (rows > 0) {
        program.code().call(table.address(), rows, 0, 0, 0, 0, 0, 0, 0, 0);
      }
    }

    /// Gradients that are not sums over rows themselves.
    void put(Formula formula, List<@Nullable Grad> gradients) {
      for (int k = 0; k < plan.sums().size(); k++) {
        if (program.direct().get(k) < 0) {
          double[] values = new double[width];
          for (int c = 0; c < width; c++) {
            values[c] = memory.get(FLOAT, sums + k * vector + 4L * c);
          }
          caller.put(plan.sums().get(k), values);
        }
      }
      for (int k = 0; k < plan.totals().size(); k++) {
        double total = 0;
        for (int row = 0; row < rows; row++) {
          total += memory.get(FLOAT, totals + 4 * ((long) k * rows + row));
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

    private void put(Grad gradient, double[] values, int size) {
      MemorySegment to = gradient.array().segment();
      for (int i = 0; i < size; i++) {
        double value = values[values.length == 1 ? 0 : i];
        to.set(FLOAT, 4L * i, (float) (gradient.add() ? to.get(FLOAT, 4L * i) + value : value));
      }
    }
  }
}

package norma.kernels.rows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Plan;
import norma.formula.Plan.Pass;
import norma.formula.Plan.Sink;
import norma.machine.Code;
import norma.machine.InstructionSet;

/// A program in plain Java, which takes what machine code takes: the same operations in the same order, and so the same bits. A value of a
/// row is an array of equal numbers, as it is a vector of equal lanes there.
public final class PlainRows implements Code {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  /// Programs in plain Java.
  public static RowPrograms programs() {
    return new RowPrograms(InstructionSet.AVX2, (_, _) -> {
      throw new IllegalStateException();
    }) {
      @Override
      Code code(RowEmitter emitter) {
        emitter.assemble(); // which finds places for numbers
        return new PlainRows(emitter);
      }
    };
  }

  private final RowEmitter program;
  private final Plan plan;
  private final Streams streams;
  private final int width;
  private final Map<Expr, float[]> values = new HashMap<>();
  private final Set<Expr> rowsKnown;
  private final List<IntConsumer> work = new ArrayList<>(); // in its order, for a row
  private MemorySegment[] segments = {};

  private PlainRows(RowEmitter program) {
    this.program = program;
    plan = program.plan;
    streams = program.streams;
    width = program.width;
    rowsKnown = new HashSet<>(plan.kept());
    for (int k = 0; k < plan.kept().size(); k++) {
      float[] kept = array(plan.kept().get(k));
      int stream = streams.of("kept" + k);
      work.add(row -> Arrays.fill(kept, segments[stream].get(FLOAT, 4L * row)));
    }
    for (Pass pass : plan.passes()) {
      pass.before().forEach(this::rowValue);
      elements(pass);
      pass.after().forEach(this::rowValue);
      for (Apply total : pass.totals()) {
        compute(total.arg(0), new HashSet<>(rowsKnown));
        put("total" + plan.totals().indexOf(total), array(total.arg(0)));
      }
    }
  }

  private void rowValue(Expr e) {
    compute(e, new HashSet<>(rowsKnown));
    leave(e);
  }

  /// A value of a row: for the passes that follow, and for another kernel if that wants it.
  private void leave(Expr e) {
    rowsKnown.add(e);
    int k = program.stored.indexOf(e);
    if (k >= 0) {
      put("stored" + k, array(e));
    }
  }

  private void put(String name, float[] value) {
    int stream = streams.of(name);
    work.add(row -> segments[stream].set(FLOAT, 4L * row, value[0]));
  }

  private void elements(Pass pass) {
    for (int k = 0; k < plan.channels().size(); k++) {
      read("channel" + k, array(plan.channels().get(k)));
    }
    List<Expr> order = StraightCode.elements(pass.sinks());
    Map<Expr, Integer> parents = StraightCode.parents(order, pass.sinks());
    int lanes = RowEmitter.lanes(pass, order);
    Set<Expr> known = new HashSet<>(rowsKnown);
    pass.sinks().forEach(sink -> StraightCode.operands(sink, parents).forEach(e -> compute(e, known)));
    for (Sink sink : pass.sinks()) {
      float[][] taken = StraightCode.operands(sink, parents).stream().map(this::array).toArray(float[][]::new);
      if (sink.output() >= 0) {
        write(program.outputs.get(sink.output()), taken[0]);
      } else if (sink.is(Fn.ROWS)) {
        String stream = "sum" + plan.sums().indexOf(sink.node());
        float[] sum = new float[width];
        read(stream, sum);
        work.add(_ -> {
          for (int c = 0; c < width; c++) {
            sum[c] = plus(sum[c], taken, c);
          }
        });
        write(stream, sum);
      } else {
        float[] statistic = array(sink.node());
        work.add(_ -> Arrays.fill(statistic, statistic(sink.is(Fn.LARGEST), taken, lanes)));
        leave(sink.node());
      }
    }
  }

  private void read(String name, float[] to) {
    int stream = streams.of(name);
    work.add(row -> MemorySegment.copy(place(stream, row), FLOAT, 0, to, 0, width));
  }

  private void write(String name, float[] from) {
    int stream = streams.of(name);
    work.add(row -> MemorySegment.copy(from, 0, place(stream, row), FLOAT, 0, width));
  }

  private MemorySegment place(int stream, int row) {
    return switch (streams.kind(stream)) {
      case ELEMENTS -> segments[stream].asSlice(4L * row * width);
      case STRIDED -> segments[stream].asSlice(4L * row * program.stride);
      case GATHERED -> memory(segments[stream].get(ValueLayout.JAVA_LONG, 8L * row));
      case EVERY_ROW, ROWS -> segments[stream];
    };
  }

  @SuppressWarnings("restricted") // the caller has checked operands as wholes
  private static MemorySegment memory(long address) {
    return MemorySegment.ofAddress(address).reinterpret(Long.MAX_VALUE - address);
  }

  private float[] array(Expr e) {
    return values.computeIfAbsent(e, _ -> {
      float[] array = new float[width];
      Arrays.fill(array, e instanceof Num n ? (float) n.value() : 0);
      return array;
    });
  }

  @Override
  public long call(long address, long rows, long c, long d, long e, long f, long g, long h, long i, long j) {
    MemorySegment table = memory(address);
    segments = IntStream.range(0, streams.count()).mapToObj(s -> memory(table.get(ValueLayout.JAVA_LONG, 8L * s)))
        .toArray(MemorySegment[]::new);
    for (Expr number : plan.numbers()) {
      Integer place = program.vectors().get(number);
      if (place != null) {
        Arrays.fill(array(number), table.get(FLOAT, place));
      }
    }
    for (int row = 0; row < rows; row++) {
      for (IntConsumer one : work) {
        one.accept(row);
      }
    }
    return 0;
  }

  private static float plus(float sum, float[][] taken, int c) {
    return taken.length == 1 ? sum + taken[0][c] : Math.fma(taken[0][c], taken[1][c], sum);
  }

  /// In lanes that are added up by halves.
  private float statistic(boolean largest, float[][] taken, int lanes) {
    float[] sums = new float[lanes];
    Arrays.fill(sums, largest ? Float.NEGATIVE_INFINITY : 0);
    for (int c = 0; c < width; c++) {
      int lane = c % lanes;
      sums[lane] = largest ? larger(sums[lane], taken[0][c]) : plus(sums[lane], taken, c);
    }
    for (int half = lanes / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        sums[i] = largest ? larger(sums[i], sums[i + half]) : sums[i] + sums[i + half];
      }
    }
    return sums[0];
  }

  /// The second one where one is NaN, as the instruction.
  private static float larger(float a, float b) {
    return a > b ? a : b;
  }

  private void compute(Expr e, Set<Expr> known) {
    if (!e.space().rows() || !known.add(e)) {
      return;
    }
    if (!(e instanceof Apply a)) {
      read(((Leaf) e).name(), array(e));
      return;
    }
    a.args().forEach(arg -> compute(arg, known));
    float[] to = array(e);
    float[] u = array(a.arg(0));
    float[] v = array(a.arg(Math.min(1, a.args().size() - 1)));
    float[] w = array(a.args().getLast());
    Fn fn = a.fn();
    work.add(switch (fn) { // a loop each for those of most formulas: HotSpot makes vectors of them
      case ADD -> _ -> {
        for (int i = 0; i < to.length; i++) {
          to[i] = u[i] + v[i];
        }
      };
      case MUL -> _ -> {
        for (int i = 0; i < to.length; i++) {
          to[i] = u[i] * v[i];
        }
      };
      case FMA -> _ -> {
        for (int i = 0; i < to.length; i++) {
          to[i] = Math.fma(u[i], v[i], w[i]);
        }
      };
      default -> _ -> {
        for (int i = 0; i < to.length; i++) {
          to[i] = (float) fn.value(u[i], v[i], w[i]);
        }
      };
    });
  }
}

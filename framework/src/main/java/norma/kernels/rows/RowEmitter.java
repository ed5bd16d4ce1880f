package norma.kernels.rows;

import static norma.machine.Assembler.at;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Plan;
import norma.formula.Plan.Pass;
import norma.formula.Plan.Sink;
import norma.kernels.rows.Streams.Kind;
import norma.machine.Assembler;
import norma.machine.Assembler.Label;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Register;
import norma.machine.Assembler.Vector;
import norma.machine.InstructionSet;
import org.jspecify.annotations.Nullable;

/// A plan as machine code for one width: one call for all rows, all passes over a row one after the other. Values of a row are vectors with
/// equal lanes, so that everything is done by the same instructions.
///
/// Called with (table, rows). The table has addresses of streams first, then vectors: constants, the caller's numbers, values of rows, the
/// mask, spilled values.
final class RowEmitter {
  static final String MASK = "mask";
  private static final int WORKING = 7; // registers that a loop needs beside its sums
  static final String LEFT_OUT = "left out";
  private static final int NEGATIVE_INFINITY = 0xFF80_0000;
  private static final int LONGEST_UNROLLED = 24; // operations; beyond, four copies of a loop's body are too much code
  private static final int SHORT = 6; // operations; in long rows such a loop's body is written four times though it has no sums
  private static final int LONG = 256;
  private static final int SHORTEST_LOOP = 5; // vectors; a row of fewer is code without a jump
  private static final Register TABLE = Register.RDI;
  private static final Register ROWS = Register.RSI;
  private static final Register OFFSET = Register.RAX;
  private static final Register TEMPORARY = Register.RDX;
  private static final List<Register> POINTERS = List.of(Register.RCX, Register.R8, Register.R9, Register.R10,
      Register.R11, Register.RBX, Register.RBP, Register.R12, Register.R13, Register.R14, Register.R15);
  private static final int KEPT = 5; // pointers from there on are registers that a function must keep

  final Plan plan;
  final List<Expr> stored;
  final List<String> outputs;
  final Streams streams;
  final int width;
  final int stride;
  private final InstructionSet set;
  private final Map<String, Register> pointers = new LinkedHashMap<>();
  private final Map<Object, Integer> vectors = new LinkedHashMap<>(); // an Expr, bits of a constant, or a spilled value
  private final int vectorsStart;
  private Assembler out;
  private @Nullable Expr latest; // the value of a row that was left last
  private Vector latestIn = new Vector(0);

  /// @param stored  values of rows to leave for another kernel
  /// @param outputs names of streams that the plan's outputs are written to
  /// @param stride  elements from row to row of strided streams
  RowEmitter(Plan plan, List<Expr> stored, List<String> outputs, Streams streams, int width, int stride,
      InstructionSet set) {
    this.plan = plan;
    this.stored = stored;
    this.outputs = outputs;
    this.streams = streams;
    this.width = width;
    this.stride = stride;
    this.set = set;
    this.out = new Assembler(set);
    vectorsStart = 8 * streams.count() + set.bytes() - 1 & -set.bytes();
  }

  /// Offsets of vectors in the table: of expressions, and of constants by their bits.
  Map<Object, Integer> vectors() {
    return vectors;
  }

  /// Bytes of the table.
  int tableBytes() {
    return vectorsStart + set.bytes() * vectors.size();
  }

  private int rest() {
    return width % set.lanes();
  }

  private Kind kind(String stream) {
    return streams.kind(streams.of(stream));
  }

  byte[] assemble() {
    out.begin(POINTERS.subList(KEPT, POINTERS.size()).toArray(Register[]::new));
    for (String stream : streams.names()) {
      if (kind(stream) != Kind.ROWS && pointers.size() < POINTERS.size()) {
        Register pointer = POINTERS.get(pointers.size());
        pointers.put(stream, pointer);
        if (kind(stream) != Kind.GATHERED) {
          out.mov(pointer, address(stream));
        }
      }
    }
    if (rest() > 0) {
      out.mask(vector(MASK));
    }
    Loop only = plan.passes().size() == 1 && plan.kept().isEmpty() && plan.slots().isEmpty()
        && plan.totals().isEmpty() ? prepare(plan.passes().getFirst(), false) : null; // its constants stay from row to row
    Label row = new Label();
    out.bind(row);
    pointers.forEach((stream, pointer) -> {
      if (kind(stream) == Kind.GATHERED) {
        start(stream, pointer);
      }
    });
    for (int k = 0; k < plan.kept().size(); k++) {
      out.mov(TEMPORARY, address("kept" + k));
      out.vbroadcastss(new Vector(0), at(TEMPORARY, 0));
      next("kept" + k, 4);
      out.vmovups(vector(plan.kept().get(k)), new Vector(0));
    }
    for (Pass pass : plan.passes()) {
      rowValues(pass.before(), List.of());
      if (only == null) {
        List<Pass> parts = parts(pass);
        parts.forEach(part -> emit(prepare(part, parts.size() > 1)));
      } else {
        emit(only);
      }
      rowValues(pass.after(), pass.totals());
    }
    for (String stream : streams.names()) {
      Kind kind = kind(stream);
      Register pointer = kind == Kind.GATHERED ? null : pointers.get(stream);
      int bytes = switch (kind) {
        case ELEMENTS -> 4 * width;
        case STRIDED -> 4 * stride;
        case GATHERED -> Long.BYTES;
        case EVERY_ROW, ROWS -> 0;
      };
      if (bytes > 0 && pointer != null) {
        out.add(pointer, bytes);
      } else if (bytes > 0) {
        out.mov(TEMPORARY, address(stream));
        next(stream, bytes);
      }
    }
    out.dec(ROWS);
    out.jne(row);
    return out.end();
  }

  private Memory address(String stream) {
    return at(TABLE, 8 * streams.of(stream));
  }

  /// Where a row begins; of a gathered stream the table has the address of its rows' addresses.
  private void start(String stream, Register to) {
    out.mov(to, address(stream));
    if (kind(stream) == Kind.GATHERED) {
      out.mov(to, at(to, 0));
    }
  }

  /// Moves on a stream whose address is at hand.
  private void next(String stream, int bytes) {
    out.add(TEMPORARY, bytes);
    out.mov(address(stream), TEMPORARY);
  }

  Memory vector(Object key) {
    Integer place = vectors.get(key);
    if (place == null) {
      place = vectorsStart + set.bytes() * vectors.size();
      vectors.put(key, place);
    }
    return at(TABLE, place);
  }

  /// A vector of a stream; `from` is in bytes beyond the offset.
  Memory element(String stream, int from) {
    Register pointer = pointers.get(stream);
    if (pointer == null) {
      start(stream, TEMPORARY);
      pointer = TEMPORARY;
    }
    return new Memory(pointer, OFFSET, 1, from);
  }

  Assembler out() {
    return out;
  }

  String streamOf(Expr e) {
    return e instanceof Leaf leaf && leaf.space() == Space.POINT
        ? leaf.name()
        : "channel" + plan.channels().indexOf(e);
  }

  // Loops over a row.

  /// Lanes that statistics are computed in, whatever the vectors.
  static int lanes(Pass pass, List<Expr> order) {
    long statistics = pass.sinks().stream().filter(Sink::statistic).count();
    boolean reads = statistics == pass.sinks().size();
    return reads && statistics <= 2 && order.size() <= LONGEST_UNROLLED ? 32 : 16;
  }

  /// More statistics than registers can add up at a time are made by loops of their own.
  private List<Pass> parts(Pass pass) {
    int most = (set.registers() - WORKING) * set.lanes() / 16;
    List<Sink> statistics = pass.sinks().stream().filter(Sink::statistic).toList();
    if (statistics.size() <= most) {
      return List.of(pass);
    }
    List<Pass> parts = new ArrayList<>();
    for (int i = 0; i < statistics.size(); i += most) {
      List<Sink> some = statistics.subList(i, Math.min(i + most, statistics.size()));
      parts.add(new Pass(List.of(), some, List.of(), List.of()));
    }
    List<Sink> others = pass.sinks().stream().filter(sink -> !sink.statistic()).toList();
    if (!others.isEmpty()) {
      parts.add(new Pass(List.of(), others, List.of(), List.of()));
    }
    return parts;
  }

  /// A pass whose constants are in registers that its loop leaves free.
  ///
  /// @param part whether it is one of several: the whole has so many statistics that they have few lanes
  private Loop prepare(Pass pass, boolean part) {
    List<Sink> statistics = pass.sinks().stream().filter(Sink::statistic).toList();
    List<Expr> order = StraightCode.elements(pass.sinks());
    int unroll = !statistics.isEmpty()
        ? (part ? 16 : lanes(pass, order)) / set.lanes()
        : order.size() <= SHORT && width >= LONG ? LONGEST_UNROLLED / SHORT : 1;
    // Once to see which registers are left, once with constants in those.
    Assembler real = out;
    out = new Assembler(set);
    Registers trial = new Registers(this, set, rest() > 0);
    Loop loop = new Loop(pass, statistics, order, trial, unroll);
    run(loop);
    out = real;
    Registers registers = new Registers(this, set, rest() > 0);
    registers.pin(trial);
    return new Loop(pass, statistics, order, registers, unroll);
  }

  private record Loop(Pass pass, List<Sink> statistics, List<Expr> order, Registers registers, int unroll) {}

  private void emit(Loop loop) {
    int[][] sums = run(loop);
    for (int k = 0; k < sums.length; k++) {
      reduce((Apply) loop.statistics.get(k).node(), sums[k], loop.registers);
    }
  }

  private int[][] run(Loop loop) {
    Registers registers = loop.registers;
    StraightCode code = new StraightCode(registers, out);
    int unroll = loop.unroll;
    int[][] sums = new int[loop.statistics.size()][unroll];
    for (int k = 0; k < sums.length; k++) {
      for (int u = 0; u < unroll; u++) {
        sums[k][u] = registers.reserve();
        if (loop.statistics.get(k).is(Fn.LARGEST)) {
          out.vmovups(new Vector(sums[k][u]), vector(NEGATIVE_INFINITY));
        } else {
          out.zero(new Vector(sums[k][u]));
        }
      }
    }
    int block = unroll * set.lanes();
    int whole = width < SHORTEST_LOOP * set.lanes() ? 0 : width / block;
    out.xor(OFFSET, OFFSET);
    if (whole > 0) {
      Label again = new Label();
      out.align(32);
      out.bind(again);
      for (int u = 0; u < unroll; u++) {
        body(loop, code, sums, u, false);
      }
      out.add(OFFSET, block * 4);
      if (whole > 1) {
        out.cmp(OFFSET, whole * block * 4);
        out.jb(again);
      }
    }
    int left = (width - whole * block) / set.lanes();
    for (int u = 0; u < left; u++) {
      body(loop, code, sums, u, false);
    }
    if (rest() > 0) {
      body(loop, code, sums, left, true);
    }
    return sums;
  }

  private void body(Loop loop, StraightCode code, int[][] sums, int u, boolean masked) {
    code.start(loop.order, loop.pass.sinks(), u * set.bytes(), masked);
    for (Sink sink : loop.pass.sinks()) {
      if (sink.output() >= 0) {
        code.store(sink.value(), outputs.get(sink.output()));
      } else if (sink.is(Fn.ROWS)) {
        code.addTo("sum" + plan.sums().indexOf(sink.node()), sink);
      } else {
        code.accumulate(sums[loop.statistics.indexOf(sink)][u % loop.unroll], sink);
      }
    }
  }

  /// Adds up lanes: i and i + 16, then i and i + 8, and so on, so that all lanes have the same bits.
  private void reduce(Apply node, int[] sums, Registers registers) {
    boolean sum = node.fn() == Fn.SUM;
    Vector v = new Vector(sums[0]);
    for (int u = sums.length / 2; u > 0; u /= 2) {
      for (int j = 0; j < u; j++) {
        combine(sum, new Vector(sums[j]), new Vector(sums[j + u]));
      }
    }
    Vector t = new Vector(registers.spare());
    if (set.lanes() == 16) {
      out.blocks(t, v, 0x4E);
      combine(sum, v, t);
    }
    out.blocks(t, v, set.lanes() == 16 ? 0xB1 : 1);
    combine(sum, v, t);
    out.vpermilps(t, v, 0x4E);
    combine(sum, v, t);
    out.vpermilps(t, v, 0xB1);
    combine(sum, v, t);
    leave(node, v);
  }

  private void combine(boolean sum, Vector to, Vector with) {
    if (sum) {
      out.vaddps(to, to, with);
    } else {
      out.vmaxps(to, to, with);
    }
  }

  /// Fills registers from the table. What was left last comes from its register: memory has it some cycles later.
  void load(Map<Object, Integer> registers) {
    Integer first = latest == null ? null : registers.get(latest);
    if (first != null) {
      out.vmovaps(new Vector(first), latestIn);
    }
    registers.forEach((key, r) -> {
      if (!key.equals(latest)) {
        out.vmovups(new Vector(r), vector(key));
      }
    });
    latest = null;
  }

  /// A value of a row: for the passes that follow, and for another kernel.
  private void leave(Expr e, Vector v) {
    out.vmovups(vector(e), v);
    int k = stored.indexOf(e);
    if (k >= 0) {
      toRow("stored" + k, v);
    }
    latest = e;
    latestIn = v;
  }

  private void toRow(String stream, Vector v) {
    Vector low = v;
    if (v.number() > 15) {
      low = new Vector(0);
      out.vmovaps(low, v);
    }
    out.mov(TEMPORARY, address(stream));
    out.vmovss(at(TEMPORARY, 0), low);
    next(stream, 4);
  }

  private void rowValues(List<Expr> values, List<Apply> totals) {
    for (Expr e : values) { // one at a time: what they share is computed once as far as it is a value of its own
      StraightCode code = new StraightCode(new Registers(this, set, rest() > 0), out);
      leave(e, code.row(e));
    }
    for (Apply total : totals) {
      StraightCode code = new StraightCode(new Registers(this, set, rest() > 0), out);
      toRow("total" + plan.totals().indexOf(total), code.row(total.arg(0)));
      latest = null;
    }
  }
}

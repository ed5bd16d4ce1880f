package norma.kernels.rows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Plan.Sink;
import norma.machine.Assembler;
import norma.machine.Assembler.Vector;

/// Code without jumps for one vector of elements: computes values in the order of their formula.
final class StraightCode {
  private final Assembler out;
  private final Registers registers;
  private final Instructions instructions;
  private Map<Expr, Integer> parents = new HashMap<>();
  private int position;

  StraightCode(Registers registers, Assembler out) {
    this.out = out;
    this.registers = registers;
    this.instructions = new Instructions(registers, out);
  }

  /// All that vary over elements, arguments first.
  static List<Expr> elements(List<Sink> sinks) {
    return Expr.nodes(sinks.stream().map(Sink::value).toList(), a -> a.space() == Space.POINT).stream()
        .filter(e -> e instanceof Apply && e.space() == Space.POINT).toList();
  }

  /// How often each value is wanted, by others and by what becomes of elements.
  static Map<Expr, Integer> parents(List<Expr> order, List<Sink> sinks) {
    Map<Expr, Integer> parents = new HashMap<>();
    for (Expr e : order) {
      ((Apply) e).args().forEach(arg -> parents.merge(arg, 1, Integer::sum));
    }
    sinks.forEach(sink -> parents.merge(sink.value(), 1, Integer::sum));
    return parents;
  }

  /// What is taken of an element: its value, or the factors of a product that only a sum wants, which adds it in one instruction.
  static List<Expr> operands(Sink sink, Map<Expr, Integer> parents) {
    return sink.output() < 0 && !sink.is(Fn.LARGEST) && sink.value() instanceof Apply a && a.fn() == Fn.MUL
        && a.space() == Space.POINT && parents.getOrDefault(a, 0) == 1 ? a.args() : List.of(sink.value());
  }

  /// Begins a vector.
  ///
  /// @param order  what will be computed, arguments first
  /// @param from   bytes beyond the offset
  /// @param tail   whether lanes are left out
  void start(List<Expr> order, List<Sink> sinks, int from, boolean tail) {
    registers.start(from, tail);
    parents = parents(order, sinks);
    position = 0;
    Set<Expr> seen = new HashSet<>();
    for (Sink sink : sinks) {
      List<Expr> operands = operands(sink, parents);
      operands.forEach(e -> visit(e, seen));
      position++;
      operands.forEach(this::use);
    }
    position = 0;
  }

  private void visit(Expr e, Set<Expr> seen) {
    if (!registers.home(e) && seen.add(e)) {
      operands((Apply) e).forEach(arg -> visit(arg, seen));
      position++;
      operands((Apply) e).forEach(this::use);
    }
  }

  private void use(Expr e) {
    registers.use(e, position);
  }

  /// Whether an FMA subtracts its product.
  private boolean minus(Apply a) {
    return a.fn() == Fn.FMA && a.arg(0) instanceof Apply n && n.fn() == Fn.NEG && !registers.home(n)
        && parents.getOrDefault(n, 0) == 1;
  }

  private List<Expr> operands(Apply a) {
    return minus(a) ? List.of(((Apply) a.arg(0)).arg(0), a.arg(1), a.arg(2)) : a.args();
  }

  private void ensure(Expr e) {
    if (!registers.home(e) && !registers.has(e)) {
      Apply a = (Apply) e;
      List<Expr> operands = operands(a);
      operands.forEach(this::ensure);
      registers.begin(operands, ++position);
      registers.put(e, instructions.compute(a, operands, minus(a)));
      registers.end(operands);
    }
  }

  /// Writes a value to a stream.
  void store(Expr e, String stream) {
    ensure(e);
    registers.begin(List.of(e), ++position);
    Vector v = new Vector(registers.register(e));
    out.vmovups(registers.element(stream), v, registers.masked());
    registers.end(List.of(e));
  }

  /// Adds an element to a stream.
  void addTo(String stream, Sink sink) {
    List<Expr> parts = operands(sink, parents);
    parts.forEach(this::ensure);
    registers.begin(parts, ++position);
    Vector sum = registers.temporary();
    out.vmovups(sum, registers.element(stream), registers.masked());
    add(sum, parts);
    out.vmovups(registers.element(stream), sum, registers.masked());
    registers.end(parts);
  }

  private void add(Vector sum, List<Expr> parts) {
    if (parts.size() == 1) {
      out.vaddps(sum, sum, registers.operand(parts.getFirst()));
    } else {
      Vector a = new Vector(registers.register(parts.getFirst()));
      out.vfmadd231ps(sum, a, parts.getFirst().equals(parts.getLast()) ? a : registers.operand(parts.getLast()));
    }
  }

  /// Takes an element to a statistic.
  void accumulate(int register, Sink sink) {
    Vector sum = new Vector(register);
    boolean largest = sink.is(Fn.LARGEST);
    List<Expr> parts = operands(sink, parents);
    parts.forEach(this::ensure);
    registers.begin(parts, ++position);
    if (!registers.masked()) {
      if (largest) {
        out.vmaxps(sum, sum, registers.operand(parts.getFirst()));
      } else {
        add(sum, parts);
      }
    } else {
      List<Vector> taken = new ArrayList<>();
      for (Expr part : parts) {
        Vector v = registers.temporary();
        out.masked(v, new Vector(registers.register(part)));
        taken.add(v);
      }
      if (largest) {
        out.vorps(taken.getFirst(), taken.getFirst(), registers.leftOut());
        out.vmaxps(sum, sum, taken.getFirst());
      } else if (taken.size() == 1) {
        out.vaddps(sum, sum, taken.getFirst());
      } else {
        out.vfmadd231ps(sum, taken.getFirst(), taken.getLast());
      }
    }
    registers.end(parts);
  }

  /// A value of a row.
  Vector row(Expr e) {
    List<Expr> order = Expr.nodes(List.of(e), a -> !registers.home(a)).stream()
        .filter(node -> !registers.home(node)).toList();
    start(order, List.of(new Sink(e, e, 0)), 0, false);
    ensure(e);
    return new Vector(registers.register(e));
  }
}

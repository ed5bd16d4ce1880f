package norma.kernels.rows;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Plan.Sink;
import norma.machine.Assembler;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Operand;
import norma.machine.Assembler.Vector;
import norma.machine.InstructionSet;

/// Code without jumps for one vector of elements: which value lies in which register. Values are computed in the order of their
/// formula; where registers run out, the value that is wanted last goes to memory (Belady, 1966), or is forgotten if memory has it.
final class StraightCode {
  private static final int SIGN = 0x8000_0000;
  private static final int ONE = 0x3F80_0000;
  private static final int SQRT_HALF = 0x3F35_04F3;
  private static final int NAN = 0x7FC0_0000;
  /// Comparisons of vcmpps; with U they hold for NaN.
  private static final int NEQ_UQ = 0x04;
  private static final int NLT_UQ = 0x15;
  private static final int NGE_UQ = 0x19;
  private static final int GT_OQ = 0x1E;

  private final RowEmitter emitter;
  private final Assembler out;
  private final int registers;
  private final Set<Integer> reserved = new HashSet<>();
  private final Map<Object, Integer> pinned = new HashMap<>();
  private final Map<Object, Integer> wanted = new LinkedHashMap<>();
  private final List<Integer> free = new ArrayList<>();
  private int leastFree;

  // Of one vector.
  private final Map<Expr, Value> values = new LinkedHashMap<>();
  private final Map<Expr, Integer> parents = new HashMap<>();
  private final Set<Integer> locked = new HashSet<>();
  private final List<Integer> temporaries = new ArrayList<>();
  private int position;
  private int displacement;
  private boolean masked;

  private static final class Value {
    private int register = -1;
    private boolean spilled;
    private final ArrayDeque<Integer> uses = new ArrayDeque<>();

    boolean dead() {
      return uses.isEmpty();
    }
  }

  StraightCode(RowEmitter emitter, InstructionSet set, boolean masks) {
    this.emitter = emitter;
    this.out = emitter.out();
    registers = set == InstructionSet.AVX2 && !masks ? 16 : set.registers();
    for (int r = 0; r < registers; r++) {
      free.add(r);
    }
    leastFree = registers;
  }

  /// All that vary over elements, arguments first.
  static List<Expr> elements(List<Sink> sinks) {
    List<Expr> order = new ArrayList<>();
    Set<Expr> seen = new HashSet<>();
    sinks.forEach(sink -> elements(sink.value(), seen, order));
    return order;
  }

  private static void elements(Expr e, Set<Expr> seen, List<Expr> order) {
    if (e instanceof Apply a && e.space() == Space.POINT && seen.add(e)) {
      a.args().forEach(arg -> elements(arg, seen, order));
      order.add(e);
    }
  }

  // Registers.

  /// A register for a whole loop.
  int reserve() {
    int r = free.removeFirst();
    reserved.add(r);
    leastFree = Math.min(leastFree, free.size());
    return r;
  }

  /// A register after a loop.
  int spare() {
    int r = 0;
    while (reserved.contains(r)) {
      r++;
    }
    return r;
  }

  /// What a trial wanted most goes to the registers that it never used. After [#reserve] would be too late.
  void pin(StraightCode trial) {
    int left = trial.leastFree;
    List<Map.Entry<Object, Integer>> order = new ArrayList<>(trial.wanted.entrySet());
    order.sort(Map.Entry.<Object, Integer>comparingByValue(Comparator.reverseOrder()));
    for (int i = 0; i < Math.min(left, order.size()); i++) {
      int r = free.removeLast();
      Object key = order.get(i).getKey();
      out.vmovups(new Vector(r), emitter.vector(key));
      pinned.put(key, r);
    }
  }

  private int take() {
    if (free.isEmpty()) {
      evict();
    }
    int r = free.removeFirst();
    leastFree = Math.min(leastFree, free.size());
    locked.add(r);
    return r;
  }

  private void evict() {
    Expr victim = null;
    int latest = -1;
    for (Map.Entry<Expr, Value> entry : values.entrySet()) {
      Value v = entry.getValue();
      if (v.register >= 0 && !locked.contains(v.register)) {
        int next = v.dead() ? Integer.MAX_VALUE : v.uses.getFirst();
        if (next > latest) {
          latest = next;
          victim = entry.getKey();
        }
      }
    }
    if (victim == null) {
      throw new IllegalStateException("no register is left");
    }
    Value v = value(victim);
    if (!home(victim) && !v.spilled && !v.dead()) {
      out.vmovups(emitter.vector(spill(victim)), new Vector(v.register));
      v.spilled = true;
    }
    free.addFirst(v.register);
    v.register = -1;
  }

  private static Object spill(Expr e) {
    return List.of("spill", e);
  }

  // Values.

  private Value value(Expr e) {
    return values.computeIfAbsent(e, _ -> new Value());
  }

  /// Whether memory has it: all but elements, and values of rows that were left there.
  private boolean home(Expr e) {
    return !(e instanceof Apply) || !e.space().rows() || (e.space() == Space.ROW && emitter.vectors().containsKey(e));
  }

  private boolean lane(Expr e) {
    return e instanceof Num || !e.space().channels();
  }

  private static Object key(Expr e) {
    return e instanceof Num n ? (Object) Float.floatToRawIntBits((float) n.value()) : e;
  }

  private int register(Expr e) {
    Integer pin = lane(e) ? pinned.get(key(e)) : null;
    if (pin != null) {
      return pin;
    }
    Value v = value(e);
    if (v.register < 0) {
      v.register = take();
      load(v.register, e, v);
    }
    locked.add(v.register);
    return v.register;
  }

  private void load(int r, Expr e, Value v) {
    Vector to = new Vector(r);
    if (v.spilled) {
      out.vmovups(to, emitter.vector(spill(e)));
    } else if (lane(e)) {
      want(key(e));
      out.vmovups(to, emitter.vector(key(e)));
    } else {
      out.vmovups(to, emitter.element(emitter.streamOf(e), displacement), masked);
    }
  }

  private void want(Object key) {
    wanted.merge(key, 1, Integer::sum);
  }

  /// In a register or in memory. The last operand to ask for: an address may lie in a register that the next one needs.
  private Operand operand(Expr e) {
    Value v = value(e);
    if (v.register >= 0 || pinned.containsKey(key(e))) {
      return new Vector(register(e));
    }
    if (v.spilled) {
      return emitter.vector(spill(e));
    }
    if (lane(e)) {
      want(key(e));
      return emitter.vector(key(e));
    }
    return masked || !v.dead() ? new Vector(register(e)) : emitter.element(emitter.streamOf(e), displacement);
  }

  private Operand constant(int bits) {
    Integer pin = pinned.get(bits);
    if (pin != null) {
      return new Vector(pin);
    }
    want(bits);
    return emitter.vector(bits);
  }

  private Vector constantRegister(int bits) {
    Operand c = constant(bits);
    if (c instanceof Vector v) {
      return v;
    }
    Vector v = temporary();
    out.vmovups(v, (Memory) c);
    return v;
  }

  private Vector temporary() {
    int r = take();
    temporaries.add(r);
    return new Vector(r);
  }

  /// A register for a result: that of an operand that is not wanted any more, or a new one.
  private Vector target(Expr... operands) {
    for (Expr e : operands) {
      Value v = value(e);
      if (v.register >= 0 && v.dead()) {
        int r = v.register;
        v.register = -1;
        return new Vector(r);
      }
    }
    return new Vector(take());
  }

  // Steps.

  /// Begins a vector.
  ///
  /// @param order  what will be computed, arguments first
  /// @param from   bytes beyond the offset
  /// @param tail   whether lanes are left out
  void start(List<Expr> order, List<Sink> sinks, int from, boolean tail) {
    for (Value v : values.values()) {
      if (v.register >= 0) {
        free.add(v.register);
      }
    }
    values.clear();
    parents.clear();
    locked.clear();
    displacement = from;
    masked = tail;
    for (Expr e : order) {
      ((Apply) e).args().forEach(arg -> parents.merge(arg, 1, Integer::sum));
    }
    sinks.forEach(sink -> parents.merge(sink.value(), 1, Integer::sum));
    position = 0;
    Set<Expr> seen = new HashSet<>();
    for (Sink sink : sinks) {
      List<Expr> operands = sink.output() >= 0 || sink.is(Fn.MAXABS) ? List.of(sink.value()) : summands(sink.value());
      operands.forEach(e -> visit(e, seen));
      position++;
      operands.forEach(this::use);
    }
    position = 0;
  }

  private void visit(Expr e, Set<Expr> seen) {
    if (!home(e) && seen.add(e)) {
      operands((Apply) e).forEach(arg -> visit(arg, seen));
      position++;
      operands((Apply) e).forEach(this::use);
    }
  }

  private void use(Expr e) {
    value(e).uses.add(position);
  }

  /// A product that only a sum wants is added in one instruction.
  private List<Expr> summands(Expr e) {
    return e instanceof Apply a && !home(e) && a.fn() == Fn.MUL && parents.getOrDefault(e, 0) == 1
        ? a.args()
        : List.of(e);
  }

  /// Whether an FMA subtracts its product.
  private boolean minus(Apply a) {
    return a.fn() == Fn.FMA && a.arg(0) instanceof Apply n && n.fn() == Fn.NEG && !home(n)
        && parents.getOrDefault(n, 0) == 1;
  }

  private List<Expr> operands(Apply a) {
    return minus(a) ? List.of(((Apply) a.arg(0)).arg(0), a.arg(1), a.arg(2)) : a.args();
  }

  private void ensure(Expr e) {
    if (!home(e) && !(value(e).register >= 0 || value(e).spilled)) {
      Apply a = (Apply) e;
      List<Expr> operands = operands(a);
      operands.forEach(this::ensure);
      begin(operands);
      Vector to = compute(a, operands);
      value(e).register = to.number();
      end(operands);
    }
  }

  private void begin(List<Expr> operands) {
    position++;
    for (Expr e : operands) {
      while (!value(e).uses.isEmpty() && value(e).uses.getFirst() <= position) {
        value(e).uses.removeFirst();
      }
      if (value(e).register >= 0) {
        locked.add(value(e).register);
      }
    }
  }

  private void end(List<Expr> operands) {
    for (Expr e : operands) {
      Value v = value(e);
      if (v.dead() && v.register >= 0) {
        free.addFirst(v.register);
        v.register = -1;
      }
    }
    temporaries.forEach(free::addFirst);
    temporaries.clear();
    locked.clear();
  }

  /// Writes a value to a stream.
  void store(Expr e, String stream) {
    ensure(e);
    begin(List.of(e));
    Vector v = new Vector(register(e));
    out.vmovups(emitter.element(stream, displacement), v, masked);
    end(List.of(e));
  }

  /// Adds a value to a stream.
  void addTo(String stream, Expr e) {
    List<Expr> parts = summands(e);
    parts.forEach(this::ensure);
    begin(parts);
    Vector sum = temporary();
    out.vmovups(sum, emitter.element(stream, displacement), masked);
    add(sum, parts);
    out.vmovups(emitter.element(stream, displacement), sum, masked);
    end(parts);
  }

  private void add(Vector sum, List<Expr> parts) {
    if (parts.size() == 1) {
      out.vaddps(sum, sum, operand(parts.getFirst()));
    } else {
      Vector a = new Vector(register(parts.getFirst()));
      out.vfmadd231ps(sum, a, parts.getFirst().equals(parts.getLast()) ? a : operand(parts.getLast()));
    }
  }

  /// Takes a value to a statistic.
  void accumulate(int register, Expr e, boolean largest) {
    Vector sum = new Vector(register);
    List<Expr> parts = largest ? List.of(e) : summands(e);
    parts.forEach(this::ensure);
    begin(parts);
    if (!masked && !largest) {
      add(sum, parts);
    } else {
      List<Vector> taken = new ArrayList<>();
      for (Expr part : parts) {
        Vector v = temporary();
        if (masked) {
          out.masked(v, new Vector(register(part)));
        } else {
          out.vmovaps(v, new Vector(register(part)));
        }
        taken.add(v);
      }
      if (largest) {
        out.vandps(taken.getFirst(), taken.getFirst(), constant(~SIGN));
        out.vmaxps(sum, sum, taken.getFirst());
      } else if (taken.size() == 1) {
        out.vaddps(sum, sum, taken.getFirst());
      } else {
        out.vfmadd231ps(sum, taken.getFirst(), taken.getLast());
      }
    }
    end(parts);
  }

  /// A value of a row.
  Vector row(Expr e) {
    if (e instanceof Apply a && !a.fn().statistic() && e.space().rows()) {
      count(a, new HashSet<>());
      List<Expr> operands = operands(a);
      Set<Expr> seen = new HashSet<>();
      operands.forEach(arg -> visit(arg, seen));
      position++;
      operands.forEach(this::use);
      position = 0;
      operands.forEach(this::ensure);
      begin(operands);
      Vector to = compute(a, operands);
      end(operands);
      return to;
    }
    return new Vector(register(e));
  }

  private void count(Apply a, Set<Expr> seen) {
    for (Expr arg : a.args()) {
      parents.merge(arg, 1, Integer::sum);
      if (!home(arg) && seen.add(arg)) {
        count((Apply) arg, seen);
      }
    }
  }

  private Vector compute(Apply a, List<Expr> u) {
    Expr first = u.getFirst();
    Expr second = u.get(u.size() > 1 ? 1 : 0);
    return switch (a.fn()) {
      case ADD, MUL -> {
        boolean swap = value(first).register < 0 && value(second).register >= 0;
        yield binary(a.fn(), swap ? second : first, swap ? first : second);
      }
      case SUB, DIV -> {
        yield binary(a.fn(), first, second);
      }
      case MIN, MAX -> { // the second of the instruction where one is NaN: what is limited
        Vector limit = new Vector(register(second));
        Operand x = operand(first);
        Vector to = target(first, second);
        if (a.fn() == Fn.MIN) {
          out.vminps(to, limit, x);
        } else {
          out.vmaxps(to, limit, x);
        }
        yield to;
      }
      case FMA -> {
        yield multiplyAdd(first, second, u.getLast(), minus(a));
      }
      case SQRT -> {
        Operand x = operand(first);
        Vector to = target(first);
        out.vsqrtps(to, x);
        yield to;
      }
      case FLUSH -> {
        Vector value = new Vector(register(first));
        Vector x = new Vector(register(second));
        Vector to = target(second); // not the value's
        out.select(to, x, operand(u.getLast()), NLT_UQ, value);
        yield to;
      }
      case SCALE, FLIP, MANTISSA -> {
        Vector x = new Vector(register(first));
        Vector n = new Vector(register(second));
        Vector to = target(second);
        if (a.fn() == Fn.MANTISSA) {
          out.vcvtps2dq(to, n);
          out.vpslld(to, to, 23);
          out.vpsubd(to, x, to);
        } else if (a.fn() == Fn.SCALE) {
          out.vpslld(to, n, 23);
          out.vpaddd(to, to, x);
        } else {
          out.vpslld(to, n, 31);
          out.vxorps(to, to, x);
        }
        yield to;
      }
      case POSITIVE -> {
        Vector x = new Vector(register(first));
        Vector value = new Vector(register(second));
        Vector nan = constantRegister(NAN);
        Vector to = target(first);
        out.select(to, x, constant(0), NGE_UQ, nan);
        out.vaddps(to, to, value);
        yield to;
      }
      default -> {
        yield unary(a.fn(), first);
      }
    };
  }

  private Vector unary(Fn fn, Expr e) {
    Vector x = new Vector(register(e));
    return switch (fn) {
      case NEG -> {
        Vector to = target(e);
        out.vxorps(to, x, constant(SIGN));
        yield to;
      }
      case ABS -> {
        Vector to = target(e);
        out.vandps(to, x, constant(~SIGN));
        yield to;
      }
      case STEP -> {
        Vector one = constantRegister(ONE);
        Vector to = target(e);
        out.select(to, x, constant(0), GT_OQ, one);
        yield to;
      }
      case SIGN -> {
        Vector signed = temporary();
        out.vandps(signed, x, constant(SIGN));
        out.vorps(signed, signed, constant(ONE));
        Vector to = target(e);
        out.select(to, x, constant(0), NEQ_UQ, signed);
        yield to;
      }
      case EXPONENT -> {
        Vector to = target(e);
        out.vpsubd(to, x, constant(SQRT_HALF));
        out.vpsrad(to, to, 23);
        out.vcvtdq2ps(to, to);
        yield to;
      }
      default -> throw new IllegalArgumentException("no code for " + fn);
    };
  }

  private Vector binary(Fn fn, Expr first, Expr second) {
    Vector a = new Vector(register(first));
    Operand b = first.equals(second) ? a : operand(second);
    Vector to = target(first, second);
    switch (fn) {
      case ADD -> out.vaddps(to, a, b);
      case SUB -> out.vsubps(to, a, b);
      case MUL -> out.vmulps(to, a, b);
      default -> out.vdivps(to, a, b);
    }
    return to;
  }

  /// `c + a b` or `c - a b`: one of the three gives its register to the result.
  private Vector multiplyAdd(Expr first, Expr second, Expr c, boolean minus) {
    Value sum = value(c);
    boolean swap = value(first).register < 0 || (!value(first).dead() && value(second).register >= 0);
    Expr a = swap ? second : first;
    Expr b = swap ? first : second;
    boolean sumGives = sum.register >= 0 && sum.dead() && !c.equals(a) && !c.equals(b);
    if (!sumGives && value(a).register >= 0 && value(a).dead()) {
      Vector x = new Vector(register(b));
      Operand z = operand(c);
      Vector to = target(a);
      if (minus) {
        out.vfnmadd213ps(to, x, z);
      } else {
        out.vfmadd213ps(to, x, z);
      }
      return to;
    }
    Vector x = new Vector(register(a));
    Vector to;
    if (sumGives) {
      to = target(c);
    } else {
      Operand z = operand(c);
      to = new Vector(take());
      if (z instanceof Memory m) {
        out.vmovups(to, m);
      } else {
        out.vmovaps(to, (Vector) z);
      }
    }
    Operand y = a.equals(b) ? x : operand(b);
    if (minus) {
      out.vfnmadd231ps(to, x, y);
    } else {
      out.vfmadd231ps(to, x, y);
    }
    return to;
  }
}

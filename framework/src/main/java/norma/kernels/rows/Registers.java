package norma.kernels.rows;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;
import norma.machine.Assembler;
import norma.machine.Assembler.Memory;
import norma.machine.Assembler.Operand;
import norma.machine.Assembler.Vector;
import norma.machine.InstructionSet;

/// Which value lies in which register, for one vector of elements. Where registers run out, the value that is wanted last goes to memory
/// (Belady, 1966), or is forgotten if memory has it.
final class Registers {
  private final RowEmitter emitter;
  private final Assembler out;
  private final Set<Integer> reserved = new HashSet<>();
  private final Map<Object, Integer> pinned = new LinkedHashMap<>(); // the same code in every process
  private final Map<Object, Integer> wanted = new LinkedHashMap<>();
  private final List<Integer> free = new ArrayList<>();
  private int leastFree;

  // Of one vector.
  private final Map<Expr, Value> values = new LinkedHashMap<>();
  private final Set<Integer> locked = new HashSet<>();
  private final List<Integer> temporaries = new ArrayList<>();
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

  /// @param masks whether AVX2 needs a register for the mask
  Registers(RowEmitter emitter, InstructionSet set, boolean masks) {
    this.emitter = emitter;
    this.out = emitter.out();
    int count = set == InstructionSet.AVX2 && !masks ? 16 : set.registers();
    for (int r = 0; r < count; r++) {
      free.add(r);
    }
    leastFree = count;
  }

  /// Begins a vector.
  ///
  /// @param from bytes beyond the offset
  /// @param tail whether lanes are left out
  void start(int from, boolean tail) {
    for (Value v : values.values()) {
      if (v.register >= 0) {
        free.add(v.register);
      }
    }
    values.clear();
    locked.clear();
    displacement = from;
    masked = tail;
  }

  /// Says that a value is wanted at a later step.
  void use(Expr e, int position) {
    value(e).uses.add(position);
  }

  /// Begins a step.
  void begin(List<Expr> operands, int position) {
    for (Expr e : operands) {
      while (!value(e).uses.isEmpty() && value(e).uses.getFirst() <= position) {
        value(e).uses.removeFirst();
      }
      if (value(e).register >= 0) {
        locked.add(value(e).register);
      }
    }
  }

  /// Ends a step: what nobody wants any more gives its register back.
  void end(List<Expr> operands) {
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

  /// Whether a value is computed.
  boolean has(Expr e) {
    return value(e).register >= 0 || value(e).spilled;
  }

  boolean inRegister(Expr e) {
    return value(e).register >= 0;
  }

  /// Whether it lies in a register that nobody wants after this step.
  boolean dying(Expr e) {
    return value(e).register >= 0 && value(e).dead();
  }

  /// A new value.
  void put(Expr e, Vector in) {
    value(e).register = in.number();
  }

  /// A vector of a stream at this place.
  Memory element(String stream) {
    return emitter.element(stream, displacement);
  }

  boolean masked() {
    return masked;
  }

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
  void pin(Registers trial) {
    int left = trial.leastFree;
    List<Map.Entry<Object, Integer>> order = new ArrayList<>(trial.wanted.entrySet());
    order.sort(Map.Entry.<Object, Integer>comparingByValue(Comparator.reverseOrder()));
    for (int i = 0; i < Math.min(left, order.size()); i++) {
      pinned.put(order.get(i).getKey(), free.removeLast());
    }
    emitter.load(pinned);
  }

  int take() {
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

  private Value value(Expr e) {
    return values.computeIfAbsent(e, _ -> new Value());
  }

  /// Whether memory has it: all but elements, and values of rows that were left there.
  boolean home(Expr e) {
    return !(e instanceof Apply) || !e.space().rows() || (e.space() == Space.ROW && emitter.vectors().containsKey(e));
  }

  private boolean lane(Expr e) {
    return e instanceof Num || !e.space().channels();
  }

  private static Object key(Expr e) {
    return e instanceof Num n ? (Object) Float.floatToRawIntBits((float) n.value()) : e;
  }

  int register(Expr e) {
    Integer pin = lane(e) ? pinned.get(key(e)) : null;
    if (pin != null) {
      return pin;
    }
    Value v = value(e);
    if (v.register < 0) {
      v.register = take();
      out.vmovups(new Vector(v.register), memory(e, v), masked && !tabled(e, v));
    }
    locked.add(v.register);
    return v.register;
  }

  /// Whether memory has its vector in the table, not among a stream's elements.
  private boolean tabled(Expr e, Value v) {
    return v.spilled || lane(e);
  }

  /// Where memory has it. An element's address may lie in a register that the next one needs.
  private Memory memory(Expr e, Value v) {
    return v.spilled ? emitter.vector(spill(e)) : lane(e) ? wanted(key(e)) : element(emitter.streamOf(e));
  }

  /// A vector of the table that a register would spare reading.
  private Memory wanted(Object key) {
    wanted.merge(key, 1, Integer::sum);
    return emitter.vector(key);
  }

  /// In a register or in memory. The last operand to ask for, because of [#memory].
  Operand operand(Expr e) {
    Value v = value(e);
    boolean register = v.register >= 0 || pinned.containsKey(key(e)) || (!tabled(e, v) && (masked || !v.dead()));
    return register ? new Vector(register(e)) : memory(e, v);
  }

  Operand constant(int bits) {
    Integer pin = pinned.get(bits);
    return pin == null ? wanted(bits) : new Vector(pin);
  }

  /// -infinity in the lanes that the mask leaves out, else 0.
  Memory leftOut() {
    return emitter.vector(RowEmitter.LEFT_OUT);
  }

  Vector constantRegister(int bits) {
    Operand c = constant(bits);
    if (c instanceof Vector v) {
      return v;
    }
    Vector v = temporary();
    out.vmovups(v, (Memory) c);
    return v;
  }

  Vector temporary() {
    int r = take();
    temporaries.add(r);
    return new Vector(r);
  }

  /// A register for a result: that of an operand that is not wanted any more, or a new one.
  Vector target(Expr... operands) {
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
}

package norma.kernels.rows;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Formula;
import norma.formula.Plan;
import norma.formula.Routine;
import norma.machine.Code;
import norma.machine.InstructionSet;
import org.jspecify.annotations.Nullable;

/// The programs of formulas and routines, machine code that is made once for all workers of a backend.
public class RowPrograms {
  private final InstructionSet set;
  private final Code.Maker maker;
  private final Map<Formula, Formula.Kernels> plans = new ConcurrentHashMap<>();
  private final Map<Key, Program> programs = new ConcurrentHashMap<>();

  /// @param set   that the CPU has
  /// @param maker makes functions of code
  public RowPrograms(InstructionSet set, Code.Maker maker) {
    this.set = set;
    this.maker = maker;
  }

  /// @param what   a formula or a routine
  /// @param stride of a routine's strided operands
  /// @param wanted what backward is to compute; null for forward
  private record Key(Object what, int width, int stride, @Nullable Wanted wanted) {}

  /// Gradients that somebody needs, of a formula's inputs and parameters.
  ///
  /// @param gradients which
  /// @param added     which of the inputs' are added to what is there
  record Wanted(List<Boolean> gradients, List<Boolean> added) {}

  /// A routine or one direction of a formula at one width.
  ///
  /// @param routine   null for a formula
  /// @param gradients of parameters, null where nobody needs it
  /// @param direct    for each sum over rows the parameter whose gradient it is, or -1
  /// @param kept      places of the values of rows that it leaves or needs among all that forward leaves
  /// @param computes  whether the caller computes with vectors
  /// @param vectors   places in the code's table: of constants by their bits, of numbers, of masks
  record Program(@Nullable Routine routine, Plan plan, Streams streams, int width, int stride,
      List<@Nullable Expr> gradients, List<Integer> direct, List<Integer> kept, boolean computes, InstructionSet set,
      Code code, Map<Object, Integer> vectors, int tableBytes) {}

  Formula.Kernels plan(Formula formula) {
    return plans.computeIfAbsent(formula, f -> f.kernels(true));
  }

  Program forward(Formula formula, int width) {
    Formula.Kernels kernels = plan(formula);
    return programs.computeIfAbsent(new Key(formula, width, width, null),
        _ -> program(null, kernels.forward(), kernels.kept(), kernels.kept(), formula.outputNames(), List.of(),
            width, width));
  }

  Program backward(Formula formula, int width, Wanted wanted) {
    Formula.Kernels kernels = plan(formula);
    return programs.computeIfAbsent(new Key(formula, width, width, wanted), _ -> {
      List<String> inputs = formula.inputs();
      List<Expr> elements = new ArrayList<>();
      List<String> outputs = new ArrayList<>();
      List<@Nullable Expr> gradients = new ArrayList<>();
      List<Expr> needed = new ArrayList<>();
      for (int i = 0; i < wanted.gradients.size(); i++) {
        Expr gradient = wanted.gradients.get(i) ? kernels.gradients().get(i) : null;
        if (i >= inputs.size()) {
          gradients.add(gradient);
        }
        if (gradient != null && i >= inputs.size()) {
          needed.add(gradient);
        } else if (gradient != null) {
          elements.add(wanted.added.get(i) ? kernels.added().get(i) : gradient);
          outputs.add("d" + inputs.get(i));
        }
      }
      Plan plan = kernels.backward(elements, needed);
      return program(null, plan, List.of(), kernels.kept(), outputs, gradients, width, width);
    });
  }

  Program routine(Routine routine, int width, int stride) {
    return programs.computeIfAbsent(new Key(routine, width, stride, null), _ -> program(routine, routine.plan(),
        routine.stored(), List.of(), routine.outputs(), List.of(), width, stride));
  }

  private Program program(@Nullable Routine routine, Plan plan, List<Expr> stored, List<Expr> kept,
      List<String> outputs, List<@Nullable Expr> gradients, int width, int stride) {
    List<Integer> direct = direct(plan, gradients);
    List<Integer> places = Stream.concat(stored.stream(), plan.kept().stream()).map(kept::indexOf).toList();
    List<String> first = routine == null ? List.of() : routine.operands().stream().map(routine::stream).toList();
    Map<String, String> declared = routine == null ? Map.of() : routine.kinds();
    Streams streams = new Streams(plan, first, declared, stored.size(), outputs);
    RowEmitter emitter = new RowEmitter(plan, stored, outputs, streams, width, stride, set);
    Code code = code(emitter);
    return new Program(routine, plan, streams, width, stride, gradients, direct, places,
        computes(plan, gradients, direct), set, code, emitter.vectors(), emitter.tableBytes());
  }

  /// What tests compare with another way to compute the same.
  Code code(RowEmitter emitter) {
    return maker.another("rows", emitter.assemble());
  }

  /// A sum over rows that is one gradient, and part of no other, is added up in that gradient's memory.
  private static List<Integer> direct(Plan plan, List<@Nullable Expr> gradients) {
    List<Integer> direct = new ArrayList<>();
    for (Apply sum : plan.sums()) {
      int users = 0;
      for (Expr gradient : gradients) {
        users += gradient != null && Expr.nodes(List.of(gradient)).contains(sum) ? 1 : 0;
      }
      direct.add(users == 1 ? gradients.indexOf(sum) : -1);
    }
    return direct;
  }

  private static boolean computes(Plan plan, List<@Nullable Expr> gradients, List<Integer> direct) {
    return !Stream.concat(plan.channels().stream(), plan.numbers().stream()).allMatch(Leaf.class::isInstance)
        || IntStream.range(0, gradients.size()).anyMatch(i -> gradients.get(i) != null && !direct.contains(i));
  }
}

package norma.kernels.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Num;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Formula.Parameter;
import norma.formula.Plan;
import norma.formula.Plan.Pass;
import norma.formula.Plan.Sink;

/// A formula's kernels, printed from its tree. A warp takes a row and passes over it, once for each level of statistics; sums over rows are
/// made by another pass over the rows of a block, a thread for some columns. Nothing of the formula's text is in it.
///
/// `forward(a, b, sum, parameters, y, slope, kept, rows, width)`: x is a, or a + b as memory keeps it, which is then written to sum.
/// `backward(dy, x, parameters, kept, dx, accumulate, slots, totals, sums, rows, width)`: parts of sums over rows, of each block.
/// `finish(parameters, sums, totals, (gradient, accumulate) of each parameter, width)`: gradients that are not sums over rows themselves.
final class FormulaSource {
  private final Formula formula;
  private final Formula.Kernels kernels;
  private final StringBuilder out = new StringBuilder();
  private int names;

  private FormulaSource(Formula formula, Formula.Kernels kernels) {
    this.formula = formula;
    this.kernels = kernels;
  }

  static String of(Formula formula, Formula.Kernels kernels) {
    FormulaSource source = new FormulaSource(formula, kernels);
    source.line("#include \"rows.cuh\"");
    source.line("#ifdef __CUDACC__");
    source.line("#pragma nv_diag_suppress 177"); // values that one of the passes does not need
    source.line("#endif");
    source.forward();
    source.backward();
    source.finish();
    return source.out.toString();
  }

  private void line(String text) {
    out.append(text).append('\n');
  }

  /// `const float* p0, ...`.
  private String parameters(boolean types) {
    StringBuilder list = new StringBuilder();
    for (int i = 0; i < formula.parameters().size(); i++) {
      list.append(types ? "const float* " : "").append("p").append(i).append(", ");
    }
    return list.toString();
  }

  /// Both widths of access: of 16 bytes, and of single elements.
  private void kernel(String name, String blocks, String types, String arguments) {
    line("extern \"C\" __global__ void __launch_bounds__(THREADS, " + blocks + ") " + name + "(" + types + ") {");
    line("  const int N = Lane<real>::COUNT;");
    line("  if (width % N == 0) {");
    line("    " + name + "_rows<N>(" + arguments + ");");
    line("  } else {");
    line("    " + name + "_rows<1>(" + arguments + ");");
    line("  }");
    line("}");
  }

  private void forward() {
    String types = "const real* a, const real* b, real* sum, " + parameters(true)
        + "real* y, real* slope, float* kept, int rows, int width";
    line("template <int N> static __device__ __forceinline__ void forward_rows(" + types + ") {");
    line("  const int lane = threadIdx.x % 32;");
    Map<Expr, String> numbers = numbers(kernels.forward(), new HashMap<>());
    line(
        "  for (int row = (blockIdx.x * THREADS + threadIdx.x) / 32; row < rows; row += gridDim.x * (THREADS / 32)) {");
    line("    const long long at = (long long)row * width;");
    Map<Expr, String> known = new HashMap<>(numbers);
    List<Pass> passes = kernels.forward().passes();
    for (int i = 0; i < passes.size(); i++) {
      pass(passes.get(i), known, i == 0 ? "first" : "later");
      for (Expr e : kernels.kept()) {
        if (ends(passes.get(i)).contains(e)) {
          line("    if (lane == 0) kept[(long long)" + kernels.kept().indexOf(e) + " * rows + row] = " + known.get(e)
              + ";");
        }
      }
    }
    line("  }");
    line("}");
    kernel("forward", "4", types, "a, b, sum, " + parameters(false) + "y, slope, kept, rows, width");
  }

  private static Set<Expr> ends(Pass pass) {
    Set<Expr> ends = new LinkedHashSet<>(pass.before());
    for (Sink sink : pass.sinks()) {
      if (sink.output() < 0 && !sink.is(Fn.ROWS)) {
        ends.add(sink.node());
      }
    }
    ends.addAll(pass.after());
    return ends;
  }

  /// Values of numbers, statistics of vectors among them, by every warp.
  private Map<Expr, String> numbers(Plan plan, Map<Expr, String> known) {
    parameters(known);
    plan.numbers().forEach(e -> number(e, known));
    plan.channels().forEach(e -> inner(e, known));
    return known;
  }

  private void parameters(Map<Expr, String> known) {
    for (int i = 0; i < formula.parameters().size(); i++) {
      Parameter p = formula.parameters().get(i);
      if (!p.perChannel()) {
        known.put(formula.leaf(p), "p" + i + "[0]");
      }
    }
    known.put(formula.width(), "(float)width");
  }

  private String number(Expr e, Map<Expr, String> known) {
    if (e instanceof Apply a && !known.containsKey(e) && a.fn().statistic()) {
      inner(a.arg(0), known);
      String name = "n" + names++;
      line("  float " + name + " = 0;");
      line("  for (int c = lane; c < width; c += 32) {");
      Map<Expr, String> element = new HashMap<>(known);
      vectors("", element);
      accumulate(a.fn(), name, value(a.arg(0), element, "    "), "    ");
      line("  }");
      line("  " + name + " = " + (a.fn() == Fn.SUM ? "warp_sum(" : "warp_max(") + name + ");");
      known.put(e, name);
    } else if (e instanceof Apply a && !known.containsKey(e)) {
      a.args().forEach(arg -> number(arg, known));
    }
    return value(e, known, "  ");
  }

  /// Numbers inside of what varies over channels.
  private void inner(Expr e, Map<Expr, String> known) {
    if (e.space() == Space.NUMBER) {
      number(e, known);
    } else if (e instanceof Apply a) {
      a.args().forEach(arg -> inner(arg, known));
    }
  }

  private void accumulate(Fn fn, String to, String value, String indent) {
    line(indent + to + (fn == Fn.SUM ? " += " + value : " = fmaxf(" + to + ", fabsf(" + value + "))") + ";");
  }

  /// Elements of vectors: by themselves, or of N neighbours.
  private void vectors(String index, Map<Expr, String> known) {
    for (int i = 0; i < formula.parameters().size(); i++) {
      if (formula.parameters().get(i).perChannel()) {
        known.put(formula.leaf(formula.parameters().get(i)), index.isEmpty() ? "p" + i + "[c]" : "w" + i + index);
      }
    }
  }

  private Set<Leaf> leaves(List<Expr> roots) {
    Set<Leaf> leaves = new LinkedHashSet<>();
    roots.forEach(root -> leaves(root, leaves, new LinkedHashSet<>()));
    return leaves;
  }

  private static void leaves(Expr e, Set<Leaf> leaves, Set<Expr> seen) {
    if (e instanceof Leaf leaf) {
      leaves.add(leaf);
    } else if (e instanceof Apply a && e.space().channels() && seen.add(e)) {
      a.args().forEach(arg -> leaves(arg, leaves, seen));
    }
  }

  /// Reads what the values need, in arrays of N.
  private void load(List<Expr> values, String indent, String x) {
    for (Leaf leaf : leaves(values)) {
      if (leaf.space() == Space.POINT && leaf.name().equals("x") && x.equals("first")) {
        line(indent + "float x_[N]; load(a + at + c, x_);");
        line(indent + "if (b) { float o[N]; load(b + at + c, o); for (int i = 0; i < N; i++) x_[i] += o[i];"
            + " store_rounded(x_, sum + at + c); }");
      } else if (leaf.space() == Space.POINT) {
        String from = leaf.name().equals("x") && x.equals("later")
            ? "(b ? sum : a)"
            : leaf.name().equals("dy") ? "dy" : "x";
        line(indent + "float " + leaf.name() + "_[N]; load(" + from + " + at + c, " + leaf.name() + "_);");
      } else if (leaf.space() == Space.CHANNEL) {
        for (int i = 0; i < formula.parameters().size(); i++) {
          if (formula.parameters().get(i).name().equals(leaf.name())) {
            line(indent + "float w" + i + "[N]; load(p" + i + " + c, w" + i + ");");
          }
        }
      }
    }
  }

  private Map<Expr, String> element(List<Expr> values, Map<Expr, String> known) {
    Map<Expr, String> element = new HashMap<>(known);
    vectors("[i]", element);
    for (Leaf leaf : leaves(values)) {
      if (leaf.space() == Space.POINT) {
        element.put(leaf, leaf.name() + "_[i]");
      }
    }
    return element;
  }

  /// A pass over a row; sums over rows are not its business.
  private void pass(Pass pass, Map<Expr, String> known, String x) {
    for (Expr e : pass.before()) {
      known.put(e, value(e, known, "    "));
    }
    List<Sink> sinks = pass.sinks().stream().filter(s -> s.output() >= 0 || !s.is(Fn.ROWS)).toList();
    List<Expr> values = sinks.stream().map(Sink::value).toList();
    Map<Sink, String> statistics = new LinkedHashMap<>();
    for (Sink sink : sinks) {
      if (sink.output() < 0) {
        String name = "s" + names++;
        statistics.put(sink, name);
        line("    float " + name + " = 0;");
      }
    }
    if (!sinks.isEmpty()) {
      line("    for (int c = lane * N; c < width; c += 32 * N) {");
      load(values, "      ", x);
      for (Sink sink : sinks) {
        if (sink.output() >= 0) {
          line("      float o" + sink.output() + "[N];");
        }
      }
      line("#pragma unroll");
      line("      for (int i = 0; i < N; i++) {");
      Map<Expr, String> element = element(values, known);
      for (Sink sink : sinks) {
        String value = value(sink.value(), element, "        ");
        if (sink.output() >= 0) {
          line("        o" + sink.output() + "[i] = " + value + ";");
        } else {
          accumulate(((Apply) sink.node()).fn(), statistics.getOrDefault(sink, ""), value, "        ");
        }
      }
      line("      }");
      for (Sink sink : sinks) {
        if (sink.output() >= 0) {
          line(x.equals("backward")
              ? "      if (dx) put(o0, dx + at + c, accumulate);"
              : "      store(o" + sink.output() + ", " + (sink.output() == 0 ? "y" : "slope") + " + at + c);");
        }
      }
      line("    }");
    }
    statistics.forEach((sink, name) -> {
      line("    " + name + " = " + (sink.is(Fn.SUM) ? "warp_sum(" : "warp_max(") + name + ");");
      known.put(sink.node(), name);
    });
    for (Expr e : pass.after()) {
      known.put(e, value(e, known, "    "));
    }
  }

  private void backward() {
    Plan plan = kernels.backward(true, false, kernels.gradients().subList(1, kernels.gradients().size()));
    String types = "const real* dy, const real* x, " + parameters(true)
        + "const float* kept, real* dx, int accumulate, float* slots, float* totals, float* sums, int rows, int width";
    List<Expr> sums = plan.sums().stream().map(s -> s.arg(0)).toList();
    List<Expr> slots = slots(plan);
    line("template <int N> static __device__ __forceinline__ void backward_rows(" + types + ", float* spare) {");
    line("  const int lane = threadIdx.x % 32;");
    line("  const Share share = share_of(rows, blockIdx.x, gridDim.x);");
    Map<Expr, String> numbers = numbers(plan, new HashMap<>());
    for (int k = 0; k < plan.totals().size(); k++) {
      line("  double t" + k + " = 0;");
    }
    line("  for (int row = share.begin + threadIdx.x / 32; row < share.end; row += THREADS / 32) {");
    line("    const long long at = (long long)row * width;");
    Map<Expr, String> known = new HashMap<>(numbers);
    kept(plan, known, "    ");
    for (Pass pass : plan.passes()) {
      pass(pass, known, "backward");
      for (Expr e : ends(pass)) {
        if (slots.contains(e)) {
          line("    if (lane == 0) slots[(long long)" + slots.indexOf(e) + " * rows + row] = " + known.get(e) + ";");
        }
      }
      for (Apply total : pass.totals()) {
        line("    t" + plan.totals().indexOf(total) + " += " + value(total.arg(0), known, "    ") + ";");
      }
    }
    line("  }");
    if (!plan.totals().isEmpty()) {
      line("  __shared__ double warps[THREADS / 32];");
    }
    for (int k = 0; k < plan.totals().size(); k++) {
      line("  t" + k + " = block_sum(lane == 0 ? t" + k + " : 0, warps);");
      line("  if (threadIdx.x == 0) totals[" + k + " * gridDim.x + blockIdx.x] = t" + k + ";");
    }
    if (!sums.isEmpty()) {
      columns(plan, sums, slots, numbers);
    }
    line("}");
    line("extern \"C\" __global__ void __launch_bounds__(THREADS, 2) backward(" + types + ") {");
    line("  const int N = Lane<real>::COUNT;");
    line("  __shared__ __align__(16) float spare[THREADS * N];");
    String arguments = "dy, x, " + parameters(false)
        + "kept, dx, accumulate, slots, totals, sums, rows, width, spare";
    line("  if (width % N == 0) backward_rows<N>(" + arguments + ");");
    line("  else backward_rows<1>(" + arguments + ");");
    line("}");
  }

  /// Sums over the block's rows of every column.
  private void columns(Plan plan, List<Expr> sums, List<Expr> slots, Map<Expr, String> numbers) {
    line("  __syncthreads();");
    line("  for (int from = 0; from < width; from += Tile<N>::WIDTH) {");
    line("    const Tile<N> tile(from, width);");
    line("    const int c = tile.column;");
    for (int k = 0; k < sums.size(); k++) {
      line("    float q" + k + "[N] = {};");
    }
    line("    for (int row = tile.first_row(share); row < share.end; row += tile.lines) {");
    line("      const long long at = (long long)row * width;");
    Map<Expr, String> known = new HashMap<>(numbers);
    kept(plan, known, "      ");
    for (Expr slot : slots) {
      String name = "r" + names++;
      line("      const float " + name + " = slots[(long long)" + slots.indexOf(slot) + " * rows + row];");
      known.put(slot, name);
    }
    load(sums, "      ", "backward");
    line("#pragma unroll");
    line("      for (int i = 0; i < N; i++) {");
    Map<Expr, String> element = element(sums, known);
    for (int k = 0; k < sums.size(); k++) {
      line("        q" + k + "[i] += " + value(sums.get(k), element, "        ") + ";");
    }
    line("      }");
    line("    }");
    for (int k = 0; k < sums.size(); k++) {
      line("    tile.add_lines(q" + k + ", spare, sums + ((long long)" + k + " * gridDim.x + blockIdx.x) * width);");
    }
    line("  }");
  }

  private void kept(Plan plan, Map<Expr, String> known, String indent) {
    for (Expr e : plan.kept()) {
      String name = "k" + names++;
      line(indent + "const float " + name + " = kept[(long long)" + kernels.kept().indexOf(e) + " * rows + row];");
      known.put(e, name);
    }
  }

  /// Values of rows that sums over rows read, beside those that forward kept.
  static List<Expr> slots(Plan plan) {
    Set<Expr> values = new LinkedHashSet<>();
    plan.sums().forEach(sum -> rowValues(sum.arg(0), values));
    List<Expr> slots = new ArrayList<>(values);
    slots.removeAll(plan.kept());
    return slots;
  }

  private static void rowValues(Expr e, Set<Expr> values) {
    if (e.space() == Space.ROW) {
      values.add(e);
    } else if (e instanceof Apply a && e.space() == Space.POINT) {
      a.args().forEach(arg -> rowValues(arg, values));
    }
  }

  private void finish() {
    Plan plan = kernels.backward(true, false, kernels.gradients().subList(1, kernels.gradients().size()));
    StringBuilder types = new StringBuilder(parameters(true)).append("const float* sums, const float* totals, ");
    for (int i = 0; i < formula.parameters().size(); i++) {
      types.append("float* g").append(i).append(", int add").append(i).append(", ");
    }
    line("extern \"C\" __global__ void finish(" + types + "int width) {");
    line("  const int lane = threadIdx.x;");
    Map<Expr, String> known = new HashMap<>();
    for (int k = 0; k < plan.totals().size(); k++) {
      known.put(plan.totals().get(k), "totals[" + k + "]");
    }
    for (int k = 0; k < plan.sums().size(); k++) {
      known.put(plan.sums().get(k), "sums[" + k + " * width + c]");
    }
    parameters(known);
    for (int i = 0; i < formula.parameters().size(); i++) {
      Expr gradient = kernels.gradients().get(i + 1);
      inner(gradient, known);
      boolean vector = formula.parameters().get(i).perChannel();
      line("  if (g" + i + ") for (int c = lane; c < " + (vector ? "width" : "1") + "; c += 32) {");
      Map<Expr, String> element = new HashMap<>(known);
      vectors("", element);
      String value = value(gradient, element, "    ");
      line("    g" + i + "[c] = (add" + i + " ? g" + i + "[c] : 0) + " + value + ";");
      line("  }");
    }
    line("}");
  }

  // Expressions.

  /// The name of a value, which is computed where it is not known.
  private String value(Expr e, Map<Expr, String> known, String indent) {
    String name = known.get(e);
    if (name != null) {
      return name;
    }
    if (e instanceof Num n) {
      return literal(n.value());
    }
    if (!(e instanceof Apply a)) {
      throw new IllegalStateException("no value of " + e);
    }
    String u = value(a.arg(0), known, indent);
    String v = value(a.args().getLast(), known, indent);
    String text = switch (a.fn()) {
      case ADD -> u + " + " + v;
      case SUB -> u + " - " + v;
      case MUL -> u + " * " + v;
      case DIV -> u + " / " + v;
      case NEG -> "-" + u;
      case POW -> "powf(" + u + ", " + v + ")";
      case SQRT -> "sqrtf(" + u + ")";
      case ABS -> "fabsf(" + u + ")";
      case SIGN -> u + " > 0 ? 1.0f : " + u + " < 0 ? -1.0f : " + u + " * 0.0f"; // NaN stays
      case STEP -> u + " > 0 ? 1.0f : 0.0f";
      case MAX -> v + " > " + u + " ? " + v + " : " + u;
      case MIN -> v + " < " + u + " ? " + v + " : " + u;
      case EXP -> "expf(" + u + ")";
      case LOG -> "logf(" + u + ")";
      case SIN -> "sinf(" + u + ")";
      case COS -> "cosf(" + u + ")";
      case ATAN -> "atanf(" + u + ")";
      case TANH -> "tanhf(" + u + ")";
      case ERF -> "erff(" + u + ")";
      default -> throw new IllegalStateException("nothing to print for " + a.fn());
    };
    String result = "v" + names++;
    line(indent + "const float " + result + " = " + text + ";");
    known.put(e, result);
    return result;
  }

  private static String literal(double value) {
    float f = (float) value;
    return Float.isFinite(f)
        ? (f < 0 ? "(" : "") + Float.toHexString(f) + "f" + (f < 0 ? ")" : "")
        : "__int_as_float(0x" + Integer.toHexString(Float.floatToRawIntBits(f)) + ")";
  }
}

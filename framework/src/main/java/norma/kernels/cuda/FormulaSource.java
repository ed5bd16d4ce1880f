package norma.kernels.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import norma.formula.Expr;
import norma.formula.Expr.Apply;
import norma.formula.Expr.Leaf;
import norma.formula.Expr.Space;
import norma.formula.Fn;
import norma.formula.Formula;
import norma.formula.Plan.Pass;
import norma.formula.Plan.Sink;
import norma.kernels.cuda.RowWork.Total;

/// A formula's kernels, printed from its tree for rows of one width. A warp takes a row: it reads it once, into registers, makes the row's
/// statistics, one level after the other, and then all elements; sums over rows stay in registers until the block has done its rows. Of a
/// row that is too long for that, pieces are read again for each level. Nothing of the formula's text is in it.
///
/// `forward(a, b, sum, u, parameters, y, slopes, kept, slots, rows)`: x is a, or a + b as memory keeps it, which is then written to sum.
/// `backward(dy, x, u, parameters, kept, (gradient, accumulate) of x and u, slots, totals, sums, rows)`: parts of sums over rows, of each block.
/// The second input u is there if the formula has one, and backward gets slopes in the places of x and u if forward keeps those.
/// `finish(parameters, totals, blocks, sums, parts, work, (gradient, accumulate) of each parameter)`: the gradients of parameters, from all parts.
final class FormulaSource {
  private final Formula formula;
  private final PlannedFormula kernels;
  private final ExprSource to;

  private FormulaSource(PlannedFormula kernels) {
    this.formula = kernels.formula();
    this.kernels = kernels;
    this.to = new ExprSource(kernels.formula());
  }

  static String of(PlannedFormula kernels) {
    FormulaSource source = new FormulaSource(kernels);
    source.line("#include \"rows.cuh\"");
    source.line("#ifdef __CUDACC__");
    source.line("#pragma nv_diag_suppress 177"); // values that one of the passes does not need
    source.line("#endif");
    source.line("static const int WIDTH = " + kernels.width() + ";");
    source.forward();
    source.backward();
    source.finish();
    return source.to.toString();
  }

  private void line(String text) {
    to.line(text);
  }

  private void forward() {
    RowWork work = kernels.forward();
    List<String> inputs = formula.inputs();
    open("forward", "const real* a, const real* b, real* sum, "
        + list("const real* %s, ", inputs.subList(1, inputs.size())) + to.parameters()
        + list("real* %s, ", formula.outputNames()) + "float* kept, float* slots, int rows", work);
    rows(work);
    line("}");
  }

  private void backward() {
    RowWork work = kernels.backward();
    open("backward",
        "const real* dy, " + list("const real* %s, ", formula.saved()) + to.parameters() + "const float* kept, "
            + list("real* d%1$s, int add_%1$s, ", formula.inputs())
            + "float* slots, float* totals, float* sums, int rows",
        work);
    if (!work.sums().isEmpty()) {
      line("  __shared__ float spare[WARPS / 2 * PIECE];");
    }
    for (int k = 0; k < work.totals().size(); k++) {
      line("  double t" + k + " = 0;");
    }
    Map<Expr, String> numbers = rows(work);
    for (int k = 0; k < work.totals().size(); k++) {
      Total total = work.totals().get(k);
      line("  t" + k + " = block_sum(" + (total.element().isPresent() ? "t" + k : "lane == 0 ? t" + k + " : 0") + ");");
      String value = "t" + k;
      for (Expr factor : total.factors()) {
        value += " * " + to.value(factor, numbers, "  ");
      }
      line("  if (threadIdx.x == 0) totals[" + k + " * gridDim.x * gridDim.y + blockIdx.y * gridDim.x + blockIdx.x] = "
          + value + ";");
    }
    line("}");
  }

  private static String list(String each, List<String> names) {
    return names.stream().map(name -> String.format(Locale.ROOT, each, name)).collect(Collectors.joining());
  }

  /// The head of a kernel, with what it knows of its lanes.
  private void open(String name, String types, RowWork work) {
    line(
        "extern \"C\" __global__ void __launch_bounds__(THREADS, " + work.blocks() + ") " + name + "(" + types + ") {");
    line("  const int N = " + work.lanes().count() + ", K = " + work.lanes().chunks() + ", PIECE = WARP * N * K;");
    line("  const int lane = threadIdx.x % WARP;");
    line("  const int first = blockIdx.x * WARPS + threadIdx.x / WARP;");
    line("  const int stride = gridDim.x * WARPS;");
  }

  /// Prints the passes over rows.
  ///
  /// @return names of numbers
  private Map<Expr, String> rows(RowWork work) {
    Map<Expr, String> numbers = new HashMap<>();
    to.parameters(numbers);
    work.plan().numbers().forEach(e -> to.number(e, numbers));
    work.plan().channels().forEach(e -> to.inner(e, numbers));
    boolean apart = work.apart();
    boolean later = false;
    if (apart) {
      line("  for (int row = first; row < rows; row += stride) {");
      line("    const long long at = (long long)row * WIDTH;");
      Map<Expr, String> known = new HashMap<>(numbers);
      kept(work, known);
      for (Pass pass : work.passes()) {
        statistics(work, pass, known, new Reader(false, later));
        later |= ExprSource.leaves(pass.sinks().stream().map(Sink::value).toList()).stream()
            .anyMatch(leaf -> leaf.name().equals("x"));
      }
      for (Expr value : work.slots()) {
        line("    if (lane == 0) slots[(long long)" + work.slots().indexOf(value) + " * rows + row] = "
            + to.value(value, known, "    ") + ";");
      }
      line("  }");
      line("  __syncwarp();");
    }
    line("  for (int from = blockIdx.y * PIECE; from < WIDTH; from += gridDim.y * PIECE) {");
    line("    const int column = from + lane * N;");
    line("    const int left = " + (work.lanes().full() ? "WARP * N * K" : "WIDTH - column") + ";");
    Map<Expr, String> channels = hoisted(work, numbers);
    for (int k = 0; k < work.sums().size(); k++) {
      line("    float q" + k + "[K][N] = {};");
    }
    line("    for (int row = first; row < rows; row += stride) {");
    line("    const long long at = (long long)row * WIDTH + column;");
    Map<Expr, String> known = new HashMap<>(channels);
    kept(work, known);
    for (Expr value : work.slots()) {
      String name = to.name("r");
      line("    const float " + name + " = slots[(long long)" + work.slots().indexOf(value) + " * rows + row];");
      known.put(value, name);
    }
    Reader reader = new Reader(true, later);
    read(work, apart, reader);
    for (Pass pass : apart ? List.<Pass>of() : work.passes()) {
      statistics(work, pass, known, reader);
    }
    last(work, known);
    line("    }");
    for (int k = 0; k < work.sums().size(); k++) {
      line("    sum_of_warps(q" + k + ", spare, sums + ((long long)" + k
          + " * gridDim.x + blockIdx.x) * WIDTH + column, left);");
    }
    line("  }");
    return numbers;
  }

  /// Where a pass finds elements.
  ///
  /// @param held  in registers
  /// @param later whether x = a + b is in memory already
  private record Reader(boolean held, boolean later) {}

  /// Reads what the passes need of a row.
  private void read(RowWork work, boolean apart, Reader reader) {
    List<Expr> values = new ArrayList<>(work.elements());
    if (!apart) {
      work.passes().forEach(pass -> pass.sinks().forEach(sink -> values.add(sink.value())));
    }
    read(values, work, reader);
    if (work.backward()) {
      formula.inputs().forEach(x -> {
        line("    float old_" + x + "[K][N];");
        line("    if (add_" + x + ") load_row(d" + x + " + at, left, old_" + x + ");");
      });
    }
  }

  private void read(List<Expr> values, RowWork work, Reader reader) {
    ExprSource.leaves(values).stream().filter(leaf -> leaf.space() == Space.POINT)
        .forEach(leaf -> points(leaf, work, reader));
  }

  /// Reads an input, of the whole row or, where that is not held, of one access.
  private void points(Leaf leaf, RowWork work, Reader reader) {
    String indent = reader.held ? "    " : "      ";
    String size = reader.held ? "[K][N]" : "[N]";
    String load = reader.held ? "load_row(" : "load(";
    String at = reader.held ? " + at, left, " : " + at + c, ";
    String name = leaf.name() + "_";
    String from = work.backward() || !leaf.name().equals("x") ? leaf.name() : reader.later ? "(b ? sum : a)" : "a";
    line(indent + "float " + name + size + ";");
    line(indent + load + from + at + name + ");");
    if (from.equals("a")) {
      String store = reader.held ? "store_row(x_, sum + at, left)" : "store_rounded(x_, sum + at + c)";
      line(indent + "if (b) { float o" + size + "; " + load + "b" + at + "o); add(o, x_); " + store + "; }");
    }
  }

  /// What varies over channels only, of the lane's columns, where registers have room for it.
  private Map<Expr, String> hoisted(RowWork work, Map<Expr, String> numbers) {
    Map<Expr, String> channels = new HashMap<>(numbers);
    if (work.lanes().held() > RowWork.FEW) {
      return channels;
    }
    for (Leaf leaf : ExprSource.leaves(work.plan().channels())) {
      int i = formula.index(leaf);
      line("    float p_" + i + "[K][N];");
      line("    load_row(p" + i + " + column, left, p_" + i + ");");
      channels.put(leaf, "p_" + i + "[k][i]");
    }
    for (Expr e : work.plan().channels()) {
      if (!channels.containsKey(e)) {
        String name = to.name("c");
        line("    float " + name + "[K][N];");
        Map<Expr, String> element = new HashMap<>(channels);
        elements(List.of(e), element, true,
            () -> line("        " + name + "[k][i] = " + to.value(e, element, "        ") + ";"));
        channels.put(e, name + "[k][i]");
      }
    }
    return channels;
  }

  /// A level of a row's statistics.
  private void statistics(RowWork work, Pass pass, Map<Expr, String> known, Reader reader) {
    pass.before().forEach(e -> known.put(e, to.value(e, known, "    ")));
    List<Expr> values = pass.sinks().stream().map(Sink::value).toList();
    Map<Sink, String> names = new LinkedHashMap<>();
    for (Sink sink : pass.sinks()) {
      names.put(sink, to.name("s"));
      line("    float " + names.get(sink) + " = 0;");
    }
    Map<Expr, String> element = new HashMap<>(known);
    if (!reader.held) {
      line("    for (int c = lane * N; c < WIDTH; c += WARP * N) {");
      read(values, work, reader);
    }
    elements(values, element, reader.held, () -> names.forEach((sink, name) -> to.accumulate(
        ((Apply) sink.node()).fn(), name, to.value(sink.value(), element, "        "), "        ")));
    if (!reader.held) {
      line("    }");
    }
    names.forEach((sink, name) -> {
      line("    " + name + " = " + (sink.is(Fn.SUM) ? "Warp::sum(" : "Warp::max(") + name + ");");
      known.put(sink.node(), name);
    });
    pass.after().forEach(e -> known.put(e, to.value(e, known, "    ")));
    if (!work.backward()) {
      keep(pass, known);
    }
  }

  /// A loop over a lane's elements, with the names that values have there.
  private void elements(List<Expr> values, Map<Expr, String> known, boolean held, Runnable body) {
    if (values.isEmpty()) {
      return;
    }
    if (held) {
      line("#pragma unroll");
      line("    for (int k = 0; k < K; k++) if (k * WARP * N < left) {");
    }
    for (Leaf leaf : ExprSource.leaves(values)) {
      if (leaf.space() == Space.POINT) {
        known.put(leaf, leaf.name() + (held ? "_[k][i]" : "_[i]"));
      } else if (leaf.space() == Space.CHANNEL && !known.containsKey(leaf)) {
        int i = formula.index(leaf);
        line("      float w" + i + "[N];");
        line("      load(p" + i + (held ? " + column + k * WARP * N, w" : " + c, w") + i + ");");
        known.put(leaf, "w" + i + "[i]");
      }
    }
    line("#pragma unroll");
    line("      for (int i = 0; i < N; i++) {");
    body.run();
    line("      }");
    if (held) {
      line("    }");
    }
  }

  private void keep(Pass pass, Map<Expr, String> known) {
    Set<Expr> made = new LinkedHashSet<>(pass.before());
    pass.sinks().forEach(sink -> made.add(sink.node()));
    made.addAll(pass.after());
    List<Expr> kept = kernels.kept();
    for (Expr e : kept) {
      if (made.contains(e)) {
        line("    if (lane == 0) kept[(long long)" + kept.indexOf(e) + " * rows + row] = " + known.get(e) + ";");
      }
    }
  }

  /// All elements of a row: outputs, sums over rows, totals.
  private void last(RowWork work, Map<Expr, String> known) {
    List<Total> totals = work.totals();
    for (int k = 0; k < work.outputs().size(); k++) {
      line("    float o" + k + "[K][N];");
    }
    for (int k = 0; k < totals.size(); k++) {
      if (totals.get(k).element().isPresent()) {
        line("    float u" + k + " = 0;");
      }
    }
    Map<Expr, String> element = new HashMap<>(known);
    elements(work.elements(), element, true, () -> {
      for (int k = 0; k < work.outputs().size(); k++) {
        line("        o" + k + "[k][i] = " + to.value(work.outputs().get(k), element, "        ") + ";");
      }
      for (int k = 0; k < work.sums().size(); k++) {
        line("        q" + k + "[k][i] += " + to.value(work.sums().get(k), element, "        ") + ";");
      }
      for (int k = 0; k < totals.size(); k++) {
        int total = k;
        totals.get(k).element()
            .ifPresent(e -> line("        u" + total + " += " + to.value(e, element, "        ") + ";"));
      }
    });
    for (int k = 0; k < totals.size(); k++) {
      line("    t" + k + " += " + (totals.get(k).element().isPresent()
          ? "u" + k
          : "from > 0 ? 0 : " + to.value(totals.get(k).node().arg(0), known, "    ")) + ";");
    }
    for (int k = 0; k < work.outputs().size(); k++) {
      if (work.backward()) {
        String x = formula.inputs().get(k);
        line("    if (add_" + x + ") add(old_" + x + ", o" + k + ");");
        line("    if (d" + x + ") store_row(o" + k + ", d" + x + " + at, left);");
      } else {
        line("    store_row(o" + k + ", " + formula.outputNames().get(k) + " + at, left);");
      }
    }
  }

  private void kept(RowWork work, Map<Expr, String> known) {
    for (Expr e : work.plan().kept()) {
      String name = to.name("k");
      line("    const float " + name + " = kept[(long long)" + kernels.kept().indexOf(e) + " * rows + row];");
      known.put(e, name);
    }
  }

  /// The sum of all parts, a warp for 32 columns, then what follows from it.
  private void finish() {
    RowWork work = kernels.backward();
    StringBuilder types = new StringBuilder(to.parameters())
        .append("const float* totals, int blocks, const float* sums, int parts, float* work");
    for (int i = 0; i < formula.parameters().size(); i++) {
      types.append(", float* g").append(i).append(", int add").append(i);
    }
    line("extern \"C\" __global__ void __launch_bounds__(THREADS, 4) finish(" + types + ") {");
    line("  const int lane = threadIdx.x;");
    line("  sum_parts(sums, " + work.sums().size() + ", parts, WIDTH, work);");
    Map<Expr, String> known = new HashMap<>();
    for (int k = 0; k < work.totals().size(); k++) {
      line("  const float t" + k + " = sum_totals(totals + " + k + " * blocks, blocks);");
      known.put(work.totals().get(k).node(), "t" + k);
    }
    for (int k = 0; k < work.sums().size(); k++) {
      known.put(work.plan().sums().get(k), "work[" + k + " * WIDTH + c]");
    }
    to.parameters(known);
    line("  if (threadIdx.x >= WARP) return;");
    for (int i = 0; i < formula.parameters().size(); i++) {
      Expr gradient = kernels.gradients().get(i);
      to.inner(gradient, known);
      boolean vector = formula.parameters().get(i).perChannel();
      line(vector
          ? "  if (g" + i + ") for (int c = blockIdx.x * WARP + lane; c < WIDTH; c += gridDim.x * WARP) {"
          : "  if (g" + i + " && blockIdx.x == 0 && lane == 0) {");
      Map<Expr, String> element = new HashMap<>(known);
      to.vectors(element);
      String value = to.value(gradient, element, "    ");
      String at = vector ? "[c]" : "[0]";
      line("    g" + i + at + " = (add" + i + " ? g" + i + at + " : 0) + " + value + ";");
      line("  }");
    }
    line("}");
  }
}

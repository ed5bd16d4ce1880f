package norma.train.profile;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import norma.train.profile.Row.Group;
import norma.train.profile.Row.Memory;
import norma.train.profile.Row.Roof;
import norma.train.profile.Row.Work;
import norma.models.BlockName;

/// Rows taken together.
final class Parts {
  private Parts() {}

  /// What stands in every block, summed over the blocks, with the rest as it is; in the order of the rows.
  static List<Row> overBlocks(List<Row> rows) {
    Map<String, List<Row>> parts = new LinkedHashMap<>();
    rows.forEach(row -> parts.computeIfAbsent(BlockName.of(row.name()).path(), _ -> new ArrayList<>()).add(row));
    List<Row> sums = new ArrayList<>();
    parts.forEach((name, some) -> sums.add(sum(name, some)));
    return sums;
  }

  /// Their sum. Quartiles are added like medians, which is right where the rows are slow and fast in the same steps, and too wide
  /// otherwise.
  ///
  /// @param rows at least one
  static Row sum(String name, List<Row> rows) {
    Work work = new Work(sum(rows, row -> row.work().forwardFlops()), sum(rows, row -> row.work().backwardFlops()),
        sum(rows, row -> row.work().forwardBytes()), sum(rows, row -> row.work().backwardBytes()));
    Memory memory = new Memory(rows.stream().mapToLong(row -> row.memory().kept()).sum(),
        rows.stream().mapToLong(row -> row.memory().arena()).sum());
    return new Row(name, rows.getFirst().group(), spread(rows, Row::forward), spread(rows, Row::backward),
        rows.stream().mapToInt(Row::calls).sum(), sum(rows, Row::share), work, memory, roof(rows));
  }

  private static Roof roof(List<Row> rows) {
    List<Row> counted = rows.stream().filter(row -> !Double.isNaN(row.roof().millis())).toList();
    if (counted.isEmpty()) {
      return Roof.NONE;
    }
    double millis = sum(counted, row -> row.roof().millis());
    double bytes = sum(counted, row -> row.roof().bandwidth() ? row.roof().millis() : 0);
    return new Roof(millis, bytes > millis / 2);
  }

  private static Spread spread(List<Row> rows, Function<Row, Spread> direction) {
    return new Spread(sum(rows, row -> direction.apply(row).median()), sum(rows, row -> direction.apply(row).low()),
        sum(rows, row -> direction.apply(row).high()));
  }

  private static double sum(List<Row> rows, ToDoubleFunction<Row> number) {
    return rows.stream().mapToDouble(number).sum();
  }

  /// A group's name for people.
  static String title(Group group) {
    return switch (group) {
      case EMBEDDING -> "embedding";
      case NORM -> "normalization";
      case ATTENTION_PRODUCTS -> "attention products";
      case ATTENTION -> "attention";
      case MLP_PRODUCTS -> "MLP products";
      case ACTIVATION -> "activation";
      case RESIDUAL -> "residual";
      case HEAD -> "head and loss";
      case PHASE -> "phases";
      case REST -> "rest";
    };
  }

  /// A group's place in the palette. What has no colour of its own stands apart from what has the same.
  static int colour(Group group) {
    return switch (group) {
      case ATTENTION_PRODUCTS -> 0;
      case NORM -> 1;
      case MLP_PRODUCTS -> 2;
      case ACTIVATION -> 3;
      case RESIDUAL -> 4;
      case ATTENTION -> 5;
      case HEAD -> 6;
      case EMBEDDING, PHASE, REST -> 7;
    };
  }
}

package norma.train.report;

import static norma.train.report.Svg.escape;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Columns for rows of one kind. The same table can be lines for a terminal, Markdown, HTML or CSV.
///
/// @param <R>     what a row shows
/// @param columns from left to right
public record Table<R>(List<Column<R>> columns) {
  /// Stands in a cell in place of a number that nobody has measured.
  public static final String NONE = "\u2013";
  /// A text with more characters is written in several lines of a page.
  private static final int LONG = 30;

  /// The kind of cells in a column.
  enum Kind {
    /// what the row is about; aligned left
    NAME,
    /// aligned left
    TEXT,
    /// aligned right
    NUMBER,
    /// HTML, for pages only
    MARKUP;

    private String html(String text) {
      return switch (this) {
        case NAME -> "<th scope=\"row\">" + escape(text) + "</th>";
        case TEXT -> (text.length() > LONG ? "<td class=\"words\">" : "<td>") + escape(text) + "</td>";
        case NUMBER -> "<td class=\"n\">" + escape(text) + "</td>";
        case MARKUP -> "<td>" + text + "</td>";
      };
    }
  }

  /// A column.
  ///
  /// @param group what it has in common with its neighbours, written above them; may be empty
  record Column<R>(String heading, String group, Kind kind, Function<R, String> text) {}

  public Table {
    columns = List.copyOf(columns);
  }

  /// No column yet.
  public Table() {
    this(List.of());
  }

  /// Adds a column that names the rows.
  public Table<R> name(String heading, Function<R, String> text) {
    return with(new Column<>(heading, "", Kind.NAME, text));
  }

  /// Adds a column of words.
  public Table<R> text(String heading, Function<R, String> text) {
    return with(new Column<>(heading, "", Kind.TEXT, text));
  }

  /// Adds a column of numbers.
  public Table<R> number(String heading, Function<R, String> text) {
    return number("", heading, text);
  }

  /// Adds a column of numbers that belongs to a group.
  public Table<R> number(String group, String heading, Function<R, String> text) {
    return with(new Column<>(heading, group, Kind.NUMBER, text));
  }

  /// Adds a column of HTML.
  public Table<R> markup(String heading, Function<R, String> html) {
    return with(new Column<>(heading, "", Kind.MARKUP, html));
  }

  /// Labels with their values, for a page.
  public static String facts(Map<String, String> facts) {
    return new Table<Map.Entry<String, String>>().name("", Map.Entry::getKey).text("", Map.Entry::getValue)
        .html("environment", List.copyOf(facts.entrySet()));
  }

  private Table<R> with(Column<R> column) {
    return new Table<>(Stream.concat(columns.stream(), Stream.of(column)).toList());
  }

  /// The columns with these headings, in this order.
  public Table<R> only(String... headings) {
    return new Table<>(Arrays.stream(headings)
        .map(heading -> columns.stream().filter(c -> c.heading.equals(heading)).findFirst().orElseThrow()).toList());
  }

  /// The columns in which some row has more than [#NONE].
  Table<R> withoutEmpty(List<R> rows) {
    return new Table<>(
        columns.stream().filter(c -> rows.stream().anyMatch(row -> !c.text.apply(row).equals(NONE))).toList());
  }

  private List<String> headings() {
    return columns.stream().map(Column::heading).toList();
  }

  private List<String> cells(R row) {
    return columns.stream().map(column -> column.text.apply(row)).toList();
  }

  /// The headings and a line for each row, as wide as what stands in them.
  public List<String> lines(List<R> rows) {
    List<List<String>> lines = new ArrayList<>(List.of(headings()));
    rows.forEach(row -> lines.add(cells(row)));
    int[] widths = IntStream.range(0, columns.size())
        .map(i -> lines.stream().mapToInt(line -> line.get(i).length()).max().orElse(0)).toArray();
    return lines.stream().map(line -> IntStream.range(0, widths.length).mapToObj(i -> {
      String pad = " ".repeat(widths[i] - line.get(i).length());
      return columns.get(i).kind == Kind.NUMBER ? pad + line.get(i) : line.get(i) + pad;
    }).collect(Collectors.joining("  ")).stripTrailing()).toList();
  }

  /// The table in Markdown.
  public String markdown(List<R> rows) {
    return markdownHead() + rows.stream().map(this::markdown).collect(Collectors.joining());
  }

  /// The first two lines in Markdown.
  public String markdownHead() {
    return markdownLine(headings()) + "|" + "---|".repeat(columns.size()) + "\n";
  }

  /// A row in Markdown.
  public String markdown(R row) {
    return markdownLine(cells(row));
  }

  private static String markdownLine(List<String> cells) {
    return "| " + String.join(" | ", cells) + " |\n";
  }

  /// Comma-separated values after RFC 4180, below the headings.
  public String csv(List<R> rows) {
    return Stream.concat(Stream.of(headings()), rows.stream().map(this::cells))
        .map(cells -> cells.stream().map(Table::quoted).collect(Collectors.joining(",")) + "\n")
        .collect(Collectors.joining());
  }

  private static String quoted(String cell) {
    return cell.matches("[^,\"\r\n]*") ? cell : '"' + cell.replace("\"", "\"\"") + '"';
  }

  /// The table for a page, which scrolls sideways where the page is narrow.
  ///
  /// @param style class of the table, may be empty
  public String html(String style, List<R> rows) {
    return html(style, rows, row -> false, List.of());
  }

  /// Makes the table for a page with rows that stand out and a last one.
  ///
  /// @param best rows that stand out
  /// @param foot cells of the last row, may be empty
  String html(String style, List<R> rows, Predicate<R> best, List<String> foot) {
    StringBuilder html = new StringBuilder("<div class=\"scroll\"><table")
        .append(style.isEmpty() ? ">" : " class=\"" + style + "\">");
    if (columns.stream().anyMatch(column -> !column.heading.isEmpty())) {
      html.append("<thead>").append(groups()).append("<tr>");
      columns.forEach(column -> html.append("<th scope=\"col\"").append(column.kind == Kind.NUMBER
          ? " class=\"n\">"
          : ">").append(escape(column.heading)).append("</th>"));
      html.append("</tr></thead>\n");
    }
    html.append("<tbody>\n");
    rows.forEach(row -> html.append(best.test(row) ? "<tr class=\"best\">" : "<tr>").append(htmlCells(cells(row)))
        .append("</tr>\n"));
    html.append("</tbody>");
    if (!foot.isEmpty()) {
      html.append("<tfoot><tr>").append(htmlCells(foot)).append("</tr></tfoot>");
    }
    return html.append("</table></div>\n").toString();
  }

  private String htmlCells(List<String> cells) {
    return IntStream.range(0, cells.size()).mapToObj(i -> columns.get(i).kind.html(cells.get(i)))
        .collect(Collectors.joining());
  }

  /// The row above the headings, if there are groups.
  private String groups() {
    StringBuilder row = new StringBuilder();
    for (int i = 0; i < columns.size(); i++) {
      String group = columns.get(i).group;
      if (group.isEmpty()) {
        row.append("<td></td>");
      } else if (i == 0 || !group.equals(columns.get(i - 1).group)) {
        long span = columns.stream().filter(column -> column.group.equals(group)).count();
        row.append("<th scope=\"colgroup\" colspan=\"").append(span).append("\"><span>").append(escape(group))
            .append("</span></th>");
      }
    }
    return columns.stream().allMatch(column -> column.group.isEmpty()) ? "" : "<tr class=\"groups\">" + row + "</tr>\n";
  }
}

package norma.train.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import norma.autodiff.Parameter;
import norma.models.BlockName;
import norma.models.CostModel;
import norma.models.GptConfig;
import norma.optim.Rule;
import norma.train.config.RunConfig;
import norma.train.config.RunConfigWriter;
import norma.train.report.Decimals;
import norma.train.run.Environment;
import norma.train.run.Evaluation;
import norma.train.run.InitialWeights;
import norma.train.run.Session;

/// What will be trained, on what and where, before the first step: in five lines, or with every setting and what each layer costs.
///
/// @param source   the configuration's file, or the run that goes on
/// @param settings on top of it
record StartBlock(Path source, List<String> settings) {
  /// The complete block in a run's folder.
  static final String FILE = "start.txt";

  /// Share of the training's own arithmetic from which on an evaluation is worth a word.
  static final double COSTLY = 0.1;

  /// Names in a line.
  private static final int NAMED = 6;

  /// The usual lines: title, text, model, backend.
  List<String> brief(Session session, CostModel cost) {
    List<String> lines = new ArrayList<>(List.of(title(), corpus(session), model(session, cost)));
    session.initial().ifPresent(initial -> lines.addAll(initial(initial)));
    optimizer(lines, session);
    line(lines, "backend  %s", session.backend().description());
    if (!session.backendReason().endsWith("fastest") && !session.backendReason().startsWith("asked for")) {
      line(lines, "         %s", session.backendReason());
    }
    return lines;
  }

  /// All lines, without those of the run's folder.
  List<String> complete(Session session, CostModel cost) {
    List<String> lines = new ArrayList<>(List.of(title()));
    sections(session.config()).forEach((section, text) -> line(lines, "  %-8s %s", section, text));
    lines.add("");
    lines.addAll(layerTable(cost));
    lines.add("");
    line(lines, "%s; %,d to train, %,d to validate", corpus(session), session.split().train().length,
        session.split().validation().length);
    long decayed = count(session, rule -> rule.weightDecay() > 0);
    lines.add(model(session, cost));
    line(lines, "         %,d parameters without positions; weight decay on %,d, none on %,d",
        cost.parameters() - cost.positions(), decayed, cost.parameters() - decayed);
    session.initial().ifPresent(initial -> lines.addAll(initial(initial)));
    optimizer(lines, session);
    line(lines, "backend  %s", session.backend().description());
    line(lines, "         %s", session.backendReason());
    return lines;
  }

  private static String corpus(Session session) {
    return String.format(Locale.ROOT, "corpus   %s: %,d %s, vocabulary of %d", session.corpus().source(),
        session.corpus().symbols().length, session.corpus().token().words(), session.vocabulary().size());
  }

  private static String model(Session session, CostModel cost) {
    GptConfig model = session.config().model();
    return String.format(Locale.ROOT,
        "model    %,d parameters: %d layers of %d, %d heads, context %d%s; norm %s", cost.parameters(), model.layers(),
        model.width(), model.heads(), model.context(), others(session.config()), norm(session.config()));
  }

  /// What a new run has from a trained one, what starts fresh, and what is left behind.
  private static List<String> initial(InitialWeights initial) {
    List<String> lines = new ArrayList<>();
    line(lines, "weights  of %s: %,d of %,d tensors by name", initial.from().folder(), initial.taken().size(),
        initial.taken().size() + initial.fresh().size());
    if (!initial.fresh().isEmpty() || initial.rows() > 0) {
      line(lines, "new      %s", String.join("; ", Stream.of(names(initial.fresh()), initial.rows() == 0
          ? ""
          : String.format(Locale.ROOT, "the rows of %,d tokens that it does not know", initial.rows()))
          .filter(part -> !part.isEmpty()).toList()));
    }
    if (!initial.left().isEmpty()) {
      line(lines, "left     %s", names(initial.left()));
    }
    return lines;
  }

  /// Those that several blocks have, once.
  private static String names(List<String> names) {
    List<String> kinds = names.stream().map(name -> BlockName.of(name).inAnyBlock()).distinct().toList();
    return kinds.stream().limit(NAMED).collect(Collectors.joining(", ")) + (kinds.size() > NAMED
        ? " and " + (kinds.size() - NAMED) + " more"
        : "");
  }

  /// Says so where evaluations take a good part of the time.
  static List<String> evaluation(Session session, CostModel cost) {
    Evaluation.Cost evaluation = Evaluation.Cost.of(session, cost);
    int every = session.config().train().evalEvery();
    List<String> lines = new ArrayList<>();
    if (every > 0 && evaluation.steps() > COSTLY * every) {
      line(lines,
          "evaluate %,d %s, training's and validation's, every %d steps: the arithmetic of about %,.0f steps each time%s",
          evaluation.tokens(), session.corpus().token().words(), every, evaluation.steps(), evaluation.estimate()
              ? ""
              : "; train.eval_tokens bounds it");
    }
    return lines;
  }

  /// Says what updates how many numbers, where that is not AdamW alone.
  private static void optimizer(List<String> lines, Session session) {
    RunConfig.Optim optim = session.config().optim();
    if (optim.type() != Rule.Type.ADAMW || !optim.groups().isEmpty()) {
      line(lines, "optim    %s",
          Stream.of(Rule.Type.values()).filter(type -> count(session, rule -> rule.type() == type) > 0)
              .map(type -> String.format(Locale.ROOT, "%s for %,d parameters", type.name().toLowerCase(Locale.ROOT),
                  count(session, rule -> rule.type() == type)))
              .collect(Collectors.joining(", ")) + (optim.groups().isEmpty() ? "" : "; groups " + optim.groups()));
    }
  }

  private static long count(Session session, Predicate<Rule> which) {
    return session.model().parameters().stream().filter(p -> which.test(session.config().optim().rule(p)))
        .mapToLong(Parameter::size).sum();
  }

  private static void line(List<String> lines, String format, Object... values) {
    lines.add(String.format(Locale.ROOT, format, values));
  }

  private String title() {
    return "norma " + Environment.version() + "  train  " + source
        + (settings.isEmpty() ? "" : "  " + String.join(" ", settings));
  }

  /// Other keys of the model that have not their default.
  private static String others(RunConfig config) {
    Map<String, String> start = RunConfigWriter.flatten(RunConfig.DEFAULT);
    return RunConfigWriter.flatten(config).entrySet().stream()
        .filter(e -> e.getKey().matches("model\\.(?!layers|heads|width|context|norm).*")
            && !e.getValue().equals(start.get(e.getKey())))
        .map(e -> ", " + e.getKey().substring("model.".length()) + " " + e.getValue()
            + (e.getKey().equals("model.mlp") ? hidden(config.model()) : ""))
        .collect(Collectors.joining());
  }

  /// What no key says of a gated MLP.
  private static String hidden(GptConfig model) {
    return String.format(Locale.ROOT, " with %,d hidden channels in the place of %,d", model.hidden(),
        model.mlpRatio() * model.width());
  }

  private static final Set<String> USUAL = Set.of("model.norm.attn.pre", "model.norm.mlp.pre", "model.norm.final");

  /// One word where all usual slots have the same, in every block.
  private static String norm(RunConfig config) {
    Map<String, String> slots = flat(config);
    slots.keySet().removeIf(path -> !path.startsWith("model.norm."));
    Set<String> types = new LinkedHashSet<>(slots.values());
    return types.size() == 1 && slots.keySet().equals(USUAL)
        ? types.iterator().next()
        : slots.isEmpty() ? "none" : Objects.requireNonNull(sections(config).get("norm"));
  }

  /// The resolved configuration without slots that are empty in all blocks.
  private static Map<String, String> flat(RunConfig config) {
    Map<String, String> flat = RunConfigWriter.flatten(config);
    flat.entrySet().removeIf(e -> e.getKey().matches("model\\.norm\\.(?!blocks\\.).*") && e.getValue().equals("none"));
    return flat;
  }

  /// A section a line.
  private static Map<String, String> sections(RunConfig config) {
    Map<String, String> sections = new LinkedHashMap<>();
    flat(config).forEach((path, value) -> {
      int dot = path.indexOf('.');
      String section = dot < 0 ? "run" : path.startsWith("model.norm.") ? "norm" : path.substring(0, dot);
      String key = dot < 0 ? path : path.startsWith("model.norm.") ? path.substring(11) : path.substring(dot + 1);
      sections.merge(section, key + " " + value, (before, more) -> before + ", " + more);
    });
    return sections;
  }

  /// What each layer costs; blocks that cost the same share a row.
  private static List<String> layerTable(CostModel cost) {
    Map<String, List<CostModel.Layer>> groups = cost.layers().entrySet().stream()
        .collect(Collectors.groupingBy(entry -> entry.getKey().replaceFirst("^blocks\\.\\d+\\.", "block "),
            LinkedHashMap::new, Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
    List<String> lines = new ArrayList<>(List.of(String.format(Locale.ROOT,
        "  %-18s %8s %12s %14s %14s %12s", "layer", "count", "parameters", "forward FLOP", "backward FLOP",
        "kept bytes")));
    groups.forEach((name, layers) -> line(lines, "  %-18s %8d %,12d %14s %14s %12s", name, layers.size(),
        layers.stream().mapToLong(CostModel.Layer::parameters).sum(),
        Decimals.metric(layers.stream().mapToDouble(layer -> layer.cost().forwardFlops()).sum()),
        Decimals.metric(layers.stream().mapToDouble(layer -> layer.cost().backwardFlops()).sum()),
        Decimals.metric(layers.stream().mapToLong(layer -> layer.cost().savedBytes()).sum())));
    double forward = cost.layers().values().stream().mapToDouble(layer -> layer.cost().forwardFlops()).sum();
    line(lines, "  %-18s %8s %,12d %14s %14s %12s   for %,d tokens", "one batch", "", cost.parameters(),
        Decimals.metric(forward), Decimals.metric(cost.flops() - forward), Decimals.metric(cost.savedBytes()),
        cost.tokens());
    return lines;
  }
}

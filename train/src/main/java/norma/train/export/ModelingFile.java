package norma.train.export;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import norma.formula.Formula;
import norma.models.BlockName;
import norma.models.GptConfig;
import norma.models.GptConfig.Activation;
import norma.models.GptConfig.EmbeddingScale;
import norma.models.GptConfig.Expression;
import norma.models.GptConfig.Factor;
import norma.models.GptConfig.MlpType;
import norma.models.GptConfig.Positions;
import norma.models.Slot;
import norma.nn.NormSpec;
import norma.nn.NormTypes;

/// The model as a file of Python that has this model's parts and no others.
final class ModelingFile {
  static final String NAME = "modeling_norma.py";
  private static final String NOTHING = "nn.Identity";
  /// Words of Python, and attributes of `nn.Module`: a parameter of such a name cannot be an attribute of its own.
  private static final Set<String> TAKEN = Set.of("False", "None", "True", "and", "as", "assert", "async", "await",
      "break", "class", "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if",
      "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with",
      "yield", "add_module", "apply", "bfloat16", "buffers", "call_super_init", "children", "compile", "cpu", "cuda",
      "double", "dump_patches", "eval", "extra_repr", "float", "forward", "get_buffer", "get_extra_state",
      "get_parameter", "get_submodule", "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers",
      "named_children", "named_modules", "named_parameters", "parameters", "register_buffer", "register_module",
      "register_parameter", "requires_grad_", "set_extra_state", "set_submodule", "share_memory", "state_dict", "to",
      "to_empty", "train", "training", "type", "xpu", "zero_grad", "T_destination");

  private final GptConfig config;
  private final Map<String, String> classes = new LinkedHashMap<>(); // their names by what follows the name
  private boolean usesIsru;

  private ModelingFile(GptConfig config) {
    this.config = config;
  }

  /// @param vocabulary V
  /// @throws IllegalArgumentException if a slot has a norm that is no formula
  static String of(GptConfig config, int vocabulary) {
    return new ModelingFile(config).text(vocabulary);
  }

  private String text(int vocabulary) {
    SourceText text = new SourceText(NAME).put("vocabulary", vocabulary).put("context", config.context())
        .put("layers", config.layers()).put("width", config.width()).put("heads", config.heads())
        .put("kv_heads", config.keyHeads()).put("head_width", config.headWidth()).put("hidden", config.hidden())
        .put("bias", config.bias() ? "True" : "False").put("gate", config.mlp() == MlpType.GATED ? " * self.up(u)" : "")
        .put("head", config.tieEmbeddings() ? "self.tok_emb" : "self.lm_head")
        .keep("gated", config.mlp() == MlpType.GATED).keep("untied", !config.tieEmbeddings())
        .keep("rotary", config.positions() == Positions.ROTARY).keep("learned", config.positions() == Positions.LEARNED)
        .keep("shared", config.keyHeads() < config.heads());
    if (config.dropout() > 0) {
      text.put("dropout", config.dropout());
    }
    for (Slot slot : Slot.values()) {
      String type = type(slot);
      if (!type.equals(NOTHING)) {
        text.put(slot.path(), type);
      }
    }
    embeddingScale(text);
    residual(text);
    function(text, "activation", config.activation());
    if (!config.logits().equals(Activation.NONE)) {
      function(text, "logits", config.logits());
    }
    String norms = classes.entrySet().stream().map(entry -> "class " + entry.getValue() + entry.getKey())
        .collect(Collectors.joining("\n\n"));
    if (!norms.isEmpty()) {
      text.put("norms", norms);
    }
    if (usesIsru) {
      text.put("isru", TorchPrinter.ISRU);
    }
    return text.fill();
  }

  private void embeddingScale(SourceText text) {
    switch (config.embeddingScale()) {
      case NONE -> {
      }
      case FIXED -> text.put("scale", "math.sqrt(WIDTH)");
      case LEARNABLE -> text.put("scale", "self.embedding_scale").keep("learned_scale", true);
    }
  }

  private void residual(SourceText text) {
    boolean plain = Stream.of(config.residual().skip(), config.residual().branch())
        .allMatch(factor -> factor instanceof Expression c && at(c).allMatch(value -> value == 1));
    text.put("sum", plain ? "x + u" : "self.add(x, u)").keep("add", !plain);
    factor(text, "skip", config.residual().skip());
    factor(text, "branch", config.residual().branch());
  }

  private DoubleStream at(Expression constant) {
    return IntStream.rangeClosed(1, config.layers()).mapToDouble(depth -> constant.at(depth, config.layers()));
  }

  private void factor(SourceText text, String name, Factor factor) {
    String value = "self." + name;
    switch (factor) {
      case Expression constant ->
        text.put(name, perBlock(block -> Double.toString(constant.at(block + 1, config.layers()))));
      case Factor.Learned(var start) -> {
        text.put(name, "nn.Parameter(torch.empty(" + (start.perChannel() ? "WIDTH" : "()") + "))");
        value = start.positive() ? "F.softplus(" + value + ")" : value;
      }
    }
    text.put(name + ".value", value);
  }

  private void function(SourceText text, String name, Activation activation) {
    Formula formula = Formula.activation(activation.formula(), false);
    text.put(name, formula.written()).put(name + ".body", body(formula));
  }

  /// What makes a slot's norm, in a block where the blocks differ.
  private String type(Slot slot) {
    if (slot == Slot.QK) {
      return perBlock(block -> type(config.norm().of(slot), new BlockName("attn.qk.query", block).toString(),
          config.headWidth()));
    } else if (slot.sublayer().isEmpty()) {
      return type(config.norm().of(slot), slot.path(), config.width());
    }
    int width = switch (slot) {
      case ATTN_V -> config.headWidth();
      case MLP_INNER -> config.hidden();
      default -> config.width();
    };
    return perBlock(block -> type(config.norm().of(block, slot), new BlockName(slot.path(), block).toString(), width));
  }

  private String perBlock(IntFunction<String> value) {
    List<String> values = IntStream.range(0, config.layers()).mapToObj(value).toList();
    return values.stream().distinct().count() == 1
        ? values.getFirst()
        : "(" + String.join(", ", values) + ")[block]";
  }

  private String type(NormSpec spec, String slot, int width) {
    if (spec.type().equals("none")) {
      return NOTHING;
    }
    Formula formula = NormTypes.start(spec, slot, width, config.bias())
        .orElseThrow(() -> new IllegalArgumentException("slot " + slot + " has " + spec.type()
            + ", a Java type that is no formula: it cannot be written in Python; expected norms that are formulas"))
        .formula();
    return classes.computeIfAbsent(module(formula), _ -> name(spec));
  }

  /// The type's name as Python writes one of a class, with a number where formulas of one type differ.
  private String name(NormSpec spec) {
    String name = spec.isFormula()
        ? "Formula"
        : Stream.of(spec.type().split("_")).map(word -> word.substring(0, 1).toUpperCase(Locale.ROOT)
            + word.substring(1)).collect(Collectors.joining());
    long before = classes.values().stream().filter(other -> other.matches(name + "\\d*")).count();
    return before == 0 ? name : name + (before + 1);
  }

  private String module(Formula formula) {
    StringBuilder text = new StringBuilder("(nn.Module):\n    \"\"\"")
        .append(formula.written()).append("\"\"\"\n\n    def __init__(self, width):\n        super().__init__()\n");
    for (Formula.Parameter p : formula.parameters()) {
      text.append("        ").append(attribute(p.name())).append(" = nn.Parameter(torch.empty(")
          .append(p.perChannel() ? "width" : "()").append("))\n");
    }
    return text.append("\n    def forward(self, x):\n        ").append(body(formula).replace("\n", "\n        "))
        .append('\n').toString();
  }

  private static String attribute(String parameter) {
    return TAKEN.contains(parameter) ? "self._parameters[\"" + parameter + "\"]" : "self." + parameter;
  }

  private String body(Formula formula) {
    String body = String.join("\n", TorchPrinter.body(formula, ModelingFile::attribute));
    usesIsru |= body.contains("isru(");
    return (body.matches("(?s).*\\bwidth\\b.*") ? "width = torch.tensor(float(x.shape[-1]))\n" : "") + body;
  }
}

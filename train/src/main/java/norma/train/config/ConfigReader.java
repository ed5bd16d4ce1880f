package norma.train.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import norma.models.GptConfig;
import norma.models.NormSlots;
import norma.nn.NormSpec;
import norma.nn.NormType;
import norma.train.config.RunConfig.Corpus;
import norma.train.config.RunConfig.Data;
import norma.train.config.RunConfig.Optim;
import norma.train.config.RunConfig.Output;
import norma.train.config.RunConfig.Runtime;
import norma.train.config.RunConfig.Train;
import norma.train.files.HomeFolder;

/// Reads run configurations. Order of authority: [RunConfig#DEFAULT], the file, [Assignment]s from first to last.
///
/// The first thing wrong is reported as a [ConfigException].
public final class ConfigReader {
  private final NormReader norms;

  /// @param normTypes the types that a slot can name; `none` is always among them
  public ConfigReader(List<NormType> normTypes) {
    norms = new NormReader(normTypes);
  }

  /// A file and what is set on top of it.
  public RunConfig read(Path file, List<Assignment> assignments) {
    return read(YamlReader.read(file), assignments);
  }

  /// A file that another one names: it lies beside it.
  ///
  /// @param file that names it
  public static Path beside(Path file, String name) {
    return file.toAbsolutePath().resolveSibling(HomeFolder.resolve(name)).normalize();
  }

  /// A text and what is set on top of it. The empty text gives the defaults.
  ///
  /// @param source what errors call the text
  public RunConfig read(String source, String yaml, List<Assignment> assignments) {
    return read(YamlReader.mapping(source, yaml), assignments);
  }

  /// A tree and what is set on top of it.
  public RunConfig read(Node.Mapping file, List<Assignment> assignments) {
    Node.Mapping tree = Assignment.apply(file, assignments);
    try {
      return bind(new Section(tree, ""));
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw (ConfigException) new ConfigException(locate(tree, message), message).initCause(e);
    }
  }

  /// A normalization by itself, from the command line.
  ///
  /// @param text     a type's name, a formula, or what a slot may have in a file, `{y: "weight * tanh(a * x)", a: 0.5}`
  /// @param settings on top of it
  public NormSpec norm(String text, List<Assignment> settings) {
    Location at = Location.COMMAND_LINE;
    Node node = text.startsWith("{") ? YamlReader.value(at, text) : null;
    Node.Mapping mapping = node instanceof Node.Mapping slot
        ? slot
        : new Node.Mapping(at, Map.of(NormSpec.of(text).isFormula() ? "y" : "type",
            new Node.Entry(at, new Node.Scalar(at, text, false))));
    return norms.unchecked(Assignment.apply(mapping, settings), "");
  }

  private RunConfig bind(Section root) {
    RunConfig d = RunConfig.DEFAULT;
    String name = root.text("name", d.name());
    Section data = root.section("data");
    Section model = root.section("model");
    Section optim = root.section("optim");
    Section train = root.section("train");
    Section runtime = root.section("runtime");
    Section output = root.section("output");
    root.finish();
    return new RunConfig(name, data(data, d.data()), model(model, d.model()), optim(optim, d.optim()),
        train(train, d.train()), runtime(runtime, d.runtime()), output(output, d.output()));
  }

  private static Data data(Section s, Data d) {
    Node node = s.node("corpus");
    Corpus corpus = switch (node) {
      case null -> d.corpus();
      case Node.Mapping _ -> download(s.section("corpus"));
      default -> new Corpus.Named(Section.text(node, s.path("corpus"), "builtin:NAME, a path, or {url:, sha256:}"));
    };
    double valFraction = s.number("val_fraction", d.valFraction(), Data.VAL_FRACTION);
    double trainFraction = s.number("train_fraction", d.trainFraction(), Data.TRAIN_FRACTION);
    s.finish();
    return new Data(corpus, valFraction, trainFraction);
  }

  private static Corpus download(Section s) {
    String url = s.text("url", "");
    String sha256 = s.text("sha256", "");
    s.finish();
    if (url.isEmpty() || sha256.isEmpty()) {
      throw s.error((url.isEmpty() ? "url" : "sha256") + " is missing; expected {url: https://..., sha256: ...}");
    }
    try {
      return new Corpus.Download(new URI(url), sha256);
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException(
          "data.corpus.url is '" + YamlText.shorten(url) + "', not a URL: " + e.getReason(), e);
    }
  }

  private GptConfig model(Section s, GptConfig d) {
    int layers = s.integer("layers", d.layers(), RunConfig.LAYERS);
    int heads = s.integer("heads", d.heads(), RunConfig.WIDTH);
    int width = s.integer("width", d.width(), RunConfig.WIDTH);
    int context = s.integer("context", d.context(), RunConfig.CONTEXT);
    int mlpRatio = s.integer("mlp_ratio", d.mlpRatio(), RunConfig.MLP_RATIO);
    boolean bias = s.flag("bias", d.bias());
    double dropout = s.number("dropout", d.dropout(), Range.belowOne());
    GptConfig.Activation activation = activation(s, d.activation());
    boolean tieEmbeddings = s.flag("tie_embeddings", d.tieEmbeddings());
    GptConfig.EmbeddingScale embeddingScale = s.choice("embedding_scale", d.embeddingScale());
    Section norm = s.section("norm");
    s.finish();
    NormSlots slots = norms.read(norm, layers);
    return new GptConfig(layers, heads, width, context, mlpRatio, bias, dropout, activation, tieEmbeddings,
        embeddingScale, slots);
  }

  private static GptConfig.Activation activation(Section s, GptConfig.Activation fallback) {
    Node node = s.node("activation");
    if (!(node instanceof Node.Scalar scalar) || !scalar.text().matches(".*[^a-z0-9_].*")) {
      return new GptConfig.Activation(s.choice("activation", fallback.text(), GptConfig.Activation.NAMES));
    }
    try {
      return new GptConfig.Activation(scalar.text());
    } catch (IllegalArgumentException e) {
      throw s.error(node, "activation", String.valueOf(e.getMessage()));
    }
  }

  private static Optim optim(Section s, Optim d) {
    double lr = s.number("lr", d.lr(), Optim.RATE);
    double minLr = s.number("min_lr", d.minLr(), Optim.RATE);
    RunConfig.Schedule schedule = s.choice("schedule", d.schedule());
    int warmupSteps = s.integer("warmup_steps", d.warmupSteps(), Optim.STEPS);
    int decaySteps = s.integer("decay_steps", d.decaySteps(), Optim.STEPS);
    List<Double> betas = s.numbers("betas", List.of(d.beta1(), d.beta2()), Optim.BETA);
    double eps = s.number("eps", d.eps(), Optim.EPS);
    double weightDecay = s.number("weight_decay", d.weightDecay(), Optim.RATE);
    double clipNorm = s.number("clip_norm", d.clipNorm(), Optim.RATE);
    s.finish();
    return new Optim(lr, minLr, schedule, warmupSteps, decaySteps, betas.get(0), betas.get(1), eps, weightDecay,
        clipNorm);
  }

  private static Train train(Section s, Train d) {
    int steps = s.integer("steps", d.steps(), Train.STEPS);
    int batch = s.integer("batch", d.batch(), Train.COUNT);
    int accumulate = s.integer("accumulate", d.accumulate(), Train.COUNT);
    long seed = s.seed("seed", d.seed());
    int logEvery = s.integer("log_every", d.logEvery(), Train.EVERY);
    int evalEvery = s.integer("eval_every", d.evalEvery(), Train.EVERY);
    int evalBatches = s.integer("eval_batches", d.evalBatches(), Train.COUNT);
    OptionalInt evalTokens = s.integerOr("all", "eval_tokens", d.evalTokens(), Train.TOKENS);
    int sampleEvery = s.integer("sample_every", d.sampleEvery(), Train.EVERY);
    int checkpointEvery = s.integer("checkpoint_every", d.checkpointEvery(), Train.EVERY);
    int keepCheckpoints = s.integer("keep_checkpoints", d.keepCheckpoints(), Train.COUNT);
    RunConfig.OnNonfinite onNonfinite = s.choice("on_nonfinite", d.onNonfinite());
    int layersEvery = s.integer("layers_every", d.layersEvery(), Train.EVERY);
    int normEvery = s.integer("norm_every", d.normEvery(), Train.EVERY);
    s.finish();
    return new Train(steps, batch, accumulate, seed, logEvery, evalEvery, evalBatches, evalTokens, sampleEvery,
        checkpointEvery, keepCheckpoints, onNonfinite, layersEvery, normEvery);
  }

  private static Runtime runtime(Section s, Runtime d) {
    RunConfig.BackendChoice backend = s.choice("backend", d.backend());
    OptionalInt threads = s.integerOr("auto", "threads", d.threads(), Runtime.THREADS);
    RunConfig.Precision precision = s.choice("precision", d.precision());
    s.finish();
    return new Runtime(backend, threads, precision);
  }

  private static Output output(Section s, Output d) {
    String dir = s.text("dir", d.dir());
    s.finish();
    return new Output(dir);
  }

  /// The messages of our constructors begin with a dotted path: finds the deepest part of it that was written down.
  private static Location locate(Node.Mapping tree, String message) {
    Location at = tree.at();
    Node.Mapping mapping = tree;
    for (String key : message.substring(0, Math.max(0, message.indexOf(' '))).split("[.\\[]", -1)) {
      Node.Entry entry = mapping.entries().get(key);
      if (entry == null) {
        break;
      }
      at = entry.keyAt();
      if (!(entry.value() instanceof Node.Mapping inner)) {
        break;
      }
      mapping = inner;
    }
    return at;
  }
}

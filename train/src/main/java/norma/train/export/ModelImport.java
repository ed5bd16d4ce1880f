package norma.train.export;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.config.RunConfig.Token;
import norma.train.data.Corpora;
import norma.train.data.DataException;
import norma.train.data.Vocabulary;
import norma.train.files.FolderName;
import norma.train.run.ImportedRun;
import norma.train.run.Session;
import org.jspecify.annotations.Nullable;

/// A run of a model that was trained elsewhere.
public final class ModelImport {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String CORPUS = "data.corpus";

  private ModelImport() {}

  /// What was made.
  ///
  /// @param run    its folder
  /// @param layout that the weights had, `GPT-2` or `nanoGPT`
  public record Imported(Path run, RunConfig config, String layout, Vocabulary vocabulary) {}

  /// Creates the run's folder.
  ///
  /// @param place  a folder with `model.safetensors`, or such a file
  /// @param given  settings on top of what the model says
  /// @param name   of the run; without, the folder's, or that of a file that is not called `model.safetensors`
  /// @param tokens a JSON list of the characters (`.json`), or a text that has them all
  /// @throws IllegalArgumentException             if something is not known that the command line must say
  /// @throws DataException                        with one line, if a file is damaged, or no model that Norma has
  /// @throws norma.train.run.RunException         if tensors do not fit each other, or the folder cannot be written
  public static Imported create(Path place, List<Assignment> given, @Nullable String name, @Nullable Path tokens,
      boolean debug) {
    Path from = place.toAbsolutePath().normalize();
    ForeignModel model = ForeignModel.read(from, given.stream().anyMatch(setting -> setting.meets("model.heads")));
    Vocabulary vocabulary = vocabulary(model, given, tokens);
    List<String> settings = new ArrayList<>(model.settings());
    Path named = from.endsWith(ForeignModel.WEIGHTS) && from.getNameCount() > 1 ? from.resolveSibling("") : from;
    String file = String.valueOf(named.getFileName()).replaceFirst("\\.safetensors$", "");
    settings.add(Assignment.text("name", name == null ? FolderName.of(file, RunConfig.LONGEST_NAME) : name));
    settings.add("data.token=" + vocabulary.token().name().toLowerCase(Locale.ROOT));
    if (tokens != null && !isList(tokens)) {
      settings.add(Assignment.text(CORPUS, Corpora.isBuiltIn(tokens.toString())
          ? tokens.toString()
          : tokens.toAbsolutePath().normalize().toString()));
    }
    List<Assignment> all = new ArrayList<>(Assignment.parse(settings));
    all.addAll(given);
    RunConfig config = new ConfigReader(NormTypes.all()).read("import", "", all);
    requireText(config, vocabulary);
    Path run = new ImportedRun(config, vocabulary, model.file(), model.tensors()).create(debug);
    return new Imported(run, config, model.layout(), vocabulary);
  }

  private static boolean isList(Path tokens) {
    return tokens.toString().endsWith(".json");
  }

  private static Vocabulary vocabulary(ForeignModel model, List<Assignment> given, @Nullable Path tokens) {
    Path beside = model.file().resolveSibling(TOKENIZER);
    Path source = tokens == null ? beside : tokens;
    Vocabulary vocabulary;
    if (tokens != null) {
      vocabulary = isList(tokens)
          ? Vocabulary.read(tokens)
          : Vocabulary.of(Corpora.load(tokens.toString(), Token.CHAR));
    } else if (given.stream().anyMatch(setting -> setting.toString().equals("data.token=byte"))) {
      vocabulary = Vocabulary.bytes();
      source = Path.of("data.token=byte");
    } else if (Files.exists(beside)) {
      vocabulary = CharTokenizer.read(beside);
    } else {
      throw new DataException(model.file() + " has " + model.vocabulary() + " tokens, and nothing says which; expected "
          + "--vocabulary with the text that it was trained on or a JSON list of its characters, or data.token=byte; "
          + "word pieces, such as GPT-2's 50257, are not read");
    }
    if (vocabulary.size() != model.vocabulary()) {
      throw new DataException(source + " has " + vocabulary.size() + " " + vocabulary.token().words() + ", and "
          + model.file() + " has " + model.vocabulary() + " tokens; expected as many");
    }
    return vocabulary;
  }

  /// Evaluation and inspection need a text in the model's tokens.
  private static void requireText(RunConfig config, Vocabulary vocabulary) {
    try {
      vocabulary.encode(Session.corpus(config).symbols());
    } catch (DataException e) {
      throw new DataException(CORPUS + ": " + e.getMessage() + "; " + CORPUS
          + "=FILE names a text in the model's characters, on which it is evaluated", e);
    }
  }
}

package norma.train.cli;

import java.util.concurrent.Callable;
import norma.train.data.DataException;
import norma.train.run.Sampler;
import norma.train.run.LanguageModel;
import norma.train.run.SavedRun;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/// `norma sample`.
@Command(name = "sample", mixinStandardHelpOptions = true, showDefaultValues = true, sortOptions = false, description = "Generates text with a run's checkpoint.")
final class SampleCommand implements Callable<Integer> {
  private static final String BETWEEN = "---------------";

  @ParentCommand
  private Main main;

  @Mixin
  private RunAndSettings run = new RunAndSettings();

  @Option(names = "--prompt", paramLabel = "S", description = "Text to continue. Default: a line break.")
  private @Nullable String prompt;

  @Option(names = "--tokens", paramLabel = "N", defaultValue = "500", description = "Characters to generate, or bytes where the run reads those (data.token). "
      + "The model sees the last ones: at model.context it forgets the oldest quarter.")
  private int tokens;

  @Option(names = "--temperature", paramLabel = "F", defaultValue = "0.8", description = "Divides the logits; 0 always takes the most likely.")
  private double temperature;

  @Option(names = "--top-k", paramLabel = "N", defaultValue = "0", description = "Draws among the N most likely; 0 for all.")
  private int topK;

  @Option(names = "--seed", paramLabel = "N", defaultValue = "1337", description = "Of the draws; that of the second text is one more.")
  private long seed;

  @Option(names = "--samples", paramLabel = "N", defaultValue = "1", description = "Texts, one after the other, with a line "
      + BETWEEN
      + " between them.")
  private int samples;

  @Override
  public Integer call() {
    Sampler.Settings first = new Sampler.Settings(tokens, temperature, topK, seed);
    if (samples < 1) {
      throw new IllegalArgumentException("--samples is " + samples + "; expected 1 or more");
    }
    SavedRun saved = run.saved();
    try (LanguageModel language = saved.checkpoint().languageModel(
        run.config(saved.folder()), main.debug())) {
      Sampler sampler = new Sampler(language);
      String start = prompt == null || prompt.isEmpty() ? sampler.defaultPrompt() : prompt;
      require(language, start);
      Console console = new Console();
      boolean wanted = print(sampler, start, first, console);
      for (int i = 1; i < samples && wanted; i++) {
        console.text(BETWEEN);
        wanted = print(sampler, start, new Sampler.Settings(tokens, temperature, topK, seed + i), console);
      }
    }
    return 0;
  }

  /// Before anything is printed.
  private static void require(LanguageModel language, String prompt) {
    try {
      language.vocabulary().encode(prompt);
    } catch (DataException e) {
      throw new DataException("--prompt: " + e.getMessage(), e);
    }
  }

  /// Whether anybody can read it.
  private static boolean print(Sampler sampler, String start, Sampler.Settings settings, Console console) {
    boolean wanted = console.part(start)
        && sampler.sample(start, settings, character -> console.part(Character.toString(character)));
    console.text("");
    return wanted;
  }
}

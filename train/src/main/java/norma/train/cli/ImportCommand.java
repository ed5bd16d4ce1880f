package norma.train.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import norma.models.GptConfig;
import norma.train.config.Assignment;
import norma.train.export.ModelImport;
import norma.train.files.ShellText;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `norma import`.
@Command(name = "import", mixinStandardHelpOptions = true, sortOptions = false, description = "Makes a run of a model that was trained elsewhere: a GPT-2 of transformers or nanoGPT, of characters or bytes.", customSynopsis = "norma import FOLDER [--name NAME] [--vocabulary FILE] [key=value ...]", footer = {
    "", "Examples:", "  norma import gpt2-shakespeare --vocabulary input.txt",
    "  norma import nanogpt/model.safetensors --vocabulary input.txt model.heads=6", "",
    "sample, eval, inspect and train --init-from then take the run. docs/export.md says how a pickle (.pt, .bin) becomes a folder." })
final class ImportCommand implements Callable<Integer> {
  @ParentCommand
  private Main main;

  @Parameters(index = "0", paramLabel = "FOLDER", description = "With model.safetensors, config.json and perhaps tokenizer.json; or a .safetensors file.")
  private Path place;

  @Option(names = "--name", paramLabel = "NAME", description = "The run's name. Default: the folder's.")
  private @Nullable String name;

  @Option(names = "--vocabulary", paramLabel = "FILE", description = "The text that it was trained on, or a JSON list of its characters (.json). Default: tokenizer.json.")
  private @Nullable Path vocabulary;

  @Parameters(index = "1..*", paramLabel = "key=value", arity = "0..*", description = "Settings of the run, such as model.heads=6, data.corpus=FILE or data.token=byte.")
  private List<String> settings = new ArrayList<>();

  @Override
  public Integer call() {
    ModelImport.Imported imported = ModelImport.create(place, Assignment.parse(settings), name, vocabulary,
        main.debug());
    GptConfig model = imported.config().model();
    Console console = new Console();
    console.line("import   %s", imported.run());
    console.line("model    %s: %d blocks, width %d, %d heads, context %d, %d %s", imported.layout(), model.layers(),
        model.width(), model.heads(), model.context(), imported.vocabulary().size(),
        imported.vocabulary().token().words());
    console.line("next     %s sample %s", ShellText.norma(), ShellText.of(imported.run().toString()));
    return 0;
  }
}

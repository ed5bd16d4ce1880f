package norma.train.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `norma completion`.
@Command(name = "completion", mixinStandardHelpOptions = true, description = "Prints a script by which a shell completes commands, options and files.", footer = {
    "", "For this shell:         source <(norma completion bash)",
    "For all in bash:        norma completion bash > ~/.local/share/bash-completion/completions/norma",
    "For all in zsh:         source <(norma completion zsh)   in ~/.zshrc" })
final class CompletionCommand implements Callable<Integer> {
  /// A shell that completes by such a script.
  enum Shell {
    bash, zsh
  }

  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
  private Shell shell;

  @Override
  public Integer call() {
    System.out.println("# Completes norma in " + shell + ".");
    System.out.print(AutoComplete.bash("norma", spec.root().commandLine())); // which zsh reads, too
    return 0;
  }
}

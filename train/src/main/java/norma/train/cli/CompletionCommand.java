package norma.train.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `norma completion`.
@Command(name = "completion", mixinStandardHelpOptions = true, description = "Prints a script by which a shell completes commands, options, files, and names of runs and studies.", footer = {
    "", "For this shell:         source <(norma completion bash)",
    "For all in bash:        norma completion bash > ~/.local/share/bash-completion/completions/norma",
    "For all in zsh:         source <(norma completion zsh)   in ~/.zshrc" })
final class CompletionCommand implements Callable<Integer> {
  /// A shell that completes by such a script.
  enum Shell {
    bash, zsh
  }

  /// Names of runs and studies, in places where a path is taken, beside the files that picocli finds.
  private static final String NAMES = """

      # Names of runs and studies, beside files.
      _norma_names() {
        local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} places="runs/*/config.yaml" found
        _complete_norma
        case $word in -* | */* | *=*) return ;; esac
        case ${COMP_WORDS[1]}/$previous in
          report/* | rm/* | ls/* | watch/*) places="*/*/*" ;;
          train/--resume | train/--init-from) ;;
          */-*) return ;;
          sample/* | eval/* | inspect/* | export/* | compare/*) ;;
          *) return ;;
        esac
        found=$(find runs studies -mindepth 2 -maxdepth 2 -path "$places" \\( -name config.yaml -o -name study.json \\) 2>/dev/null |
          sed -n 's|/[^/]*$||; s|.*/||; /^[A-Za-z0-9._-]*$/p') # compgen runs what is quoted in its words
        COMPREPLY+=($(compgen -W "last $found" -- "$word"))
      }
      complete -F _norma_names -o default norma
      """;

  @Spec
  private CommandSpec spec;

  @Parameters(paramLabel = "SHELL", description = "${COMPLETION-CANDIDATES}")
  private Shell shell;

  @Override
  public Integer call() {
    System.out.println("# Completes norma in " + shell + ".");
    System.out.print(AutoComplete.bash("norma", spec.root().commandLine())); // which zsh reads, too
    System.out.print(NAMES);
    return 0;
  }
}

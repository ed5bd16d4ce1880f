package norma.train.cli;

import java.util.concurrent.Callable;
import norma.train.config.RunConfig;
import norma.train.run.Checkpoint;
import norma.train.run.Evaluation;
import norma.train.run.RunFolder;
import norma.train.run.SavedRun;
import norma.train.run.Session;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParentCommand;

/// `norma eval`.
@Command(name = "eval", mixinStandardHelpOptions = true, description = "Loss of a run's checkpoint over the whole validation split.", customSynopsis = "norma eval RUN [--checkpoint WHICH] [key=value ...]", footer = {
    "", "Deterministic: consecutive windows of model.context tokens, every one predicted once.",
    "Another text: norma eval RUN data.corpus=other.txt" })
final class EvalCommand implements Callable<Integer> {
  @ParentCommand
  private Main main;

  @Mixin
  private RunAndSettings run = new RunAndSettings();

  @Override
  public Integer call() {
    SavedRun saved = run.saved();
    RunFolder folder = saved.folder();
    Checkpoint checkpoint = saved.checkpoint();
    try (Session session = checkpoint.session(run.config(folder), main.debug())) {
      if (!run.ofData()) {
        folder.requireSameText(session);
      }
      Evaluation evaluation = new Evaluation(session);
      double loss = evaluation.validationLoss();
      evaluation.requireFinite("validation", loss, checkpoint.step());
      Console console = new Console();
      RunConfig.Token token = session.config().data().token();
      console.line("%s, step %d: validation loss %.6f nats per %s (%.6f bits) over %,d %s of %s",
          checkpoint.folder(), checkpoint.step(), loss, token.word(), loss / Math.log(2),
          session.split().validation().length - 1, token.words(), session.corpus().source());
    }
    return 0;
  }
}

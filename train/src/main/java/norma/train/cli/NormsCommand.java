package norma.train.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import norma.kernels.Backend;
import norma.nn.NormSpec;
import norma.nn.NormTypes;
import norma.train.config.Assignment;
import norma.train.config.ConfigReader;
import norma.train.config.RunConfig;
import norma.train.files.WholeFile;
import norma.train.norms.NormList;
import norma.train.norms.NormReport;
import norma.train.run.Backends;
import norma.train.run.RunException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `norma norms`.
@Command(name = "norms", mixinStandardHelpOptions = true, description = "Lists all normalization types, or says what there is to say of one, or of a formula.", customSynopsis = "norma norms [NAME | FORMULA [key=value ...]] [--out FILE]", footer = {
    "",
    "Of a formula: its gradient, checked; whether it is odd and bounded; the digits that it keeps in float32; its speed beside LayerNorm; a "
        + "picture of its curve, NAME.svg or formula.svg.",
    "Examples:", "  norma norms dyisru beta=2",
    "  norma norms \"weight * x / (1 + abs(alpha * x))\" alpha=0.5",
    "  norma norms \"weight * a * tanh(x)\" \"a={start: 1, per: channel}\"" })
final class NormsCommand implements Callable<Integer> {
  @ParentCommand
  private Main main;

  @Parameters(index = "0", paramLabel = "NAME | FORMULA", arity = "0..1", description = "A type, or a formula as a slot's y.")
  private @Nullable String norm;

  @Parameters(index = "1..*", paramLabel = "key=value", arity = "0..*", description = "Settings of the type; starts of the formula's numbers.")
  private List<String> settings = new ArrayList<>();

  @Mixin
  private PageOption page = new PageOption();

  @Override
  public Integer call() throws IOException {
    Console console = new Console();
    if (norm == null) {
      NormList.lines().forEach(console::text);
      return 0;
    }
    NormSpec spec = new ConfigReader(NormTypes.all()).norm(norm, Assignment.parse(settings));
    NormReport report = new NormReport(spec);
    Optional<Path> picture = page.place(Path.of(spec.isFormula() ? "formula.svg" : spec.type() + ".svg"), console);
    report.known().forEach(console::text);
    measure(report, console);
    if (picture.isPresent()) {
      WholeFile.write(picture.get(), report.svg());
      console.line("picture     %s", picture.get());
    }
    return 0;
  }

  private void measure(NormReport report, Console console) {
    try (Backend backend = Backends.choose(RunConfig.DEFAULT.runtime(), main.debug()).backend()) {
      report.measured(backend).forEach(console::text);
    } catch (RunException e) { // no backend works here: what follows from the formula alone is worth having
      console.warn("nothing is measured: " + e.getMessage());
    }
  }
}

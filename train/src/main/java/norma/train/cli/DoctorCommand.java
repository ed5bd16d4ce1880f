package norma.train.cli;

import java.util.concurrent.Callable;
import norma.kernels.Backend;
import norma.nn.NormType;
import norma.nn.NormTypes;
import norma.train.config.RunConfig;
import norma.train.run.Backends;
import norma.train.run.Environment;
import norma.train.run.Machine;
import picocli.CommandLine.Command;

/// `norma doctor`.
@Command(name = "doctor", mixinStandardHelpOptions = true, description = "Shows what a run on this machine uses, why, and what would be faster.")
final class DoctorCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    Console console = new Console();
    console.line("%s", console.bold("norma " + Environment.version() + " (" + Environment.commit() + ")"));
    console.line("JDK      %s", Environment.jdk().strip());
    console.line("         in %s", System.getProperty("java.home"));
    console.line("start    %s", Machine.classCache());
    console.line("CPU      %s, %d cores", Machine.cpu(), Runtime.getRuntime().availableProcessors());
    console.line("memory   %s", Machine.memory());
    console.line("vectors  %s", Machine.vectors());
    Backends chosen = Backends.choose(RunConfig.DEFAULT.runtime(), false);
    try (Backend backend = chosen.backend()) {
      console.line("backend  %s", backend.description());
      console.line("         %s", chosen.reason());
      console.line("native   %s", Machine.nativeBuild());
      console.line("product  %.0f GFLOP/s%s (float32, 768 x 128 x 384, median of %d)",
          Machine.productGigaflops(backend),
          backend.workers() > 1 ? " a thread" : "", Machine.REPEATS);
      console.line("copy     %.1f GB/s (64 MB, read and write counted, median of %d)", Machine.copyGigabytes(),
          Machine.REPEATS);
    }
    console.line("norms    %s", String.join(", ", NormTypes.all().stream().map(NormType::name).toList()));
    for (String advice : Machine.advice()) {
      console.line("advice   %s", advice);
    }
    return 0;
  }
}
